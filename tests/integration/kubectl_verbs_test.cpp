// What else an administrator types: scale, edit, diff, forms of output, watches, deletion with dependents.
#include <fmt/core.h>
#include <thread>

#include "base/files.h"
#include "data/json_text.h"
#include "registry/garbage_collector.h"
#include "tests/integration/kubectl_fixture.h"

namespace slipway::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr std::string_view kTeamCrd = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: teams.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Team, listKind: TeamList, plural: teams, singular: team}
  versions:
  - name: v2
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.members, statusReplicasPath: .status.members}}
    schema: &schema
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {members: {type: integer}}}
          status: {type: object, properties: {members: {type: integer}}}
  - name: v1
    served: true
    storage: false
    deprecated: true
    schema: *schema
)";

class KubectlVerbs : public KubectlTest {
 protected:
  std::vector<std::string> more_crds() const override { return {std::string(kTeamCrd)}; }

  // A program in the door's folder.
  std::string script(const std::string& name, const std::string& text) {
    const auto path = door->folder() / name;
    EXPECT_TRUE(base::write_file_atomically(path, "#!/bin/sh\n" + text, 0700));
    return path;
  }
};
SLIPWAY_WITH_EVERY_KUBECTL(KubectlVerbs);

TEST_P(KubectlVerbs, Scale) {
  run({"create", "-f", "-"}, "apiVersion: example.com/v2\nkind: Team\nmetadata: {name: a}\nspec: {members: 2}\n");
  EXPECT_EQ(run({"scale", "team/a", "--replicas=5"}), "team.example.com/a scaled\n");
  EXPECT_EQ(run({"get", "team", "a", "-o", "jsonpath={.spec.members}"}), "5");
  EXPECT_THAT(fail({"scale", "team/a", "--current-replicas=4", "--replicas=6"}),
              HasSubstr("Expected replicas to be 4, was 5"));
  EXPECT_THAT(run({"get", "team", "a", "--subresource=scale", "-o", "yaml"}),
              AllOf(HasSubstr("kind: Scale"), HasSubstr("replicas: 5")));
  EXPECT_THAT(fail({"scale", "cm/a", "--replicas=1"}), Not(testing::IsEmpty()));
}

TEST_P(KubectlVerbs, DeprecatedVersionsAreWarnedAbout) {
  run({"create", "-f", "-"}, "apiVersion: example.com/v2\nkind: Team\nmetadata: {name: a}\nspec: {members: 2}\n");
  const auto shown = door->kubectl(program, {"get", "teams.v1.example.com"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.standard_error, HasSubstr("Warning: example.com/v1 Team is deprecated; use example.com/v2 Team"));
  EXPECT_THAT(fail({"get", "teams.v1.example.com", "--warnings-as-errors"}), HasSubstr("1 warning received"));
}

TEST_P(KubectlVerbs, FormsOfOutput) {
  run({"create", "-f", "-"}, widget("a", 3));
  run({"create", "-f", "-"}, widget("b", 4));
  EXPECT_THAT(run({"get", "wd", "-o", "wide"}), MatchesRegex("NAME +SIZE +PHASE +READY +AGE\na +3 .*\nb +4 .*\n"));
  EXPECT_THAT(run({"get", "wd", "a", "-o", "yaml"}), AllOf(HasSubstr("kind: Widget"), HasSubstr("size: 3")));
  EXPECT_EQ(run({"get", "wd", "-o", "jsonpath={.items[*].spec.size}"}), "3 4");
  EXPECT_EQ(run({"get", "wd", "-o", "custom-columns=NAME:.metadata.name,SIZE:.spec.size"}),
            "NAME   SIZE\na      3\nb      4\n");
  EXPECT_EQ(run({"get", "wd", "-o", "name"}), "widget.example.com/a\nwidget.example.com/b\n");
  EXPECT_EQ(run({"get", "wd", "-o", "go-template={{range .items}}{{.metadata.name}} {{end}}"}), "a b ");
  EXPECT_THAT(run({"get", "wd", "--show-labels", "--label-columns=tier"}), HasSubstr("<none>"));
  const auto raw = data::parse_json(run({"get", "--raw", "/apis/example.com/v1/namespaces/default/widgets?limit=1"}));
  ASSERT_TRUE(raw);
  EXPECT_EQ((*raw)["items"].size(), 1u);
  EXPECT_EQ(raw->get({"metadata", "remainingItemCount"}), data::Json(1));
}

TEST_P(KubectlVerbs, PatchLabelAnnotate) {
  run({"create", "-f", "-"}, widget("a", 3));
  run({"create", "configmap", "c", "--from-literal=a=1"});
  run({"patch", "wd", "a", "--type=merge", "-p", R"({"spec":{"size":7}})"});
  run({"patch", "wd", "a", "--type=json", "-p",
       R"([{"op":"test","path":"/spec/size","value":7},{"op":"add","path":"/metadata/labels","value":{"x":"y"}}])"});
  run({"patch", "cm", "c", "--type=strategic", "-p", R"({"metadata":{"finalizers":["example.com/one"]}})"});
  run({"patch", "cm", "c", "--type=strategic", "-p", R"({"metadata":{"finalizers":["example.com/two"]}})"});
  EXPECT_EQ(run({"get", "cm", "c", "-o", "jsonpath={.metadata.finalizers}"}),
            R"(["example.com/one","example.com/two"])");
  // kubectl 1.32 says labeled, 1.36 modified.
  EXPECT_THAT(run({"label", "wd", "a", "tier=front", "x-"}), MatchesRegex("widget.example.com/a (labeled|modified)\n"));
  EXPECT_THAT(fail({"label", "wd", "a", "tier=back"}),
              HasSubstr("already has a value (front), and --overwrite is false"));
  run({"label", "--overwrite", "wd", "a", "tier=back"});
  run({"annotate", "wd", "a", "note=hello"});
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.metadata.labels} {.metadata.annotations.note}"}),
            R"({"tier":"back"} hello)");
  EXPECT_THAT(fail({"patch", "wd", "a", "--type=strategic", "-p", "{}"}),
              HasSubstr("is not supported by example.com/v1, Kind=Widget"));
}

TEST_P(KubectlVerbs, StrictValidationNamesEveryField) {
  const std::string wrong =
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {size: 1, colour: red, shape: round}\n";
  EXPECT_THAT(fail({"create", "--validate=strict", "-f", "-"}, wrong),
              HasSubstr("strict decoding error: unknown field \"spec.colour\", unknown field \"spec.shape\""));
  const auto warned = door->kubectl(program, {"create", "--validate=warn", "-f", "-"}, wrong);
  EXPECT_EQ(warned.exit_code, 0);
  EXPECT_THAT(warned.standard_error, AllOf(HasSubstr("Warning: unknown field \"spec.colour\""),
                                           HasSubstr("Warning: unknown field \"spec.shape\"")));
  EXPECT_THAT(fail({"create", "-f", "-"}, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndatum: {a: b}\n"),
              HasSubstr("unknown field \"datum\""));
}

TEST_P(KubectlVerbs, EditWithAnEditor) {
  run({"create", "-f", "-"}, widget("a", 3));
  const std::string editor = script("editor", "sed -i 's/size: 3/size: 44/' \"$1\"\n");
  const std::string kubectl = script("kubectl", fmt::format("EDITOR='{}' exec '{}' \"$@\"\n", editor, program));
  const auto edited = door->kubectl(kubectl, {"edit", "wd", "a"});
  EXPECT_EQ(edited.exit_code, 0) << edited.standard_error;
  EXPECT_EQ(edited.standard_output, "widget.example.com/a edited\n");
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.spec.size}"}), "44");
  run({"create", "configmap", "c", "--from-literal=size=3"});
  const std::string other = script("editor", "sed -i 's/size: .3./size: forty/' \"$1\"\n");
  EXPECT_EQ(door->kubectl(kubectl, {"edit", "cm", "c"}).exit_code, 0);
  EXPECT_EQ(run({"get", "cm", "c", "-o", "jsonpath={.data.size}"}), "forty");
}

TEST_P(KubectlVerbs, Diff) {
  run({"apply", "-f", "-"}, widget("a", 3));
  EXPECT_EQ(door->kubectl(program, {"diff", "-f", "-"}, widget("a", 3)).exit_code, 0);
  const auto changed = door->kubectl(program, {"diff", "-f", "-"}, widget("a", 5));
  EXPECT_EQ(changed.exit_code, 1) << changed.standard_error;
  EXPECT_THAT(changed.standard_output, AllOf(HasSubstr("-  size: 3"), HasSubstr("+  size: 5")));
}

TEST_P(KubectlVerbs, Wait) {
  run({"create", "-f", "-"}, widget("a", 3));
  std::jthread later([&] {
    run({"patch", "wd", "a", "--subresource=status", "--type=merge", "-p", R"({"status":{"phase":"Done"}})"});
  });
  EXPECT_THAT(run({"wait", "wd/a", "--for=jsonpath={.status.phase}=Done", "--timeout=30s"}),
              HasSubstr("condition met"));
  later.join();
  EXPECT_THAT(run({"wait", "wd", "--all", "--for=create", "--timeout=5s"}), HasSubstr("condition met"));
}

// Waits until a kubectl answers as expected; the garbage collector works beside it.
bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 100; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

TEST_P(KubectlVerbs, DeletionWithDependents) {
  registry::GarbageCollector collector(*door->registry);
  collector.start();
  const auto family = [&](const std::string& name) {
    run({"create", "configmap", name});
    const std::string uid = run({"get", "cm", name, "-o", "jsonpath={.metadata.uid}"});
    run({"create", "-f", "-"},
        fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {0}-child\n  ownerReferences:\n"
                    "  - {{apiVersion: v1, kind: ConfigMap, name: {0}, uid: {1}, blockOwnerDeletion: true}}\n",
                    name, uid));
  };
  const auto is_gone = [&](const std::string& name) {
    return run({"get", "cm", name, "--ignore-not-found", "-o", "name"}).empty();
  };
  family("background");
  run({"delete", "cm", "background", "--cascade=background"});
  EXPECT_TRUE(eventually([&] { return is_gone("background-child"); }));
  family("foreground");
  run({"delete", "cm", "foreground", "--cascade=foreground"});
  EXPECT_TRUE(is_gone("foreground-child"));
  EXPECT_TRUE(is_gone("foreground"));
  family("orphan");
  run({"delete", "cm", "orphan", "--cascade=orphan"});
  EXPECT_FALSE(is_gone("orphan-child"));
  EXPECT_TRUE(eventually(
      [&] { return run({"get", "cm", "orphan-child", "-o", "jsonpath={.metadata.ownerReferences}"}).empty(); }));
  collector.stop();
}

}  // namespace
}  // namespace slipway::integration
