#include "tests/integration/kubectl_fixture.h"

#include <fmt/core.h>

namespace slipway::integration {

const std::string_view kWidgetCrd = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, listKind: WidgetList, plural: widgets, singular: widget, shortNames: [wd], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Phase, type: string, jsonPath: .status.phase}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1, maximum: 100}
              color: {type: string, enum: [red, blue], default: red}
          status:
            type: object
            properties:
              phase: {type: string}
              conditions:
                type: array
                items: {type: object, x-kubernetes-preserve-unknown-fields: true}
)";

std::string widget(std::string_view name, int size) {
  return fmt::format("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: {}}}\nspec: {{size: {}}}\n", name,
                     size);
}

void KubectlTest::SetUp() {
  const std::string built = std::string(SLIPWAY_SOURCE_FOLDER) + "/build/real/bin/kubectl";
  program = GetParam() == "installed" ? find_kubectl() : std::filesystem::exists(built) ? built : "";
  if (program.empty())
    GTEST_SKIP() << (GetParam() == "installed" ? "there is no kubectl on PATH (or in KUBECTL)"
                                               : "there is no " + built + " (make real builds it)");
  std::vector<std::string> crds = more_crds();
  crds.emplace_back(kWidgetCrd);
  door = std::make_unique<ApiDoor>(crds);
}

std::string KubectlTest::run(std::vector<std::string> arguments, const std::string& input) {
  const auto result = door->kubectl(program, std::move(arguments), input);
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  return result.standard_output;
}

std::string KubectlTest::fail(std::vector<std::string> arguments, const std::string& input) {
  const auto result = door->kubectl(program, std::move(arguments), input);
  EXPECT_NE(result.exit_code, 0) << result.standard_output;
  return result.standard_error;
}

}  // namespace slipway::integration
