// Current kubectl against the API door: what an administrator types must work unmodified.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <thread>

#include "data/json_text.h"
#include "data/yaml.h"
#include "tests/integration/kubectl_fixture.h"

namespace slipway::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class Kubectl : public KubectlTest {};
SLIPWAY_WITH_EVERY_KUBECTL(Kubectl);

TEST_P(Kubectl, VersionAndDiscovery) {
  EXPECT_THAT(run({"version"}), HasSubstr("Server Version: v1.36"));
  const std::string resources = run({"api-resources"});
  EXPECT_THAT(resources, HasSubstr("widgets"));
  EXPECT_THAT(resources, MatchesRegex("(.|\n)*widgets +wd +example.com/v1 +true +Widget\n(.|\n)*"));
  EXPECT_THAT(resources, MatchesRegex("(.|\n)*namespaces +ns +v1 +false +Namespace\n(.|\n)*"));
  EXPECT_THAT(run({"api-versions"}), AllOf(HasSubstr("coordination.k8s.io/v1\n"), HasSubstr("example.com/v1\n")));
  EXPECT_EQ(run({"get", "--raw", "/readyz"}), "ok");
}

TEST_P(Kubectl, CreateGetPatchDelete) {
  EXPECT_EQ(run({"create", "-f", "-"}, widget("a", 3)), "widget.example.com/a created\n");
  EXPECT_THAT(fail({"create", "-f", "-"}, widget("a", 3)), HasSubstr("(AlreadyExists)"));
  EXPECT_THAT(run({"get", "wd"}), MatchesRegex("NAME +SIZE +PHASE +READY +AGE\na +3 +[0-9]+s\n"));
  EXPECT_THAT(run({"get", "widget", "a", "-o", "yaml"}), AllOf(HasSubstr("color: red"), HasSubstr("generation: 1")));
  EXPECT_EQ(data::parse_json(run({"get", "widgets", "-o", "json"}))->text({"kind"}), "List");
  EXPECT_THAT(run({"get", "all"}), MatchesRegex("NAME +SIZE.*\na +3(.|\n)*"));

  run({"patch", "widget", "a", "--type=merge", "-p", R"({"spec":{"size":7}})"});
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.spec.size}"}), "7");
  run({"patch", "widget", "a", "--type=json", "-p", R"([{"op":"replace","path":"/spec/size","value":8}])"});
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.spec.size} {.metadata.generation}"}), "8 3");
  run({"patch", "widget", "a", "--subresource=status", "--type=merge", "-p", R"({"status":{"phase":"Running"}})"});
  EXPECT_THAT(run({"get", "wd", "a"}), HasSubstr("Running"));
  run({"label", "wd", "a", "tier=front"});
  EXPECT_THAT(run({"get", "wd", "-l", "tier=front", "--no-headers"}), HasSubstr("a "));
  EXPECT_EQ(run({"get", "wd", "-l", "tier=back", "-o", "name"}), "");
  run({"annotate", "wd", "a", "note=x"});
  EXPECT_EQ(run({"get", "wd", "--field-selector", "metadata.name=a", "-o", "name"}), "widget.example.com/a\n");

  EXPECT_THAT(run({"delete", "wd", "a"}), HasSubstr("widget.example.com \"a\" deleted"));
  EXPECT_THAT(fail({"get", "wd", "a"}), HasSubstr("Error from server (NotFound): widgets.example.com \"a\" not found"));
}

TEST_P(Kubectl, ApplyClientSide) {
  EXPECT_EQ(run({"apply", "-f", "-"}, widget("a", 3)), "widget.example.com/a created\n");
  EXPECT_EQ(run({"apply", "-f", "-"}, widget("a", 3)), "widget.example.com/a unchanged\n");
  EXPECT_EQ(run({"apply", "-f", "-"}, widget("a", 4)), "widget.example.com/a configured\n");
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.spec.size}"}), "4");
  EXPECT_EQ(run({"apply", "--dry-run=server", "-f", "-"}, widget("a", 9)),
            "widget.example.com/a configured (server dry run)\n");
  EXPECT_EQ(run({"get", "wd", "a", "-o", "jsonpath={.spec.size}"}), "4");
  const std::string unknown = widget("a", 4) + "  colour: red\n";
  EXPECT_THAT(fail({"apply", "-f", "-"},
                   "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: b}\n"
                   "spec: {size: 1, colour: red}\n"),
              HasSubstr("unknown field \"spec.colour\""));
}

TEST_P(Kubectl, BuiltInKinds) {
  EXPECT_EQ(run({"create", "namespace", "site"}), "namespace/site created\n");
  EXPECT_THAT(run({"get", "ns"}), MatchesRegex("NAME +STATUS +AGE\n(.|\n)*site +Active +[0-9]+s\n"));
  run({"create", "secret", "generic", "s", "-n", "site", "--from-literal=a=1", "--from-literal=b=2"});
  EXPECT_THAT(run({"get", "secrets", "-n", "site"}), MatchesRegex("NAME +TYPE +DATA +AGE\ns +Opaque +2 +[0-9]+s\n"));
  run({"create", "configmap", "c", "-n", "site", "--from-literal=a=1"});
  EXPECT_THAT(run({"get", "cm", "-n", "site"}), MatchesRegex("NAME +DATA +AGE\nc +1 +[0-9]+s\n"));
  const std::string map =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied, namespace: site}\ndata: {a: '1'}\n";
  EXPECT_EQ(run({"apply", "-f", "-"}, map), "configmap/applied created\n");
  EXPECT_EQ(run({"apply", "-f", "-"}, map + "# same\n"), "configmap/applied unchanged\n");
  std::string changed = map;
  changed.replace(changed.find("{a: '1'}"), 8, "{b: '2'}");
  EXPECT_EQ(run({"apply", "-f", "-"}, changed), "configmap/applied configured\n");
  EXPECT_EQ(run({"get", "cm", "applied", "-n", "site", "-o", "jsonpath={.data}"}), R"({"b":"2"})");
  run({"patch", "cm", "applied", "-n", "site", "-p", R"({"data":{"c":"3"}})"});
  EXPECT_EQ(run({"get", "cm", "applied", "-n", "site", "-o", "jsonpath={.data}"}), R"({"b":"2","c":"3"})");
  EXPECT_EQ(run({"get", "cm,secrets", "-A", "-o", "name"}), "configmap/applied\nconfigmap/c\nsecret/s\n");
}

TEST_P(Kubectl, Describe) {
  run({"create", "-f", "-"}, widget("a", 3));
  const std::string uid = run({"get", "wd", "a", "-o", "jsonpath={.metadata.uid}"});
  std::string event = R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"e1","namespace":"default"},
    "involvedObject":{"apiVersion":"example.com/v1","kind":"Widget","namespace":"default","name":"a","uid":"UID"},
    "reason":"Painted","message":"it is red now","type":"Normal","count":1,"source":{"component":"painter"},
    "firstTimestamp":"2026-01-02T03:04:05Z","lastTimestamp":"2026-01-02T03:04:05Z"})";
  event.replace(event.find("UID"), 3, uid);
  run({"create", "-f", "-"}, event);
  const std::string text = run({"describe", "wd", "a"});
  EXPECT_THAT(text, AllOf(HasSubstr("Kind:         Widget"), HasSubstr("Size:   3"), HasSubstr("it is red now")));
  EXPECT_THAT(run({"get", "events"}), HasSubstr("widget/a"));
  run({"create", "secret", "generic", "s", "--from-literal=a=1"});
  EXPECT_THAT(run({"describe", "secret", "s"}), HasSubstr("a:  1 bytes"));
  EXPECT_THAT(run({"describe", "ns", "default"}), HasSubstr("Status:       Active"));
}

TEST_P(Kubectl, WaitForAConditionAndForDeletion) {
  run({"create", "-f", "-"}, widget("a", 3));
  const auto status = [&](const char* value) {
    return fmt::format(R"({{"status":{{"conditions":[{{"type":"Ready","status":"{}"}}]}}}})", value);
  };
  run({"patch", "wd", "a", "--subresource=status", "--type=merge", "-p", status("False")});
  EXPECT_THAT(fail({"wait", "wd/a", "--for=condition=Ready", "--timeout=1s"}), HasSubstr("timed out waiting"));
  std::jthread later([&] { run({"patch", "wd", "a", "--subresource=status", "--type=merge", "-p", status("True")}); });
  EXPECT_EQ(run({"wait", "wd/a", "--for=condition=Ready", "--timeout=30s"}), "widget.example.com/a condition met\n");
  later.join();
  std::jthread remover([&] { run({"delete", "wd", "a"}); });
  run({"wait", "wd/a", "--for=delete", "--timeout=30s"});
  remover.join();
  EXPECT_EQ(run({"get", "wd", "-o", "name"}), "");
}

TEST_P(Kubectl, GetWatchPrintsRows) {
  run({"create", "-f", "-"}, widget("a", 3));
  std::jthread writer([&] {
    run({"wait", "wd/a", "--for=jsonpath={.spec.size}=3", "--timeout=10s"});
    run({"patch", "wd", "a", "--type=merge", "-p", R"({"spec":{"size":55}})"});
    run({"create", "-f", "-"}, widget("b", 66));
  });
  const std::string rows = door->kubectl_until("b +66.*\n", program, {"get", "wd", "-w"});
  EXPECT_THAT(rows, MatchesRegex("NAME +SIZE +PHASE +READY +AGE\na +3 +[0-9]+s\na +55 +[0-9]+s\nb +66 +[0-9]+s\n"));
}

TEST_P(Kubectl, ErrorsAreThoseOfKubernetes) {
  EXPECT_THAT(fail({"create", "-f", "-"}, widget("a", 300)),
              HasSubstr("The Widget \"a\" is invalid: spec.size: Invalid value: 300: spec.size in body should be less "
                        "than or equal to 100"));
  EXPECT_THAT(fail({"get", "nosuchthings"}), HasSubstr("the server doesn't have a resource type \"nosuchthings\""));
  EXPECT_THAT(fail({"create", "-n", "nowhere", "-f", "-"}, widget("a", 3)),
              HasSubstr("namespaces \"nowhere\" not found"));
  EXPECT_THAT(fail({"get", "ns", "--token=wrong", "--kubeconfig", door->kubeconfig("nobody", "")}),
              HasSubstr("You must be logged in to the server (Unauthorized)"));
  EXPECT_THAT(
      fail({"get", "--raw", "/api/v1/namespaces", "--kubeconfig", door->kubeconfig("host", "slipway:hosts")}),
      HasSubstr("namespaces is forbidden: User \"host\" cannot list resource \"namespaces\" in API group \"\" at "
                "the cluster scope"));
}

TEST_P(Kubectl, ManyAtOnce) {
  const std::string both = widget("a", 1) + "---\n" + widget("b", 2);
  EXPECT_EQ(run({"apply", "-f", "-"}, both), "widget.example.com/a created\nwidget.example.com/b created\n");
  EXPECT_EQ(run({"replace", "-f", "-"}, widget("b", 3)), "widget.example.com/b replaced\n");
  EXPECT_THAT(run({"get", "wd", "-o", "wide", "--sort-by=.spec.size"}), MatchesRegex("NAME.*\na +1 .*\nb +3 .*\n"));
  EXPECT_THAT(run({"get", "wd", "-A"}), MatchesRegex("NAMESPACE +NAME +SIZE.*\ndefault +a +1 .*\ndefault +b +3 .*\n"));
  EXPECT_EQ(run({"get", "wd", "-o", "custom-columns=N:.metadata.name", "--no-headers"}), "a\nb\n");
  EXPECT_THAT(run({"delete", "wd", "--all"}), AllOf(HasSubstr("\"a\" deleted"), HasSubstr("\"b\" deleted")));
  EXPECT_EQ(run({"get", "wd", "-o", "name"}), "");
}

TEST_P(Kubectl, ListsInChunks) {
  for (int i = 0; i < 7; ++i) run({"create", "-f", "-"}, widget(fmt::format("w{}", i), 1 + i));
  const std::string names = run({"get", "wd", "--chunk-size=3", "-o", "name"});
  EXPECT_EQ(std::count(names.begin(), names.end(), '\n'), 7);
}

}  // namespace
}  // namespace slipway::integration
