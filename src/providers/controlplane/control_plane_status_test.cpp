#include "providers/controlplane/control_plane_status.h"

#include <gtest/gtest.h>
#include <set>

#include "data/json_text.h"
#include "meta/conditions.h"

namespace slipway::providers::controlplane {
namespace {

Json json(std::string_view text) {
  const auto parsed = data::parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Json());
}

Json control_plane() {
  return json(R"({"metadata":{"name":"c1-cp","generation":3,"labels":{"cluster.x-k8s.io/cluster-name":"c1"}},
    "spec":{"replicas":1,"version":"v1.36.3+k3s1"}})");
}

ObjectPtr machine(std::string_view spec) {
  Json object = json(R"({"metadata":{"name":"m1"}})");
  object.set("spec", json(spec));
  return std::make_shared<const Json>(std::move(object));
}

Json node(std::string_view provider_id, std::string_view ready, bool server = true) {
  Json object = Json::object({{"spec", Json::object({{"providerID", provider_id}})}});
  object.at({"metadata", "labels"}).set(server ? "node-role.kubernetes.io/control-plane" : "other", "true");
  object.at({"status", "conditions"}).append(Json::object({{"type", "Ready"}, {"status", ready}}));
  return object;
}

constexpr std::string_view kMachine = R"({"version":"v1.36.3+k3s1","providerID":"p1"})";
const base::WallTime kNow{std::chrono::seconds(1'700'000'000)};

Observation running(Json nodes) {
  return {.machines = {machine(kMachine)},
          .has_certificates = true,
          .has_kubeconfig = true,
          .api_answers = true,
          .nodes = std::move(nodes)};
}

Json status_of(const Observation& observation, Json object = control_plane()) {
  set_status(object, observation, kNow);
  return object;
}

TEST(ControlPlaneStatus, InitializedNeedsAnAnswerAndItsOwnServerNode) {
  struct Row {
    std::string_view what;
    Observation observation;
    bool initialized;
    int ready;
  };
  Observation silent = running(Json::array());
  silent.api_answers = false;
  Observation nobody = running(Json::array({node("p1", "True")}));
  nobody.machines.clear();
  Observation unknown_id = running(Json::array({node("p1", "True")}));
  unknown_id.machines = {machine(R"({"version":"v1.36.3+k3s1"})")};
  for (const Row& row :
       {Row{"nothing answers", silent, false, 0}, Row{"no node yet", running(Json::array()), false, 0},
        Row{"no server", running(Json::array({node("p1", "True", false)})), false, 1},
        Row{"the node of another", running(Json::array({node("p2", "True")})), false, 0},
        Row{"no machine", nobody, false, 0}, Row{"not ready", running(Json::array({node("p1", "False")})), true, 0},
        Row{"ready", running(Json::array({node("p1", "True")})), true, 1},
        Row{"ready, providerID not known yet", unknown_id, true, 0},
        Row{"beside another", running(Json::array({node("p2", "True"), node("p1", "Unknown")})), true, 0}}) {
    const Json object = status_of(row.observation);
    const Json& status = object["status"];
    EXPECT_EQ(status["initialized"], Json(row.initialized)) << row.what;
    EXPECT_EQ(status.get({"initialization", "controlPlaneInitialized"}).bool_or(false), row.initialized) << row.what;
    EXPECT_EQ(meta::is_condition_true(object, "Initialized"), row.initialized) << row.what;
    EXPECT_EQ(status["readyReplicas"], Json(row.ready)) << row.what;
    EXPECT_EQ(meta::is_condition_true(object, "Available"), row.ready == 1) << row.what;
    EXPECT_EQ(status["ready"], Json(row.ready == 1)) << row.what;
    EXPECT_EQ(status["version"].is_null(), !row.initialized) << row.what << ": no version while it is provisioned";
  }
}

TEST(ControlPlaneStatus, StaysInitializedButNotAvailableWhenItFallsSilent) {
  const Json up = status_of(running(Json::array({node("p1", "True")})));
  Observation silent = running(Json());
  silent.api_answers = false;
  silent.api_problem = "host 'edge-1' is not connected";
  const Json lost = status_of(silent, up);
  EXPECT_EQ(lost.get({"status", "initialization", "controlPlaneInitialized"}), Json(true));
  EXPECT_EQ(lost.get({"status", "ready"}), Json(true)) << "never goes back";
  EXPECT_EQ(lost.text({"status", "version"}), "v1.36.3+k3s1");
  EXPECT_EQ(lost.get({"status", "readyReplicas"}), Json(0));
  EXPECT_EQ(lost.get({"status", "unavailableReplicas"}), Json(1));
  const Json& available = meta::find_condition(lost, "Available");
  EXPECT_EQ(available.text({"status"}), "False");
  EXPECT_EQ(available.text({"message"}), "host 'edge-1' is not connected");
  EXPECT_EQ(meta::find_condition(lost, "ControlPlaneComponentsHealthy").text({"status"}), "Unknown");
  EXPECT_TRUE(meta::is_condition_true(status_of(running(Json::array({node("p1", "True")})), lost), "Available"));
}

TEST(ControlPlaneStatus, ReportsEveryConditionFromTheFirstPass) {
  const Json object = status_of({});
  std::set<std::string> types;
  for (const Json& condition : object.get({"status", "conditions"}).items()) {
    EXPECT_TRUE(types.insert(condition.text({"type"})).second);
    EXPECT_FALSE(condition.text({"reason"}).empty()) << condition.text({"type"});
    EXPECT_EQ(condition["observedGeneration"], Json(3));
  }
  for (const char* type : {"Available", "Initialized", "Ready", "CertificatesAvailable", "TokenAvailable",
                           "MachinesReady", "MachinesSpecUpToDate", "ControlPlaneComponentsHealthy", "Resized",
                           "RollingOut", "ScalingUp", "ScalingDown", "Remediating", "Deleting", "Paused"})
    EXPECT_TRUE(types.contains(type)) << type;
  EXPECT_EQ(status_of({}, object), object) << "a second look at the same changes nothing";
}

TEST(ControlPlaneStatus, SaysWhatBlocksAndWhatIsOutdated) {
  Observation blocked{.has_certificates = true, .problem = "template 't9' does not exist"};
  EXPECT_EQ(meta::find_condition(status_of(blocked), "ScalingUp").text({"message"}),
            "Scaling up from 0 to 1 replicas is blocked: template 't9' does not exist");

  Observation outdated = running(Json::array({node("p1", "True")}));
  outdated.outdated = {{"m1", {"Version a, b required"}}};
  const Json object = status_of(outdated);
  EXPECT_EQ(object.get({"status", "upToDateReplicas"}), Json(0));
  EXPECT_EQ(object.get({"status", "updatedReplicas"}), Json(0));
  const std::string& message = meta::find_condition(object, "MachinesSpecUpToDate").text({"message"});
  EXPECT_EQ(message.find("* Machine m1: Version a, b required\n"), 0u) << message;
  EXPECT_TRUE(meta::is_condition_false(object, "RollingOut")) << "nothing is rolled";
  EXPECT_TRUE(meta::is_condition_true(object, "Available"));
}

TEST(ControlPlaneStatus, ADeletionSaysWhatItWaitsFor) {
  Json object = control_plane();
  object.at("metadata").set("deletionTimestamp", "2026-01-02T03:04:05Z");
  Observation going{.machines = {machine(kMachine)}, .has_certificates = true, .deletion = "Waiting for Machine m1"};
  const Json status = status_of(going, object);
  EXPECT_EQ(meta::find_condition(status, "Deleting").text({"status"}), "True");
  EXPECT_EQ(meta::find_condition(status, "Deleting").text({"message"}), "Waiting for Machine m1");
  EXPECT_TRUE(meta::is_condition_true(status, "ScalingDown"));
  EXPECT_TRUE(meta::is_condition_false(status, "ScalingUp"));
}

}  // namespace
}  // namespace slipway::providers::controlplane
