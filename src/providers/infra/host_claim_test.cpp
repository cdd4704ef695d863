#include "providers/infra/host_claim.h"

#include <gtest/gtest.h>

#include "data/json_text.h"

namespace slipway::providers::infra {
namespace {

Json json(std::string_view text) {
  return *data::parse_json(text);
}

const Json kMachine = json(R"({"kind":"IntelMachine","metadata":{"name":"m1","namespace":"default","uid":"u1"}})");

Json host(std::string_view spec, std::string_view status) {
  return Json::object({{"metadata", json(R"({"name":"edge-1","namespace":"default"})")},
                       {"spec", json(spec)},
                       {"status", json(status)}});
}

constexpr std::string_view kK3s =
    R"({"phase":"Provisioned","kubernetes":{"distribution":"k3s","version":"v1.36.3+k3s1","embedded":true}})";

TEST(HostClaim, RefusalsNameTheReason) {
  struct Row {
    Json host;
    HostDemand demand;
    std::string reason;  // "" = may be claimed
  };
  for (const Row& row : {
           Row{host("{}", kK3s), {true, "v1.36.3+k3s1"}, ""},
           Row{host("{}", R"({"phase":"Provisioned"})"), {false, "v1.36.3+k3s1"}, ""},
           Row{host("{}", R"({"phase":"Provisioned"})"), {true, "v1.36.3+k3s1"}, "HostWithoutKubernetes"},
           Row{host("{}", kK3s), {true, "v1.35.0+k3s1"}, "IncompatibleKubernetesVersion"},
           Row{host(R"({"authorized":false})", kK3s), {}, "HostDeauthorized"},
           Row{host(R"({"consumerRef":{"kind":"IntelMachine","name":"other"}})", kK3s), {}, "HostInUse"},
           Row{host(R"({"consumerRef":{"kind":"IntelMachine","name":"m1"}})", kK3s), {}, ""},
           Row{host("{}", R"({"phase":"Registered"})"), {}, "HostNotOnboarded"},
           Row{host("{}", R"({"phase":"Onboarded"})"), {}, "HostNotProvisioned"},
           Row{host("{}", R"({"phase":"Provisioned","conditions":[{"type":"Clean","status":"False","message":"x"}]})"),
               {},
               "HostNotClean"},
       }) {
    const auto refusal = refuse_host(row.host, kMachine, row.demand);
    EXPECT_EQ(refusal ? refusal->reason : "", row.reason) << data::to_json(row.host);
    if (refusal) {
      EXPECT_NE(refusal->message.find("edge-1"), std::string::npos);
    }
  }
}

ObjectPtr binding(std::string_view name, std::string_view cluster, std::string_view machine_template,
                  bool allocated = false) {
  return std::make_shared<const Json>(Json::object(
      {{"metadata", Json::object({{"name", name}, {"namespace", "default"}})},
       {"spec",
        Json::object({{"clusterName", cluster}, {"intelMachineTemplateName", machine_template}, {"nodeGUID", "g"}})},
       {"status", Json::object({{"allocated", allocated}})}}));
}

TEST(HostClaim, ChoosesTheBindingOfClusterAndTemplate) {
  const std::vector<ObjectPtr> bindings{binding("b2", "c1", "t1"), binding("b1", "c1", "t1"),
                                        binding("b0", "c1", "t1", true), binding("a0", "c2", "t1"),
                                        binding("a1", "c1", "t2")};
  EXPECT_EQ(meta::name(*choose_binding(bindings, kMachine, "c1", {"t1-x", "t1"})), "b1");
  EXPECT_EQ(choose_binding(bindings, kMachine, "c3", {"t1"}), nullptr);
  Json owned = *binding("z", "c1", "t1", true);
  meta::set_owner_reference(owned, kMachine, true);
  auto with_owned = bindings;
  with_owned.push_back(std::make_shared<const Json>(owned));
  EXPECT_EQ(meta::name(*choose_binding(with_owned, kMachine, "c1", {"t1"})), "z");
}

TEST(HostClaim, FindsAHostByUuidOrName) {
  const std::vector<ObjectPtr> hosts{std::make_shared<const Json>(host(R"({"uuid":"abc-1"})", "{}"))};
  EXPECT_NE(find_host(hosts, "ABC-1"), nullptr);
  EXPECT_NE(find_host(hosts, "edge-1"), nullptr);
  EXPECT_EQ(find_host(hosts, "edge-2"), nullptr);
}

TEST(HostClaim, ReleaseWaitsForProofButNotForEver) {
  struct Row {
    std::string_view status, policy;
    bool time_is_up;
    Release decision;
  };
  for (const Row& row : {
           Row{R"({"conditions":[{"type":"Connected","status":"True"}],"assignment":{"id":"u1","phase":"Succeeded"}})",
               "", false, Release::kWait},
           Row{R"({"conditions":[{"type":"Connected","status":"True"}],"assignment":{"id":"u1","phase":"Succeeded"}})",
               "", true, Release::kCleanLater},
           Row{R"({"conditions":[{"type":"Connected","status":"False"}],"assignment":{"id":"u1","phase":"Running"}})",
               "", false, Release::kCleanLater},
           Row{R"({"conditions":[{"type":"Connected","status":"True"}],"assignment":{"id":"u1","phase":"Clean"}})", "",
               false, Release::kClean},
           Row{R"({"conditions":[{"type":"Connected","status":"True"}]})", "", false, Release::kClean},
           Row{R"({"conditions":[{"type":"Connected","status":"True"},{"type":"Clean","status":"False"}]})", "", false,
               Release::kWait},
           Row{R"({"assignment":{"id":"u1","phase":"Succeeded"}})", "keep", false, Release::kKeep},
       })
    EXPECT_EQ(decide_release(host("{}", row.status), kMachine, row.policy, row.time_is_up), row.decision) << row.status;
}

}  // namespace
}  // namespace slipway::providers::infra
