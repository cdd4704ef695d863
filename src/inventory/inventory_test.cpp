#include <gtest/gtest.h>

#include "data/json_text.h"
#include "inventory/host_status.h"
#include "inventory/join_token.h"
#include "meta/conditions.h"
#include "meta/object.h"

namespace slipway::inventory {
namespace {

using std::chrono::hours;

Json json(std::string_view text) {
  return *data::parse_json(text);
}

class JoinTokenTest : public testing::Test {
 protected:
  base::ManualClock clock_;
  Json host_ = json(
      R"({"apiVersion":"inventory.slipway.dev/v1alpha1","kind":"Host","metadata":{"name":"edge-1","namespace":"default","uid":"u"}})");
  JoinToken token_ = make_join_token(host_, hours(24), clock_, base::SystemRandom::instance());
};

TEST_F(JoinTokenTest, OpensOnceForOneKeyUntilItExpires) {
  EXPECT_EQ(token_.text.size(), 4u + 32u);
  EXPECT_EQ(data::to_json(token_.secret).find(token_.text), std::string::npos) << "the Secret must not hold the token";
  EXPECT_TRUE(check_join_token(token_.secret, token_.text, "key-1", clock_.now()));
  const Json used = mark_join_token_used(token_.secret, "key-1");
  EXPECT_TRUE(check_join_token(used, token_.text, "key-1", clock_.now()))
      << "the same key may repeat a call whose answer was lost";

  struct Row {
    const Json& secret;
    std::string token, key;
    std::chrono::hours later;
    std::string reason;
  };
  const Json damaged = json(R"({"type":"Opaque"})");
  for (const Row& row :
       {Row{token_.secret, "swj_wrong", "key-1", hours(0), "wrong"}, Row{token_.secret, "", "key-1", hours(0), "wrong"},
        Row{used, token_.text, "key-2", hours(0), "used already"},
        Row{token_.secret, token_.text, "key-1", hours(24), "expired"},
        Row{damaged, token_.text, "key-1", hours(0), "damaged"}}) {
    const auto checked = check_join_token(row.secret, row.token, row.key, clock_.now() + row.later);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), base::ErrorCode::kUnauthorized);
    EXPECT_NE(checked.error().message().find(row.reason), std::string::npos) << checked.error().message();
    EXPECT_EQ(checked.error().message().find(token_.text), std::string::npos);
  }
}

TEST(HostStatus, PhasesFollowWhatIsKnown) {
  struct Row {
    std::string_view host, phase;
  };
  for (
      const Row& row :
      {Row{R"({"spec":{}})", "Registered"},
       Row{R"({"spec":{},"status":{"agent":{"keyFingerprint":"f"}}})", "Onboarded"},
       Row{R"({"spec":{},"status":{"agent":{"keyFingerprint":"f"},"os":{"name":"x"}}})", "Provisioned"},
       Row{R"({"spec":{"consumerRef":{"kind":"IntelMachine","name":"m"}},"status":{"agent":{"keyFingerprint":"f"},"os":{"name":"x"}}})",
           "InUse"},
       Row{R"({"spec":{"authorized":false,"consumerRef":{"kind":"IntelMachine","name":"m"}}})", "Deauthorized"}})
    EXPECT_EQ(derive_phase(json(row.host)).phase, row.phase) << row.host;
}

TEST(HostStatus, HistoryGrowsOnlyWithThePhaseAndRevocationForgetsTheCertificate) {
  const base::WallTime now{std::chrono::seconds(1000)};
  Json host = with_derived_status(json(R"({"metadata":{"name":"a"},"spec":{}})"), now);
  EXPECT_EQ(with_derived_status(host, now + hours(1)), host) << "a second pass must change nothing";
  host.at({"status", "agent"}).set("keyFingerprint", "f");
  host = with_derived_status(host, now);
  ASSERT_EQ(host.get({"status", "timeline"}).size(), 2u);
  EXPECT_TRUE(meta::is_condition_true(host, "Onboarded"));
  host.at("spec").set("authorized", false);
  host = with_derived_status(host, now);
  EXPECT_EQ(host.text({"status", "phase"}), "Deauthorized");
  EXPECT_FALSE(host.get({"status", "agent"}).contains("keyFingerprint"));
  host.at("spec").set("authorized", true);
  EXPECT_EQ(derive_phase(host).phase, "Registered") << "an authorized host must enrol again";
}

TEST(HostStatus, InstanceNamesTheProfileOfTheImage) {
  const Json host = json(
      R"({"metadata":{"name":"a","namespace":"n","uid":"u"},"status":{"os":{"name":"EMT","imageID":"emt","imageVersion":"3.0"}}})");
  EXPECT_TRUE(profile_matches(json(R"({"spec":{"imageID":"emt","imageVersion":"3.0"}})"), host));
  EXPECT_TRUE(profile_matches(json(R"({"spec":{"imageID":"emt"}})"), host));
  EXPECT_FALSE(profile_matches(json(R"({"spec":{"imageID":"emt","imageVersion":"2.0"}})"), host));
  EXPECT_FALSE(profile_matches(json(R"({"spec":{}})"), host));
  EXPECT_EQ(derive_instance(host, "emt-3", {}).text({"spec", "osProfileRef", "name"}), "emt-3");
}

}  // namespace
}  // namespace slipway::inventory
