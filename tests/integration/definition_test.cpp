// CustomResourceDefinitions through the API door with a real kubectl.
#include <filesystem>
#include <fmt/core.h>
#include <gmock/gmock.h>

#include "base/files.h"
#include "base/subprocess.h"
#include "data/json_text.h"
#include "registry/garbage_collector.h"
#include "tests/integration/kubectl_fixture.h"

namespace slipway::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

std::string gizmo_crd(std::string_view properties) {
  return fmt::format(R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: gizmos.example.com}}
spec:
  group: example.com
  scope: Namespaced
  names: {{kind: Gizmo, plural: gizmos, shortNames: [gz]}}
  versions:
  - name: v1
    served: true
    storage: true
    selectableFields: [{{jsonPath: .spec.color}}]
    additionalPrinterColumns: [{{name: Color, type: string, jsonPath: .spec.color}}]
    schema:
      openAPIV3Schema:
        type: object
        description: A gizmo.
        properties:
          spec:
            type: object
            properties: {{{}}}
)",
                     properties);
}

std::string gizmo(std::string_view name, std::string_view spec) {
  // A brace at the beginning would be JSON to kubectl 1.32.
  return fmt::format("apiVersion: example.com/v1\nkind: Gizmo\nmetadata: {{name: {}}}\nspec: {}\n", name, spec);
}

class DefinitionKubectl : public KubectlTest {
 protected:
  void SetUp() override {
    KubectlTest::SetUp();
    if (door == nullptr) return;
    garbage_collector = std::make_unique<registry::GarbageCollector>(*door->registry);
    garbage_collector->start();
  }
  void TearDown() override { garbage_collector.reset(); }
  std::unique_ptr<registry::GarbageCollector> garbage_collector;
};
SLIPWAY_WITH_EVERY_KUBECTL(DefinitionKubectl);

TEST_P(DefinitionKubectl, LivesThroughItsWholeLife) {
  const std::string first = gizmo_crd("color: {type: string, default: red}, old: {type: string}");
  // One request after the other: nothing has to be waited for.
  EXPECT_THAT(run({"create", "-f", "-"}, first), HasSubstr("gizmos.example.com created"));
  EXPECT_EQ(run({"create", "-f", "-"}, gizmo("a", "{old: x}")), "gizmo.example.com/a created\n");
  run({"create", "-f", "-"}, gizmo("b", "{color: blue}"));
  EXPECT_THAT(run({"get", "gz"}), MatchesRegex("NAME +COLOR\na +red\nb +blue\n"));
  EXPECT_EQ(run({"get", "gz", "--field-selector", "spec.color=blue", "-o", "name"}), "gizmo.example.com/b\n");
  EXPECT_THAT(run({"explain", "gizmo"}), HasSubstr("A gizmo."));
  EXPECT_THAT(run({"wait", "crd/gizmos.example.com", "--for=condition=Established", "--timeout=5s"}),
              HasSubstr("condition met"));

  EXPECT_THAT(run({"apply", "--server-side", "--force-conflicts", "-f", "-"},
                  gizmo_crd("color: {type: string, default: red}, size: {type: integer, default: 3}")),
              HasSubstr("serverside-applied"));
  EXPECT_EQ(run({"get", "gz", "a", "-o", "jsonpath={.spec}"}), R"({"color":"red","size":3})");
  EXPECT_THAT(fail({"create", "-f", "-"}, gizmo("c", "{size: big}")),
              HasSubstr("spec.size: Invalid value: \"string\": spec.size in body must be of type integer"));

  EXPECT_THAT(run({"delete", "crd", "gizmos.example.com", "--timeout=20s"}), HasSubstr("deleted"));
  EXPECT_THAT(fail({"get", "--raw", "/apis/example.com/v1/namespaces/default/gizmos"}), HasSubstr("NotFound"));
  EXPECT_THAT(run({"api-resources"}), Not(HasSubstr("gizmos")));
}

TEST_P(DefinitionKubectl, WrongOnesAreRefusedInTheWordsOfKubeApiserver) {
  EXPECT_THAT(
      fail({"create", "-f", "-"}, gizmo_crd("color: {type: text}")),
      AllOf(HasSubstr("The CustomResourceDefinition \"gizmos.example.com\" is invalid"),
            HasSubstr("spec.validation.openAPIV3Schema.properties[spec].properties[color].type: Unsupported value: "
                      "\"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", "
                      "\"string\"")));
  EXPECT_THAT(fail({"get", "crd", "gizmos.example.com"}), HasSubstr("(NotFound)"));
}

TEST_P(DefinitionKubectl, TheDefinitionsOfClusterApiAreTakenAsTheyAre) {
  base::ProcessOptions go;
  go.argv = {"go", "mod", "download", "-json", "sigs.k8s.io/cluster-api@v1.14.2"};
  const auto module = base::run_process(go);
  const auto answer = module ? data::parse_json(module->standard_output) : base::Result<data::Json>(data::Json());
  const std::filesystem::path folder = answer ? answer->text({"Dir"}) : "";
  if (folder.empty()) GTEST_SKIP() << "the Go module sigs.k8s.io/cluster-api cannot be had here";
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (path.find("/config/crd/bases/") == path.npos || path.find("/test/") != path.npos) continue;
    const bool server_side = ++count % 2 == 0;
    const std::vector<std::string> arguments = server_side
                                                   ? std::vector<std::string>{"apply", "--server-side", "-f", path}
                                                   : std::vector<std::string>{"create", "-f", path};
    EXPECT_THAT(run(arguments), HasSubstr("customresourcedefinition.apiextensions.k8s.io/")) << path;
  }
  EXPECT_EQ(count, 19);
  EXPECT_EQ(run({"get", "clusters.cluster.x-k8s.io,machines.cluster.x-k8s.io", "-A", "-o", "name"}), "");
  EXPECT_THAT(run({"explain", "clusters.cluster.x-k8s.io.spec.topology.classRef"}), HasSubstr("FIELDS"));
}

}  // namespace
}  // namespace slipway::integration
