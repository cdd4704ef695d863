#include "cluster/plan_topology.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "cluster/aggregate_conditions.h"
#include "data/json_text.h"
#include "data/yaml.h"

namespace slipway::cluster {
namespace {

using base::ErrorCode;

Json yaml(std::string_view text) {
  auto value = data::parse_yaml(text);
  EXPECT_TRUE(value.has_value()) << value.error().message();
  return value.value_or(Json());
}

class CountingRandom final : public base::Random {
 public:
  std::string bytes(std::size_t count) override { return std::string(count, static_cast<char>(++calls_)); }

 private:
  int calls_ = 0;
};

Json class_with(std::string_view patches) {
  return yaml(std::string(R"(
metadata: {name: k3s, namespace: p}
spec:
  infrastructure: {templateRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1, kind: IntelClusterTemplate, name: t}}
  controlPlane:
    metadata: {labels: {from: class, over: class}}
    templateRef: {apiVersion: controlplane.cluster.x-k8s.io/v1beta2, kind: KThreesControlPlaneTemplate, name: t}
    machineInfrastructure: {templateRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1, kind: IntelMachineTemplate, name: t}}
  variables:
  - {name: airGapped, required: true, schema: {openAPIV3Schema: {type: boolean, default: false}}}
  - {name: san, schema: {openAPIV3Schema: {type: string}}}
  patches:)") +
              std::string(patches));
}

ClassTemplates templates(std::string_view patches = " []") {
  return {.cluster_class = class_with(patches),
          .infrastructure_cluster = yaml(R"(
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: IntelClusterTemplate
metadata: {name: t, namespace: p}
spec: {template: {metadata: {labels: {kept: "yes"}}, spec: {}}}
)"),
          .control_plane = yaml(R"(
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: KThreesControlPlaneTemplate
metadata: {name: t, namespace: p}
spec: {template: {spec: {machineTemplate: {nodeDrainTimeout: 10s}, kthreesConfigSpec: {serverConfig: {tlsSan: [a]}, agentConfig: {}}}}}
)"),
          .machine_infrastructure = yaml(R"(
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: IntelMachineTemplate
metadata: {name: t, namespace: p}
spec: {template: {spec: {}}}
)")};
}

Json cluster() {
  return yaml(R"(
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: c1, namespace: p, uid: u-1, labels: {site: north}}
spec:
  clusterNetwork: {pods: {cidrBlocks: [10.1.0.0/16]}}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: IntelCluster, name: c1-infra}
  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: KThreesControlPlane, name: c1-cp}
  topology:
    classRef: {name: k3s}
    version: v1.36.3+k3s1
    controlPlane: {replicas: 1, metadata: {labels: {over: cluster}, annotations: {note: hello}}}
    variables:
    - {name: airGapped, value: true}
)");
}

std::string patch_of(std::string_view target_kind, std::string_view role, std::string_view operations,
                     std::string_view extra = "") {
  const bool control_plane = target_kind == "KThreesControlPlaneTemplate";
  return fmt::format(
      R"(
  - name: p1{}
    definitions:
    - selector:
        apiVersion: {}
        kind: {}
        matchResources: {{{}: true}}
      jsonPatches: {}
)",
      extra, control_plane ? "controlplane.cluster.x-k8s.io/v1beta2" : "infrastructure.cluster.x-k8s.io/v1alpha1",
      target_kind, role, operations);
}

TEST(PlanTopology, MakesTheThreeObjectsOfACluster) {
  const auto plan = plan_topology(cluster(), templates());
  ASSERT_TRUE(plan.has_value()) << plan.error().message();
  const Json& infrastructure = plan->infrastructure_cluster;
  EXPECT_EQ(infrastructure.text({"kind"}), "IntelCluster");
  EXPECT_EQ(meta::name(infrastructure), "c1-infra");
  EXPECT_EQ(meta::ns(infrastructure), "p");
  EXPECT_EQ(meta::label(infrastructure, "kept"), "yes");
  const Json& control_plane = plan->control_plane;
  EXPECT_EQ(control_plane.text({"kind"}), "KThreesControlPlane");
  EXPECT_EQ(control_plane.text({"spec", "version"}), "v1.36.3+k3s1");
  EXPECT_EQ(control_plane.get({"spec", "replicas"}), Json(1));
  EXPECT_EQ(
      control_plane.get({"spec", "machineTemplate", "metadata", "labels"}),
      yaml(R"({from: class, over: cluster, cluster.x-k8s.io/cluster-name: c1, topology.cluster.x-k8s.io/owned: ""})"));
  EXPECT_EQ(control_plane.text({"spec", "machineTemplate", "nodeDrainTimeout"}), "10s");
  ASSERT_TRUE(plan->machine_template.has_value());
  EXPECT_EQ(control_plane.get({"spec", "machineTemplate", "infrastructureRef"}),
            Json::object({{"apiVersion", "infrastructure.cluster.x-k8s.io/v1alpha1"},
                          {"kind", "IntelMachineTemplate"},
                          {"namespace", "p"},
                          {"name", meta::name(*plan->machine_template)}}));
  for (const Json* object : {&infrastructure, &control_plane, &*plan->machine_template}) {
    EXPECT_EQ(meta::label(*object, "cluster.x-k8s.io/cluster-name"), "c1");
    EXPECT_TRUE(object->get({"metadata", "labels"}).contains("topology.cluster.x-k8s.io/owned"));
    EXPECT_EQ(meta::annotation(*object, "cluster.x-k8s.io/cloned-from-name"), "t");
    ASSERT_NE(meta::controller_reference(*object), nullptr);
    EXPECT_EQ(meta::controller_reference(*object)->text({"uid"}), "u-1");
  }
  EXPECT_EQ(meta::annotation(control_plane, "cluster.x-k8s.io/cloned-from-groupkind"),
            "KThreesControlPlaneTemplate.controlplane.cluster.x-k8s.io");
}

TEST(PlanTopology, IsDeterministicAndRenamesTheMachineTemplateOnlyWithItsContent) {
  const auto first = plan_topology(cluster(), templates());
  const auto second = plan_topology(cluster(), templates());
  EXPECT_EQ(*first->machine_template, *second->machine_template);
  EXPECT_EQ(first->control_plane, second->control_plane);
  ClassTemplates changed = templates();
  changed.machine_infrastructure.at({"spec", "template", "spec"}).set("nodeGUID", "x");
  const auto third = plan_topology(cluster(), changed);
  EXPECT_NE(meta::name(*first->machine_template), meta::name(*third->machine_template));
  EXPECT_TRUE(meta::name(*third->machine_template).starts_with("c1-"));
}

TEST(PlanTopology, PatchesReachTheSelectedTemplate) {
  constexpr std::string_view kAirGapped = "/spec/template/spec/kthreesConfigSpec/agentConfig/airGapped";
  const struct {
    std::string operations;
    std::string_view extra;
    std::initializer_list<std::string_view> path;
    const char* value;  // JSON
  } cases[] = {
      {fmt::format("[{{op: add, path: {}, valueFrom: {{variable: airGapped}}}}]", kAirGapped),
       "",
       {"spec", "kthreesConfigSpec", "agentConfig", "airGapped"},
       "true"},
      {"[{op: add, path: /spec/template/spec/kthreesConfigSpec/serverConfig/tlsSan/-, valueFrom: {template: "
       "\"{{ .builtin.cluster.name }}.example\"}}]",
       "",
       {"spec", "kthreesConfigSpec", "serverConfig", "tlsSan"},
       R"(["a","c1.example"])"},
      {"[{op: add, path: /spec/template/spec/kthreesConfigSpec/serverConfig/clusterCidr, valueFrom: {variable: "
       "\"builtin.cluster.network.pods[0]\"}}]",
       "",
       {"spec", "kthreesConfigSpec", "serverConfig", "clusterCidr"},
       "\"10.1.0.0/16\""},
      {"[{op: add, path: /spec/template/spec/kthreesConfigSpec/agentConfig/nodeName, valueFrom: {variable: "
       "builtin.controlPlane.name}}]",
       "",
       {"spec", "kthreesConfigSpec", "agentConfig", "nodeName"},
       "\"c1-cp\""},
      {"[{op: remove, path: /spec/template/spec/kthreesConfigSpec/serverConfig/tlsSan}]",
       "",
       {"spec", "kthreesConfigSpec", "serverConfig"},
       "{}"},
      {fmt::format("[{{op: add, path: {}, value: true}}]", kAirGapped),
       "\n    enabledIf: \"{{ .airGapped }}\"",
       {"spec", "kthreesConfigSpec", "agentConfig"},
       R"({"airGapped":true})"},
      {fmt::format("[{{op: add, path: {}, value: true}}]", kAirGapped),
       "\n    enabledIf: \"{{ .san }}\"",
       {"spec", "kthreesConfigSpec", "agentConfig"},
       "{}"},
      // Protected: the topology decides.
      {"[{op: add, path: /spec/template/spec/version, value: v0.0.1}, {op: add, path: "
       "/spec/template/spec/machineTemplate/metadata, value: {labels: {sneaky: x}}}]",
       "",
       {"spec", "version"},
       "\"v1.36.3+k3s1\""},
      {"[{op: replace, path: /spec/template/spec/machineTemplate/nodeDrainTimeout, value: 99s}]",
       "",
       {"spec", "machineTemplate", "nodeDrainTimeout"},
       "\"10s\""},
  };
  for (const auto& test : cases) {
    const auto plan = plan_topology(
        cluster(), templates(patch_of("KThreesControlPlaneTemplate", "controlPlane", test.operations, test.extra)));
    ASSERT_TRUE(plan.has_value()) << test.operations << ": " << plan.error().message();
    EXPECT_EQ(data::to_json(plan->control_plane.get(test.path)), test.value) << test.operations;
    EXPECT_FALSE(plan->control_plane.get({"spec", "machineTemplate", "metadata", "labels"}).contains("sneaky"));
  }
}

TEST(PlanTopology, SelectorsMatchRoleKindAndVersion) {
  const std::string add = "[{op: add, path: /spec/template/spec/providerId, value: x}]";
  const auto selected =
      plan_topology(cluster(), templates(patch_of("IntelClusterTemplate", "infrastructureCluster", add)));
  EXPECT_EQ(selected->infrastructure_cluster.text({"spec", "providerId"}), "x");
  const auto wrong_role = plan_topology(cluster(), templates(patch_of("IntelClusterTemplate", "controlPlane", add)));
  EXPECT_EQ(wrong_role->infrastructure_cluster.text({"spec", "providerId"}), "");
  const auto machines =
      plan_topology(cluster(), templates(patch_of("IntelMachineTemplate", "controlPlane",
                                                  "[{op: add, path: /spec/template/spec/nodeGUID, value: g}]")));
  EXPECT_EQ(machines->machine_template->text({"spec", "template", "spec", "nodeGUID"}), "g");
}

TEST(PlanTopology, SaysWhichPatchIsWrong) {
  const struct {
    const char* operations;
    const char* message;
  } cases[] = {
      {"[{op: add, path: /spec/template/spec/x, valueFrom: {variable: nothing}}]",
       "patch \"p1\": KThreesControlPlaneTemplate t: /spec/template/spec/x: variable 'nothing' has no value ('nothing' "
       "is "
       "not set)"},
      {"[{op: add, path: /spec/template/spec/x, valueFrom: {template: \"{{ range .a }}\"}}]",
       "patch \"p1\": KThreesControlPlaneTemplate t: /spec/template/spec/x: template expression {{ range .a }} is not "
       "supported, only {{ .variable }} is"},
  };
  for (const auto& test : cases) {
    const auto plan =
        plan_topology(cluster(), templates(patch_of("KThreesControlPlaneTemplate", "controlPlane", test.operations)));
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().message(), test.message);
  }
  const auto missing_parent =
      plan_topology(cluster(), templates(patch_of("KThreesControlPlaneTemplate", "controlPlane",
                                                  "[{op: add, path: /spec/template/spec/no/such, value: 1}]")));
  ASSERT_FALSE(missing_parent.has_value());
  EXPECT_NE(missing_parent.error().message().find("/spec/template/spec/no/such"), std::string::npos);
}

TEST(PlanTopology, ReferencesAreNamedOnceAndKept) {
  CountingRandom random;
  Json fresh = cluster();
  fresh.at("spec").erase("infrastructureRef");
  fresh.at("spec").erase("controlPlaneRef");
  EXPECT_TRUE(plan_references(fresh, class_with(" []"), random).value());
  const Json named = fresh;
  EXPECT_TRUE(fresh.text({"spec", "infrastructureRef", "name"}).starts_with("c1-"));
  EXPECT_EQ(fresh.text({"spec", "infrastructureRef", "name"}).size(), 8u);
  EXPECT_EQ(fresh.text({"spec", "infrastructureRef", "kind"}), "IntelCluster");
  EXPECT_EQ(fresh.text({"spec", "controlPlaneRef", "apiGroup"}), "controlplane.cluster.x-k8s.io");
  EXPECT_FALSE(plan_references(fresh, class_with(" []"), random).value());
  EXPECT_EQ(fresh, named);

  Json long_name = cluster();
  long_name.at("spec").erase("infrastructureRef");
  long_name.at("metadata").set("name", std::string(63, 'x'));
  ASSERT_TRUE(plan_references(long_name, class_with(" []"), random).has_value());
  EXPECT_EQ(long_name.text({"spec", "infrastructureRef", "name"}).size(), 63u);
}

TEST(PlanTopology, ACustomNameTemplateIsUsedAndAForeignOneRefused) {
  CountingRandom random;
  Json cluster_class = class_with(" []");
  cluster_class.at({"spec", "infrastructure", "naming"}).set("template", "{{ .cluster.name }}-net");
  Json fresh = cluster();
  fresh.at("spec").erase("infrastructureRef");
  ASSERT_TRUE(plan_references(fresh, cluster_class, random).has_value());
  EXPECT_EQ(fresh.text({"spec", "infrastructureRef", "name"}), "c1-net");
  cluster_class.at({"spec", "infrastructure", "naming"}).set("template", "{{ .cluster.name | upper }}");
  fresh.at("spec").erase("infrastructureRef");
  const auto refused = plan_references(fresh, cluster_class, random);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnsupported);
}

TEST(MergeDesired, RemovesWhatIsNoLongerWantedAndKeepsWhatOthersWrote) {
  const auto before =
      plan_topology(cluster(), templates(patch_of("KThreesControlPlaneTemplate", "controlPlane",
                                                  "[{op: add, path: /spec/template/spec/"
                                                  "kthreesConfigSpec/agentConfig/airGapped, value: true}]")));
  Json stored = before->control_plane;
  stored.at({"spec", "kthreesConfigSpec", "serverConfig"}).set("defaulted", "by the provider");
  stored.at({"spec", "remediationStrategy"}).set("maxRetry", 3);
  const auto after = plan_topology(cluster(), templates());
  const Json merged = merge_desired(stored, after->control_plane);
  EXPECT_EQ(data::to_json(merged.get({"spec", "kthreesConfigSpec", "agentConfig"})), "{}");
  EXPECT_EQ(merged.text({"spec", "kthreesConfigSpec", "serverConfig", "defaulted"}), "by the provider");
  EXPECT_EQ(merged.get({"spec", "remediationStrategy", "maxRetry"}), Json(3));
  EXPECT_EQ(merge_desired(merged, after->control_plane), merged);
}

TEST(ValidatePatches, KeepsTheLimitsOfTheApi) {
  const struct {
    const char* operation;
    std::vector<std::string> fields;
  } cases[] = {
      {"{op: add, path: /spec/x, value: 1}", {}},
      {"{op: add, path: /metadata/labels/x, value: a}", {}},
      {"{op: remove, path: /spec/x}", {}},
      {"{op: add, path: /spec/list/-, value: 1}", {}},
      {"{op: add, path: /spec/list/0, value: 1}", {}},
      {"{op: add, path: /spec/list/1, value: 1}", {".path"}},
      {"{op: remove, path: /spec/list/0}", {".path"}},
      {"{op: move, path: /spec/x, value: 1}", {".op"}},
      {"{op: add, path: /status/x, value: 1}", {".path"}},
      {"{op: add, path: /metadata/name, value: 1}", {".path"}},
      {"{op: add, path: /spec/x}", {""}},
      {"{op: add, path: /spec/x, value: 1, valueFrom: {variable: a}}", {""}},
  };
  for (const auto& test : cases) {
    registry::FieldErrors errors;
    validate_patches(
        yaml(fmt::format("spec: {{patches: [{{name: a, definitions: [{{jsonPatches: [{}]}}]}}]}}", test.operation)),
        errors);
    std::vector<std::string> fields;
    for (const auto& error : errors) fields.push_back(error.field);
    std::vector<std::string> expected;
    for (const auto& field : test.fields) expected.push_back("spec.patches[0].definitions[0].jsonPatches[0]" + field);
    EXPECT_EQ(fields, expected) << test.operation;
  }
}

TEST(AggregateConditions, GroupsEqualMessagesIssuesFirst) {
  const auto machine = [](const char* name, const char* status, const char* message) {
    Json object = yaml("{kind: Machine}");
    object.at("metadata").set("name", name);
    if (*status != 0)
      object.at({"status", "conditions"})
          .append(Json::object({{"type", "Ready"}, {"status", status}, {"reason", "R"}, {"message", message}}));
    return std::make_shared<const Json>(std::move(object));
  };
  const AggregateReasons reasons{"Ready", "NotReady", "ReadyUnknown"};
  const auto good = aggregate_conditions({machine("a", "True", "")}, "Ready", "MachinesReady", reasons);
  EXPECT_EQ(good.status, meta::ConditionStatus::kTrue);
  EXPECT_EQ(good.reason, "Ready");
  const auto mixed = aggregate_conditions(
      {machine("a", "", ""), machine("b", "False", "* NodeHealthy: x"), machine("c", "Unknown", "u"),
       machine("d", "False", "* NodeHealthy: x"), machine("e", "True", "")},
      "Ready", "MachinesReady", reasons);
  EXPECT_EQ(mixed.status, meta::ConditionStatus::kFalse);
  EXPECT_EQ(mixed.reason, "NotReady");
  EXPECT_EQ(mixed.message,
            "* Machines b, d:\n  * NodeHealthy: x\n* Machine a: Condition Ready not yet reported\n* Machine c: u");
}

}  // namespace
}  // namespace slipway::cluster
