#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/random.h"
#include "control/informer.h"
#include "kube/client.h"

namespace slipway::control {

struct LeaderElectionOptions {
  ObjectKey lease;       // the coordination.k8s.io Lease that the candidates share
  std::string identity;  // of this candidate; unique, and another one after a restart
  // client-go's defaults. REQUIRES: lease_duration > renew_deadline > retry_period.
  std::chrono::milliseconds lease_duration{15'000};  // others take over this long after the last renewal they saw
  std::chrono::milliseconds renew_deadline{10'000};  // the leader gives up this long after its last renewal
  std::chrono::milliseconds retry_period{2'000};
};

// Of several processes at most one leads. Rules and wire format: k8s.io/client-go/tools/leaderelection, so that both
// may compete for one Lease. Candidates compare no clocks: each measures on its own steady clock since when the Lease
// did not change.
class LeaderElector {
 public:
  enum class End {
    kStopped,  // asked to stop; a held Lease was released, so that another can lead at once
    kLost      // not renewed in time: another may lead already
  };

  LeaderElector(kube::Client& client, base::Clock& clock, base::Random& random, LeaderElectionOptions options);

  // Waits until this candidate leads, calls `start`, renews until the end, and calls `halt` if it called `start`; only
  // when that has returned the Lease is released. A client call that hangs does not delay the end of a lost lead; the
  // destructor waits for it. Runs once.
  End run(const std::stop_token& stop, const std::function<void()>& start, const std::function<void()>& halt);

  // Who holds the Lease, as last seen; "" for nobody. Any thread.
  std::string leader() const;

 private:
  bool wait_for_lead(const std::stop_token& stop);
  End wait_for_end(const std::stop_token& stop);
  void campaign(const std::stop_token& stop);
  bool try_acquire_or_renew();
  bool create(const Json& spec);
  bool write(const Json& lease, const Json& spec);
  void release();
  void observe(const std::string& record, const std::string& holder);
  Json new_spec(const Json& old_spec) const;

  kube::Client& client_;
  base::Clock& clock_;
  base::Random& random_;
  const LeaderElectionOptions options_;

  // The campaign's own.
  std::string observed_record_;
  std::chrono::nanoseconds observed_at_{0};

  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable_any changed_;
  std::string leader_;
  std::optional<std::chrono::nanoseconds> renewed_at_;  // steady; the beginning of the last successful renewal
  bool given_up_ = false;                               // lost: nothing is there to be released
  std::jthread campaign_;
};

}  // namespace slipway::control
