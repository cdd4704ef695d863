#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/cleanup_plan.h"
#include "agent/host_record.h"
#include "agent/work_environment.h"
#include "agent/work_state.h"

namespace slipway::agent {

// What to do about an assignment in a given state.
enum class NextStep {
  kNothing,    // the state answers the assignment
  kBootstrap,  // start it, or go on with it
  kReset,      // start it, or go on with it
  kRefuse,     // another cluster's parts are on the host
};
NextStep decide(const agentproto::Assignment& assignment, const WorkState& state);

// Brings the host to the newest assignment, on one thread of its own. An assignment that is done is never run again; a
// reset ends a running bootstrap; a reset that was begun is always brought to its end. What fails for a reason outside
// the work (a full disk, a process that does not die) is tried again after a pause.
class WorkSupervisor {
 public:
  // Called from the worker thread with every change, after it is on disk. Must not block.
  using Report = std::function<void(const WorkReport&)>;
  WorkSupervisor(WorkEnvironment environment, CleanupPlan plan, Report report);
  ~WorkSupervisor();

  // Loads the state and, when there is none yet, records what the image brought. Then the thread starts.
  base::Status start();
  void stop();  // a running step is ended and will be run again by the next start
  void submit(agentproto::Assignment assignment);
  WorkReport current() const;
  // True while nothing is to be done for the newest assignment (tests).
  bool is_idle() const;
  // Whether this file was on the host before any cluster: it came with the image.
  bool is_embedded(const std::string& path) const;

 private:
  void loop(const std::stop_token& stop);
  base::Status work(const agentproto::Assignment& assignment, const std::stop_token& stop);
  base::Status bootstrap(const agentproto::Assignment& assignment, const std::stop_token& stop);
  base::Status reset(const std::string& id, const std::stop_token& stop);
  base::Status record_first();
  base::Status record_before_cluster();
  void publish(const WorkState& state);
  void publish_report(WorkReport report);

  WorkEnvironment environment_;
  CleanupPlan plan_;
  Report report_;
  WorkStateFile file_;
  WorkState state_;    // of the worker thread
  HostRecord record_;  // of the worker thread after start()

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<agentproto::Assignment> wanted_;
  bool pending_ = false;
  bool working_ = false;
  std::stop_source interrupt_;  // ends the work at hand
  WorkReport current_;
  std::jthread thread_;
};

}  // namespace slipway::agent
