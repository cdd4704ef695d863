#include "agent/bootstrap_runner.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <fmt/core.h>
#include <map>
#include <mutex>

#include "agent/file_writer.h"
#include "base/crash_point.h"
#include "base/files.h"
#include "base/log.h"
#include "data/json_text.h"
#include "pki/certificate.h"

namespace slipway::agent {

using agentproto::Assignment;
using base::ErrorCode;
using base::Status;

namespace {

constexpr auto kReportInterval = std::chrono::milliseconds(500);

// What commands of a bootstrap see: a fixed PATH, the proxy settings of the agent, and marks that let a later run of
// the agent find what is left of them.
std::map<std::string, std::string> command_environment(const WorkState& state, const std::string& environment_file) {
  std::map<std::string, std::string> variables{{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                                               {"HOME", "/root"},
                                               {"LANG", "C.UTF-8"},
                                               {"SLIPWAY_WORK", state.id},
                                               {"SLIPWAY_ENVIRONMENT", environment_file}};
  for (const char* name : {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"})
    if (const char* value = std::getenv(name); value != nullptr) variables.emplace(name, value);
  return variables;
}

std::string provider_id_config(const std::string& provider_id) {
  std::string text = "kubelet-arg+:\n- ";
  data::append_json_string(text, "provider-id=" + provider_id);  // JSON strings are YAML strings
  return text + "\n";
}

std::string failure_of(const base::ProcessResult& result, std::chrono::milliseconds limit) {
  if (result.timed_out) return fmt::format("did not end within {} s and was killed", limit.count() / 1000);
  return fmt::format("ended with exit code {}", result.exit_code);
}

}  // namespace

// Files are one step, every command is one, the proof is the last.
int BootstrapRunner::step_count() const {
  return static_cast<int>(script_.commands.size()) + 2;
}

bool BootstrapRunner::sentinel_exists() const {
  return std::filesystem::exists(environment_.root.at(cloudinit::kSuccessFile));
}

std::chrono::milliseconds BootstrapRunner::time_left() const {
  return std::max(std::chrono::milliseconds(0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - environment_.clock->steady()));
}

Status BootstrapRunner::save(const WorkState& state) {
  SLIPWAY_TRY(file_.save(state));
  publish_(state);
  return {};
}

Status BootstrapRunner::finish(WorkState& state, WorkPhase phase, std::string message) {
  state.phase = phase;
  state.message = std::move(message);
  if (phase == WorkPhase::kSucceeded) state.step.clear();
  state.step_started = false;
  state.finished_at = base::format_rfc3339_micro(environment_.clock->now());
  (void)base::remove_tree(environment_file());
  if (phase == WorkPhase::kFailed)
    base::log_warning("agent", "work {}: step '{}' failed: {}", state.id, state.step, state.message);
  return save(state);
}

Status BootstrapRunner::pause(base::Duration time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const auto until = std::min(environment_.clock->steady() + std::chrono::nanoseconds(time), deadline_);
  while (environment_.clock->steady() < until && !stop_.stop_requested())
    environment_.clock->wait_until(never, lock, until, stop_);
  if (stop_.stop_requested()) return base::fail(ErrorCode::kCancelled, "stopped");
  if (environment_.clock->steady() >= deadline_) return base::fail(ErrorCode::kTimeout, "the time limit is over");
  return {};
}

Status BootstrapRunner::run(const Assignment& assignment, WorkState& state, std::stop_token stop) {
  stop_ = std::move(stop);
  deadline_ = environment_.clock->steady() + std::chrono::seconds(assignment.deadline_seconds);
  const auto outcome = [&]() -> Status {
    script_ = SLIPWAY_TRY(read_bootstrap_script(assignment.cloud_config));
    SLIPWAY_TRY(begin(assignment, state, pki::sha256_hex(assignment.cloud_config)));
    if (state.steps_done == 0) SLIPWAY_TRY(write_files(assignment, state));
    SLIPWAY_TRY(run_commands(state));
    return wait_for_kubernetes(state);
  }();
  if (outcome) return finish(state, WorkPhase::kSucceeded, "");
  if (outcome.error().code() == ErrorCode::kCancelled) return {};
  if (outcome.error().code() == ErrorCode::kNoSpace) return outcome;
  return finish(state, WorkPhase::kFailed, outcome.error().message());
}

Status BootstrapRunner::begin(const Assignment& assignment, WorkState& state, const std::string& script_hash) {
  if (state.phase == WorkPhase::kRunning) {
    if (state.script_hash == script_hash) return resume(state);
    if (state.steps_done > 1 || (state.steps_done == 1 && state.step_started))
      return base::fail(ErrorCode::kConflict,
                        "the bootstrap data changed while the bootstrap was running; delete the "
                        "cluster and create it again");
  }
  WorkState fresh;
  fresh.id = assignment.id;
  fresh.phase = WorkPhase::kRunning;
  fresh.script_hash = script_hash;
  fresh.started_at = base::format_rfc3339_micro(environment_.clock->now());
  fresh.created = std::move(state.created);
  fresh.replaced = std::move(state.replaced);
  state = std::move(fresh);
  // A success file or variables of an earlier cluster prove nothing about this one.
  SLIPWAY_TRY(base::remove_tree(environment_.root.at(cloudinit::kSuccessFile)));
  SLIPWAY_TRY(base::remove_tree(environment_file()));
  return {};
}

// The agent was killed, or the host lost power, while a step was running.
Status BootstrapRunner::resume(WorkState& state) {
  kill_leftovers(state);
  if (!state.step_started) return {};
  const bool last_command = state.steps_done == step_count() - 2;
  if (last_command && sentinel_exists()) return step_ends(state);
  if (++state.interruptions > kMaxInterruptions)
    return base::fail(ErrorCode::kInternal,
                      fmt::format("interrupted {} times; find out what stops the agent or the host, then delete the "
                                  "cluster and create it again",
                                  kMaxInterruptions));
  base::log_warning("agent", "work {}: step '{}' was interrupted and is run again", state.id, state.step);
  return {};
}

// Processes of the interrupted command that outlived the agent. What moved to a session of its own is a service (K3s)
// and none of them. After a reboot there is nothing to find.
void BootstrapRunner::kill_leftovers(const WorkState& state) {
  for (const ProcessInfo& process : environment_.kernel->processes())
    if (process.session == state.session &&
        environment_.kernel->has_environment(process.pid, "SLIPWAY_WORK=" + state.id))
      environment_.kernel->kill(process.pid);
}

Status BootstrapRunner::step_begins(WorkState& state, std::string name) {
  if (!state.step_started) state.interruptions = 0;
  state.phase = WorkPhase::kRunning;
  state.step = std::move(name);
  state.message.clear();
  state.output.clear();
  state.step_started = true;
  state.session = environment_.kernel->own_session();
  return save(state);
}

Status BootstrapRunner::step_ends(WorkState& state) {
  ++state.steps_done;
  state.step_started = false;
  state.interruptions = 0;
  return save(state);
}

Status BootstrapRunner::write_files(const Assignment& assignment, WorkState& state) {
  std::vector<cloudinit::WriteFile> files = script_.files;
  if (!assignment.provider_id.empty())
    files.push_back({.path = std::string(kProviderIdFile),
                     .content = provider_id_config(assignment.provider_id),
                     .permissions = "0640"});
  const FileWriter writer(environment_);
  SLIPWAY_TRY(writer.plan(files, state));
  SLIPWAY_TRY(step_begins(state, fmt::format("write {} files", files.size())));
  base::crash_point("agent.files-planned");
  for (const cloudinit::WriteFile& file : files) {
    SLIPWAY_TRY(writer.write(file));
    base::crash_point("agent.file-written");
  }
  return step_ends(state);
}

Status BootstrapRunner::run_commands(WorkState& state) {
  for (std::size_t i = 0; i < script_.commands.size(); ++i) {
    if (state.steps_done > static_cast<int>(i) + 1) continue;
    SLIPWAY_TRY(step_begins(state, fmt::format("run command {} of {}", i + 1, script_.commands.size())));
    base::crash_point("agent.command-announced");
    SLIPWAY_TRY(run_command(script_.commands[i], state));
    base::crash_point("agent.command-ended");
    const bool last = i + 1 == script_.commands.size();
    if (last && !sentinel_exists())
      return base::fail(ErrorCode::kInternal, fmt::format("all commands ended without an error but {} was not written",
                                                          cloudinit::kSuccessFile));
    SLIPWAY_TRY(step_ends(state));
    base::crash_point("agent.command-recorded");
  }
  return {};
}

Status BootstrapRunner::run_command(const cloudinit::Command& command, WorkState& state) {
  OutputTail tail(agentproto::kMaxOutputBytes);
  auto next_report = environment_.clock->steady() + kReportInterval;
  base::ProcessOptions options;
  options.argv = command_line(command, environment_file());
  options.environment = command_environment(state, environment_file());
  options.timeout = std::max(time_left(), std::chrono::milliseconds(1));
  options.output_limit = 1;
  options.on_output = [&](std::string_view text) {
    tail.add(text);
    base::crash_point("agent.command-running");
    if (environment_.clock->steady() < next_report) return;
    next_report = environment_.clock->steady() + kReportInterval;
    state.output = tail.text();
    publish_(state);
  };
  const base::ProcessResult result = SLIPWAY_TRY(environment_.commands->run(options, stop_));
  state.output = agentproto::bounded_text(tail.text(), agentproto::kMaxOutputBytes);
  if (result.cancelled) return base::fail(ErrorCode::kCancelled, "stopped");
  if (result.timed_out || result.exit_code != 0)
    return base::fail(ErrorCode::kInternal, failure_of(result, options.timeout));
  return {};
}

Status BootstrapRunner::wait_for_kubernetes(WorkState& state) {
  SLIPWAY_TRY(step_begins(state, "wait for the Kubernetes API"));
  base::crash_point("agent.waiting-for-kubernetes");
  while (true) {
    Status answer = environment_.probe->check();
    if (answer) break;
    if (const Status paused = pause(environment_.probe_pause); !paused) {
      if (paused.error().code() == ErrorCode::kCancelled) return paused;
      return std::move(answer).with_context("Kubernetes did not come up in time");
    }
  }
  base::crash_point("agent.kubernetes-answers");
  return {};
}

}  // namespace slipway::agent
