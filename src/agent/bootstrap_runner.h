#pragma once

#include <functional>
#include <stop_token>

#include "agent/bootstrap_script.h"
#include "agent/output_tail.h"
#include "agent/work_environment.h"
#include "agent/work_state.h"

namespace slipway::agent {

inline constexpr std::string_view kProviderIdFile = "/etc/rancher/k3s/config.yaml.d/10-provider-id.yaml";
inline constexpr int kMaxInterruptions = 3;

// Runs one bootstrap to its end: files, commands, then proof that Kubernetes answers. The state goes to disk before and
// after every step, so that after kill -9 or a power cut another run continues here:
//   - a finished step never runs again;
//   - the step that was interrupted is run again, at most kMaxInterruptions times (bootstrap documents are idempotent:
//     that is Cluster API's contract), after whatever is left of it was killed;
//   - unless the success file shows that the last command did end.
// A step that fails ends the bootstrap (phase Failed).
class BootstrapRunner {
 public:
  // `publish` is called with every change of the state, after it is on disk.
  using Publish = std::function<void(const WorkState&)>;
  BootstrapRunner(const WorkEnvironment& environment, WorkStateFile& file, Publish publish)
      : environment_(environment), file_(file), publish_(std::move(publish)) {}

  // `state` is new (phase Pending) or an interrupted one (Running) of the same id. Ends with phase Succeeded or Failed,
  // or unchanged Running when `stop` ended it. An Error (kNoSpace: the disk is full; or the state cannot be saved)
  // leaves it to the caller to load the state again and to repeat the call later.
  base::Status run(const agentproto::Assignment& assignment, WorkState& state, std::stop_token stop);

 private:
  base::Status begin(const agentproto::Assignment& assignment, WorkState& state, const std::string& script_hash);
  base::Status write_files(const agentproto::Assignment& assignment, WorkState& state);
  base::Status run_commands(WorkState& state);
  base::Status run_command(const cloudinit::Command& command, WorkState& state);
  base::Status wait_for_kubernetes(WorkState& state);
  base::Status resume(WorkState& state);
  void kill_leftovers(const WorkState& state);
  base::Status step_begins(WorkState& state, std::string name);
  base::Status step_ends(WorkState& state);
  base::Status save(const WorkState& state);
  base::Status finish(WorkState& state, WorkPhase phase, std::string message);
  // kTimeout at the deadline, kCancelled at a stop request.
  base::Status pause(base::Duration time);
  std::chrono::milliseconds time_left() const;
  bool sentinel_exists() const;
  int step_count() const;
  std::string environment_file() const { return (environment_.data_folder / "bootstrap-environment").string(); }

  const WorkEnvironment& environment_;
  WorkStateFile& file_;
  Publish publish_;
  BootstrapScript script_;
  std::chrono::nanoseconds deadline_{};
  std::stop_token stop_;
};

}  // namespace slipway::agent
