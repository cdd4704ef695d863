#include "control/leader_election.h"

#include <gmock/gmock.h>

#include "control/faulty_client_test.h"

namespace slipway::control {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

const ObjectKey kLeaseKey{"default", "controllers"};

// A client whose reads of Leases fail, or hang until they may go on.
class UnreachableClient final : public FaultyClient {
 public:
  using FaultyClient::FaultyClient;
  std::atomic<bool> cut = false, hang = false;

  base::Result<meta::ObjectPtr> get(const meta::Gvk& gvk, const meta::ObjectKey& key) override {
    while (hang) std::this_thread::sleep_for(milliseconds(1));
    if (cut) return base::fail(ErrorCode::kUnavailable, "the cable is out");
    return FaultyClient::get(gvk, key);
  }
};

// One process that wants to lead.
struct Candidate {
  Candidate(TestPlane& plane, std::string identity)
      : client(plane.local),
        elector(client, plane.clock, base::SystemRandom::instance(), {.lease = kLeaseKey, .identity = identity}),
        thread([this](const std::stop_token& stop) {
          end = elector.run(
              stop, [this] { leading = true; },
              [this] {
                leading = false;
                ++halts;
              });
          ended = true;
        }) {}
  void stop() {
    thread.request_stop();
    thread.join();
  }

  UnreachableClient client;
  LeaderElector elector;
  std::atomic<bool> leading = false, ended = false;
  std::atomic<int> halts = 0;
  LeaderElector::End end = LeaderElector::End::kStopped;
  std::jthread thread;
};

struct LeaderElectionTest : testing::Test {
  TestPlane plane;

  Json spec() {
    const auto lease = plane.local.get(kube::kLease, kLeaseKey);
    return lease ? (**lease)["spec"] : Json();
  }
  std::string holder() { return spec().text({"holderIdentity"}); }
  // Lets time pass in steps until `condition` holds; the steps it took, or -1 after `limit`.
  int pass_until(const std::function<bool()>& condition, seconds limit = seconds(60)) {
    for (int step = 0; step <= limit.count() * 2; ++step) {
      for (int i = 0; i < 20 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(1));
      if (condition()) return step;
      plane.clock.advance(milliseconds(500));
    }
    return -1;
  }
};

TEST_F(LeaderElectionTest, OneOfTwoLeadsAndRenews) {
  Candidate first(plane, "first");
  ASSERT_TRUE(eventually([&] { return first.leading.load(); }));
  Candidate second(plane, "second");
  const std::string renewed = spec().text({"renewTime"});
  ASSERT_NE(pass_until([&] { return spec().text({"renewTime"}) != renewed; }), -1);
  ASSERT_TRUE(eventually([&] { return second.elector.leader() == "first"; }));
  for (int i = 0; i < 60; ++i) {
    plane.clock.advance(seconds(1));
    std::this_thread::sleep_for(milliseconds(5));
    EXPECT_FALSE(first.leading && second.leading);
  }
  EXPECT_EQ(spec()["leaseDurationSeconds"].integer_or(0), 15);
  EXPECT_EQ(spec()["leaseTransitions"].integer_or(-1), second.leading ? 1 : 0);
}

TEST_F(LeaderElectionTest, AStoppedLeaderHandsOverAtOnceAndOnlyAfterItsControllersHalted) {
  Candidate first(plane, "first");
  ASSERT_TRUE(eventually([&] { return first.leading.load(); }));
  Candidate second(plane, "second");
  first.stop();
  EXPECT_EQ(first.end, LeaderElector::End::kStopped);
  EXPECT_EQ(first.halts, 1);
  const int steps = pass_until([&] { return second.leading.load(); });
  ASSERT_NE(steps, -1);
  EXPECT_LE(steps, 12) << "a released Lease is taken within a retry period, not after its duration";
  EXPECT_EQ(holder(), "second");
  EXPECT_EQ(spec()["leaseTransitions"].integer_or(-1), 1);
}

TEST_F(LeaderElectionTest, ACutOffLeaderGivesUpBeforeAnotherLeads) {
  Candidate first(plane, "first");
  ASSERT_TRUE(eventually([&] { return first.leading.load(); }));
  Candidate second(plane, "second");
  first.client.cut = true;
  ASSERT_NE(pass_until([&] {
              EXPECT_FALSE(first.leading && second.leading);
              return second.leading.load();
            }),
            -1);
  ASSERT_TRUE(eventually([&] { return first.ended.load(); }));
  EXPECT_EQ(first.end, LeaderElector::End::kLost);
  EXPECT_EQ(first.halts, 1);
  EXPECT_EQ(holder(), "second");
}

TEST_F(LeaderElectionTest, AHangingCallDoesNotKeepALeader) {
  Candidate first(plane, "first");
  ASSERT_TRUE(eventually([&] { return first.leading.load(); }));
  first.client.hang = true;
  EXPECT_NE(pass_until([&] { return first.ended.load(); }, seconds(20)), -1);
  EXPECT_EQ(first.end, LeaderElector::End::kLost);
  first.client.hang = false;
}

TEST_F(LeaderElectionTest, TheLeaseOfAStrangerIsLeftAloneUntilItExpires) {
  Json lease = meta::make_object(kube::kLease, kLeaseKey);
  // A clock far ahead: what it says does not count, only that it does not change.
  lease.set("spec", Json::object({{"holderIdentity", "go-client"},
                                  {"leaseDurationSeconds", 30},
                                  {"leaseTransitions", 4},
                                  {"acquireTime", "2039-01-01T00:00:00.000000Z"},
                                  {"renewTime", "2039-01-01T00:00:00.000000Z"}}));
  ASSERT_TRUE(plane.local.create(lease));
  Candidate candidate(plane, "me");
  const int steps = pass_until([&] { return candidate.leading.load(); }, seconds(120));
  EXPECT_GE(steps, 58) << "30 s of half seconds";
  EXPECT_EQ(spec()["leaseTransitions"].integer_or(0), 5);
}

TEST_F(LeaderElectionTest, StoppedBeforeItLedHaltsNothing) {
  Candidate first(plane, "first");
  ASSERT_TRUE(eventually([&] { return first.leading.load(); }));
  Candidate second(plane, "second");
  second.stop();
  EXPECT_EQ(second.halts, 0);
  EXPECT_EQ(holder(), "first");
}

}  // namespace
}  // namespace slipway::control
