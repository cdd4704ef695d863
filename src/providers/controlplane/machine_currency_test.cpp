#include "providers/controlplane/machine_currency.h"

#include <gmock/gmock.h>

#include "data/json_text.h"

namespace slipway::providers::controlplane {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Json json(std::string_view text) {
  const auto parsed = data::parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Json());
}

constexpr std::string_view kControlPlane = R"({"spec":{"version":"v1.36.3+k3s1",
  "kthreesConfigSpec":{"serverConfig":{"tlsSan":["a"]},"agentConfig":{"airGapped":true}},
  "machineTemplate":{"infrastructureRef":{"kind":"IntelMachineTemplate","name":"t1"}}}})";
constexpr std::string_view kMachine = R"({"metadata":{"name":"m1"},"spec":{"version":"v1.36.3+k3s1"}})";
constexpr std::string_view kConfig = R"({"metadata":{"name":"m1"},
  "spec":{"serverConfig":{"tlsSan":["a"]},"agentConfig":{"airGapped":true}}})";
constexpr std::string_view kInfraMachine = R"({"kind":"IntelMachine","metadata":{"name":"m1",
  "annotations":{"cluster.x-k8s.io/cloned-from-name":"t1"}}})";

TEST(MachineCurrency, EqualByMeaningIsUpToDate) {
  for (const std::string_view config :
       {kConfig,
        // The bootstrap provider may write the version into the spec, and nothing has many spellings.
        std::string_view(R"({"spec":{"version":"v1.36.3+k3s1","files":[],"preK3sCommands":null,
          "serverConfig":{"tlsSan":["a"],"clusterCidr":"","disableComponents":[]},"agentConfig":{"airGapped":true}}})"),
        std::string_view("null")})
    EXPECT_THAT(outdated_reasons(json(kControlPlane), json(kMachine), json(config), json(kInfraMachine)), IsEmpty())
        << config;
  EXPECT_THAT(outdated_reasons(json(kControlPlane), json(kMachine), json(kConfig), Json()), IsEmpty());
}

TEST(MachineCurrency, NamesEveryDifference) {
  Json newer = json(kControlPlane);
  newer.at("spec").set("version", "v1.36.4+k3s1");
  EXPECT_THAT(outdated_reasons(newer, json(kMachine), json(kConfig), json(kInfraMachine)),
              ElementsAre("Version v1.36.3+k3s1, v1.36.4+k3s1 required"));

  // False is a value: it differs from true and from nothing.
  for (const std::string_view spec : {R"({"serverConfig":{"tlsSan":["a"]},"agentConfig":{"airGapped":false}})",
                                      R"({"serverConfig":{"tlsSan":["a"]}})",
                                      R"({"serverConfig":{"tlsSan":["b"]},"agentConfig":{"airGapped":true}})"}) {
    Json changed = json(kControlPlane);
    changed.at("spec").set("kthreesConfigSpec", json(spec));
    EXPECT_THAT(outdated_reasons(changed, json(kMachine), json(kConfig), json(kInfraMachine)),
                ElementsAre("KThreesConfig m1 differs from spec.kthreesConfigSpec"))
        << spec;
  }

  Json other = json(kControlPlane);
  other.at({"spec", "machineTemplate", "infrastructureRef"}).set("name", "t2");
  EXPECT_THAT(outdated_reasons(other, json(kMachine), json(kConfig), json(kInfraMachine)),
              ElementsAre("IntelMachine m1 was made from t1, t2 required"));
}

TEST(MachineCurrency, TheConditionListsThem) {
  EXPECT_EQ(up_to_date_condition({}).status, meta::ConditionStatus::kTrue);
  EXPECT_EQ(up_to_date_condition({}).reason, "UpToDate");
  const meta::Condition condition = up_to_date_condition({"one", "two"});
  EXPECT_EQ(condition.status, meta::ConditionStatus::kFalse);
  EXPECT_EQ(condition.reason, "NotUpToDate");
  EXPECT_EQ(condition.message, "* one\n* two");
}

}  // namespace
}  // namespace slipway::providers::controlplane
