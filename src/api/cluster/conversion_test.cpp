#include "api/cluster/conversion.h"

#include <gtest/gtest.h>

#include "api/cluster/cluster.h"
#include "base/files.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "meta/object.h"

namespace slipway::api::cluster {
namespace {

using data::Json;

std::vector<Json> documents(const std::string& path) {
  auto text = base::read_file(path);
  EXPECT_TRUE(text) << path;
  auto all = data::parse_yaml_documents(*text);
  EXPECT_TRUE(all) << path << ": " << (all ? "" : all.error().message());
  return all ? std::move(*all) : std::vector<Json>{};
}

Json yaml(std::string_view text) {
  auto value = data::parse_yaml(text);
  EXPECT_TRUE(value) << (value ? "" : value.error().message());
  return value ? *value : Json();
}

Json converted(const Json& object, std::string_view version) {
  auto result = convert(object, version);
  EXPECT_TRUE(result) << (result ? "" : result.error().message());
  return result ? *result : Json();
}

// Go's typed clients write out zero values that mean nothing; both sides are compared without them.
Json without_nothing(const Json& value) {
  if (value.is_object()) {
    Json result = Json::object();
    for (const auto& [key, child] : value.members()) {
      Json cleaned = without_nothing(child);
      if (!cleaned.is_null()) result.set(key, std::move(cleaned));
    }
    return result.empty() ? Json() : result;
  }
  if (value.is_array()) {
    Json result = Json::array();
    for (const Json& child : value.items()) result.append(without_nothing(child));
    return result.empty() ? Json() : result;
  }
  if (value == Json(0) || value == Json("") || value == Json(false)) return {};
  return value;
}

std::string readable(const Json& object) {
  Json copy = object;
  if (copy.contains("metadata")) copy.at("metadata").erase("annotations");
  return data::to_json(without_nothing(copy), 1);
}

// Every field of the schema once; the second document is what the upstream converter makes of the first one.
class FullObject : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto both = documents(std::string(SLIPWAY_API_TEST_DATA "/") + GetParam() + ".yaml");
    ASSERT_EQ(both.size(), 2u);
    given_ = both[0];
    upstream_ = both[1];
    given_version_ = meta::parse_api_version(given_.text({"apiVersion"})).version;
    other_version_ = meta::parse_api_version(upstream_.text({"apiVersion"})).version;
  }
  Json given_, upstream_;
  std::string given_version_, other_version_;
};

TEST_P(FullObject, BecomesWhatUpstreamMakesOfIt) {
  EXPECT_EQ(readable(converted(given_, other_version_)), readable(upstream_));
}

TEST_P(FullObject, ComesBackAsItWas) {
  const Json there = converted(given_, other_version_);
  const Json back = converted(there, given_version_);
  EXPECT_EQ(data::to_json(back["spec"], 1), data::to_json(given_["spec"], 1));
  if (given_version_ == kVersion) {
    EXPECT_EQ(back, given_);
  }
}

TEST_P(FullObject, StaysTheSameOnFurtherTrips) {
  const Json there = converted(given_, other_version_);
  EXPECT_EQ(converted(converted(there, given_version_), other_version_), there);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FullObject,
                         testing::Values("cluster-from-v1beta1", "cluster-from-v1beta2", "clusterclass-from-v1beta1",
                                         "clusterclass-from-v1beta2", "machine-from-v1beta1", "machine-from-v1beta2"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Conversion, ExamplesSayTheSameInBothVersions) {
  const auto old_form = documents(SLIPWAY_API_FOLDER "/examples/cluster-v1beta1.yaml");
  const auto new_form = documents(SLIPWAY_API_FOLDER "/examples/cluster-v1beta2.yaml");
  ASSERT_EQ(old_form.size(), new_form.size());
  int compared = 0;
  for (std::size_t i = 0; i < old_form.size(); ++i) {
    if (meta::parse_api_version(old_form[i].text({"apiVersion"})).group != kGroup) {
      EXPECT_EQ(old_form[i], new_form[i]);
      continue;
    }
    ++compared;
    EXPECT_EQ(converted(old_form[i], kVersion), new_form[i]);
    EXPECT_EQ(converted(new_form[i], kServedVersion), old_form[i]);
  }
  EXPECT_EQ(compared, 2);
}

constexpr std::string_view kOldMachine = R"(
apiVersion: cluster.x-k8s.io/v1beta1
kind: Machine
metadata: {name: m, namespace: p, annotations: {own: "1"}}
spec:
  clusterName: c
  nodeDrainTimeout: 300.5s
  bootstrap:
    configRef: {apiVersion: other.example.com/v7, kind: SomeConfig, name: b, namespace: p}
  infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1, kind: IntelMachine, name: i}
)";

TEST(Conversion, WhatTheStoredVersionCannotSayIsKept) {
  const Json given = yaml(kOldMachine);
  const Json stored = converted(given, kVersion);
  EXPECT_EQ(stored.get({"spec", "deletion", "nodeDrainTimeoutSeconds"}), Json(300));
  EXPECT_EQ(stored.text({"spec", "bootstrap", "configRef", "apiGroup"}), "other.example.com");
  EXPECT_FALSE(stored["spec"].get({"bootstrap", "configRef"}).contains("apiVersion"));

  const Json back = converted(stored, kServedVersion);
  EXPECT_EQ(back.text({"spec", "nodeDrainTimeout"}), "300.5s");
  EXPECT_EQ(back.text({"spec", "bootstrap", "configRef", "apiVersion"}), "other.example.com/v7");
  EXPECT_EQ(back.get({"metadata", "annotations"}).size(), 1u);
}

TEST(Conversion, AChangeInTheStoredVersionWinsOverWhatWasKept) {
  Json stored = converted(yaml(kOldMachine), kVersion);
  stored.at({"spec", "deletion"}).set("nodeDrainTimeoutSeconds", 60);
  const Json back = converted(stored, kServedVersion);
  EXPECT_EQ(back.text({"spec", "nodeDrainTimeout"}), "1m0s");
  EXPECT_EQ(back.text({"spec", "bootstrap", "configRef", "apiVersion"}), "other.example.com/v7");
}

constexpr std::string_view kNewMachine = R"(
apiVersion: cluster.x-k8s.io/v1beta2
kind: Machine
metadata: {name: m, namespace: p}
spec:
  clusterName: c
  minReadySeconds: 12
  version: v1.36.2+k3s1
  bootstrap: {dataSecretName: s}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: IntelMachine, name: i}
)";

TEST(Conversion, AnOldClientThatChangesOneFieldKeepsTheOthers) {
  Json shown = converted(yaml(kNewMachine), kServedVersion);
  EXPECT_FALSE(shown["spec"].contains("minReadySeconds"));
  EXPECT_EQ(shown.text({"spec", "infrastructureRef", "apiVersion"}), "infrastructure.cluster.x-k8s.io/v1alpha1");
  EXPECT_EQ(shown.text({"spec", "infrastructureRef", "namespace"}), "p");
  shown.at("spec").set("version", "v1.36.3+k3s1");
  const Json stored = converted(shown, kVersion);
  EXPECT_EQ(stored.text({"spec", "version"}), "v1.36.3+k3s1");
  EXPECT_EQ(stored.get({"spec", "minReadySeconds"}), Json(12));
  EXPECT_TRUE(stored.get({"metadata", "annotations"}).is_null());
}

TEST(Conversion, AFieldThatAnOldClientRemovesIsGone) {
  Json shown = converted(yaml(kNewMachine), kServedVersion);
  shown.at("spec").erase("version");
  const Json stored = converted(shown, kVersion);
  EXPECT_FALSE(stored["spec"].contains("version"));
  EXPECT_EQ(stored.get({"spec", "minReadySeconds"}), Json(12));
}

TEST(Conversion, NoAnnotationWhereEverythingFits) {
  Json object = yaml(kNewMachine);
  object.at("spec").erase("minReadySeconds");
  const Json shown = converted(object, kServedVersion);
  EXPECT_TRUE(shown.get({"metadata", "annotations"}).is_null());
  EXPECT_EQ(converted(shown, kVersion), object);
}

TEST(Conversion, EmptyValuesOfOldClientsAreLeftOutButNotAUsersOwn) {
  const Json stored = converted(yaml(R"(
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: c}
spec:
  paused: false
  clusterNetwork: {services: {}}
  controlPlaneEndpoint: {host: "", port: 0}
  topology:
    class: k3s
    version: v1.36.3+k3s1
    controlPlane: {metadata: {labels: {empty: ""}}}
    workers: {machineDeployments: []}
    variables: [{name: list, value: []}, {name: text, value: ""}, {name: object, value: {}}]
)"),
                                kVersion);
  EXPECT_EQ(stored["spec"], yaml(R"(
paused: false
topology:
  classRef: {name: k3s}
  version: v1.36.3+k3s1
  controlPlane: {metadata: {labels: {empty: ""}}}
  variables: [{name: list, value: []}, {name: text, value: ""}, {name: object, value: {}}]
)"));
  EXPECT_TRUE(stored.get({"metadata", "annotations"}).is_null());
}

TEST(Conversion, BothConditionListsChangePlaces) {
  const Json stored = converted(yaml(R"(
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: c}
status:
  infrastructureReady: true
  conditions: [{type: Ready, status: "True", severity: Info, lastTransitionTime: "2026-01-02T03:04:05Z"}]
  v1beta2:
    conditions: [{type: Available, status: "False", reason: NotAvailable, message: "", lastTransitionTime: "2026-01-02T03:04:05Z"}]
)"),
                                kVersion);
  EXPECT_EQ(stored.get({"status", "conditions"}).items().at(0).text({"type"}), "Available");
  EXPECT_EQ(stored.get({"status", "deprecated", "v1beta1", "conditions"}).items().at(0).text({"type"}), "Ready");
  EXPECT_EQ(stored.get({"status", "initialization", "infrastructureProvisioned"}), Json(true));
  EXPECT_FALSE(stored["status"].contains("v1beta2"));
}

TEST(Conversion, ATimeoutThatIsNoDurationIsNamed) {
  for (const char* wrong : {"5 minutes", "-3s", "five", "1d", "", "99999999999h"}) {
    Json object = yaml(kOldMachine);
    object.at("spec").set("nodeDrainTimeout", wrong);
    const auto result = convert(object, kVersion);
    ASSERT_FALSE(result) << wrong;
    EXPECT_EQ(result.error().code(), base::ErrorCode::kInvalid);
    ASSERT_EQ(result.error().fields().size(), 1u);
    EXPECT_EQ(result.error().fields()[0].field, "spec.nodeDrainTimeout");
  }
  const auto nested = convert(yaml(R"(
apiVersion: cluster.x-k8s.io/v1beta1
kind: ClusterClass
metadata: {name: c}
spec:
  workers:
    machineDeployments:
    - {class: a}
    - {class: b, machineHealthCheck: {unhealthyConditions: [{type: Ready, status: "False", timeout: soon}]}}
)"),
                              kVersion);
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().fields()[0].field,
            "spec.workers.machineDeployments[1].machineHealthCheck.unhealthyConditions[0].timeout");
}

TEST(Conversion, RefusesWhatItDoesNotKnow) {
  const Json machine = yaml(kNewMachine);
  EXPECT_FALSE(convert(machine, "v1alpha4"));
  Json other = machine;
  other.set("kind", "MachinePool");
  EXPECT_FALSE(convert(other, kServedVersion));
  other = machine;
  other.set("apiVersion", "cluster.x-k8s.io/v1alpha4");
  EXPECT_FALSE(convert(other, kVersion));
  other = machine;
  other.set("apiVersion", "example.com/v1beta2");
  EXPECT_FALSE(convert(other, kServedVersion));
  EXPECT_EQ(converted(machine, kVersion), machine);
}

TEST(Conversion, ADamagedAnnotationIsAnError) {
  Json shown = converted(yaml(kNewMachine), kServedVersion);
  meta::set_annotation(shown, kConversionDataAnnotation, "{\"spec\":");
  const auto result = convert(shown, kVersion);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("cluster.x-k8s.io/conversion-data"), std::string::npos);
}

}  // namespace
}  // namespace slipway::api::cluster
