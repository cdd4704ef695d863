// Server-side apply as an administrator uses it: the real kubectl against the API door.
#include <fmt/core.h>
#include <gmock/gmock.h>

#include "data/json_text.h"
#include "tests/integration/kubectl_fixture.h"

namespace slipway::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class KubectlApply : public KubectlTest {
 protected:
  // "kubectl Apply, kubectl-patch Update"
  std::string managers(const std::string& object) {
    const auto found = data::parse_json(run({"get", object, "-o", "json", "--show-managed-fields"}));
    std::string out;
    if (!found) return out;
    for (const data::Json& entry : (*found)["metadata"]["managedFields"].items())
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", entry.text({"manager"}), entry.text({"operation"}));
    return out;
  }
  const std::vector<std::string> apply = {"apply", "--server-side", "-f", "-"};
  static std::vector<std::string> with(std::vector<std::string> arguments, std::string more) {
    arguments.push_back(std::move(more));
    return arguments;
  }
};
SLIPWAY_WITH_EVERY_KUBECTL(KubectlApply);

TEST_P(KubectlApply, ConflictAndForce) {
  EXPECT_EQ(run(apply, widget("a", 3)), "widget.example.com/a serverside-applied\n");
  EXPECT_EQ(managers("wd/a"), "kubectl Apply");
  const std::string version = run({"get", "wd", "a", "-o", "jsonpath={.metadata.resourceVersion}"});
  EXPECT_EQ(run(apply, widget("a", 3)), "widget.example.com/a serverside-applied\n");
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.metadata.resourceVersion}"}), version);

  run({"patch", "wd", "a", "--type=merge", "-p", R"({"spec":{"size":7}})"});
  EXPECT_THAT(fail(apply, widget("a", 3)),
              AllOf(HasSubstr("Apply failed with 1 conflict: conflict with \"kubectl-patch\" using example.com/v1: "
                              ".spec.size"),
                    HasSubstr("--force-conflicts")));
  EXPECT_EQ(run(with(apply, "--dry-run=server"), widget("b", 3)),
            "widget.example.com/b serverside-applied (server dry run)\n");
  EXPECT_THAT(fail({"get", "wd", "b"}), HasSubstr("NotFound"));
  run(with(apply, "--force-conflicts"), widget("a", 3));
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.spec.size}"}), "3");
  EXPECT_EQ(managers("wd/a"), "kubectl Apply");
}

TEST_P(KubectlApply, Diff) {
  run(apply, widget("a", 3));
  EXPECT_EQ(run({"diff", "--server-side", "-f", "-"}, widget("a", 3)), "");
  // Differences are an exit code and go to the standard output; nothing is written.
  EXPECT_EQ(fail({"diff", "--server-side", "-f", "-"}, widget("a", 4)), "");
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.spec.size}"}), "3");
}

TEST_P(KubectlApply, TakesOverFromClientSideApply) {
  const std::string map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: default}\ndata: ";
  run({"apply", "-f", "-"}, map + "{a: '1', b: '2'}\n");
  EXPECT_EQ(managers("cm/c"), "kubectl-client-side-apply Update");
  EXPECT_EQ(run(apply, map + "{a: '3', b: '2'}\n"), "configmap/c serverside-applied\n");
  EXPECT_EQ(run({"get", "cm", "c", "-o", "jsonpath={.data}"}), R"({"a":"3","b":"2"})");
  // What client-side apply had set is server-side apply's now: it goes when the configuration drops it.
  EXPECT_EQ(run(apply, map + "{a: '3'}\n"), "configmap/c serverside-applied\n");
  EXPECT_EQ(run({"get", "cm", "c", "-o", "jsonpath={.data}"}), R"({"a":"3"})");
  // The second one is kubectl's own, for the annotation that it keeps up to date.
  EXPECT_EQ(managers("cm/c"), "kubectl-last-applied Apply, kubectl Apply");
}

TEST_P(KubectlApply, SeveralManagersShareAnObject) {
  const auto config = [](std::string_view labels) {
    return fmt::format("apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: default, labels: {}}}\n", labels);
  };
  run(with(apply, "--field-manager=left"), config("{a: '1'}"));
  run(with(apply, "--field-manager=right"), config("{b: '2'}"));
  EXPECT_EQ(run({"get", "secret", "s", "-o", "jsonpath={.metadata.labels}"}), R"({"a":"1","b":"2"})");
  run(with(apply, "--field-manager=left"), config("{}"));
  EXPECT_EQ(run({"get", "secret", "s", "-o", "jsonpath={.metadata.labels}"}), R"({"b":"2"})");
  EXPECT_THAT(fail(with(apply, "--field-manager=left"), config("{}") + "colour: red\n"),
              HasSubstr(".colour: field not declared in schema"));
  EXPECT_THAT(run({"get", "secret", "s", "-o", "yaml"}), Not(HasSubstr("managedFields")));
}

}  // namespace
}  // namespace slipway::integration
