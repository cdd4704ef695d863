#include "agent/work_supervisor.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "agent/bootstrap_runner.h"
#include "agent/host_report.h"
#include "agent/host_reset.h"
#include "base/crash_point.h"
#include "base/files.h"
#include "base/log.h"

namespace slipway::agent {

using agentproto::Action;
using agentproto::Assignment;
using base::ErrorCode;
using base::Status;

NextStep decide(const Assignment& assignment, const WorkState& state) {
  // Half a reset leaves neither a cluster nor a clean host.
  if (state.phase == WorkPhase::kResetting) return NextStep::kReset;
  const bool same = assignment.id == state.id;
  switch (assignment.action) {
    case Action::kNone:
      return NextStep::kNothing;
    case Action::kReset:
      return state.phase == WorkPhase::kClean && same ? NextStep::kNothing : NextStep::kReset;
    case Action::kBootstrap:
      if (!same) return state.phase == WorkPhase::kClean ? NextStep::kBootstrap : NextStep::kRefuse;
      return state.phase == WorkPhase::kPending || state.phase == WorkPhase::kRunning ? NextStep::kBootstrap
                                                                                      : NextStep::kNothing;
  }
  return NextStep::kNothing;
}

WorkSupervisor::WorkSupervisor(WorkEnvironment environment, CleanupPlan plan, Report report)
    : environment_(std::move(environment)),
      plan_(std::move(plan)),
      report_(std::move(report)),
      file_(environment_.data_folder / "state.json") {}

WorkSupervisor::~WorkSupervisor() {
  stop();
}

Status WorkSupervisor::start() {
  state_ = SLIPWAY_TRY(file_.load());
  current_ = state_.report();
  auto record = load_host_record(environment_.data_folder / "embedded.json");
  if (record) {
    record_ = std::move(*record);
  } else if (record.error().code() == ErrorCode::kNotFound) {
    SLIPWAY_TRY(record_first());
  } else {
    return record.error();
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
  return {};
}

void WorkSupervisor::stop() {
  {
    const std::scoped_lock lock(mutex_);
    interrupt_.request_stop();
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void WorkSupervisor::submit(Assignment assignment) {
  const std::scoped_lock lock(mutex_);
  if (wanted_ && *wanted_ == assignment && (pending_ || working_)) return;
  const bool ends_present_work = assignment.action == Action::kReset && wanted_ && wanted_->action != Action::kReset;
  wanted_ = std::move(assignment);
  pending_ = true;
  if (ends_present_work && working_) interrupt_.request_stop();
  changed_.notify_all();
}

WorkReport WorkSupervisor::current() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

bool WorkSupervisor::is_idle() const {
  const std::scoped_lock lock(mutex_);
  return !pending_ && !working_;
}

bool WorkSupervisor::is_embedded(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  return record_.has(path);
}

void WorkSupervisor::publish_report(WorkReport report) {
  {
    const std::scoped_lock lock(mutex_);
    current_ = report;
  }
  report_(report);
}

void WorkSupervisor::publish(const WorkState& state) {
  publish_report(state.report());
}

void WorkSupervisor::loop(const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return pending_; });
    if (stop.stop_requested()) return;
    const Assignment assignment = *wanted_;
    pending_ = false;
    working_ = true;
    interrupt_ = std::stop_source();
    if (stop.stop_requested()) interrupt_.request_stop();
    const std::stop_token interrupt = interrupt_.get_token();
    lock.unlock();
    const Status done = work(assignment, interrupt);
    lock.lock();
    working_ = false;
    if (done || interrupt.stop_requested()) continue;
    // Tried again after a pause, or at once for a new assignment.
    pending_ = true;
    const auto until = environment_.clock->steady() + std::chrono::nanoseconds(environment_.retry_pause);
    while (!stop.stop_requested() && *wanted_ == assignment && environment_.clock->steady() < until)
      environment_.clock->wait_until(changed_, lock, until, stop);
  }
}

Status WorkSupervisor::work(const Assignment& assignment, const std::stop_token& stop) {
  const auto outcome = [&]() -> Status {
    state_ = SLIPWAY_TRY(file_.load());
    const NextStep next = decide(assignment, state_);
    if (next == NextStep::kReset) {
      SLIPWAY_TRY(reset(assignment.action == Action::kReset ? assignment.id : state_.id, stop));
      if (assignment.action != Action::kBootstrap || state_.phase != WorkPhase::kClean) return {};
      return decide(assignment, state_) == NextStep::kBootstrap ? bootstrap(assignment, stop) : Status{};
    }
    if (next == NextStep::kBootstrap) return bootstrap(assignment, stop);
    if (next == NextStep::kRefuse) {
      publish_report(
          {.id = assignment.id,
           .phase = WorkPhase::kFailed,
           .step = "check the host",
           .message = fmt::format("the host still holds the cluster of work '{}' ({}); it must be reset first",
                                  state_.id, agentproto::work_phase_text(state_.phase))});
      return {};
    }
    publish(state_);
    return {};
  }();
  if (outcome || outcome.error().code() == ErrorCode::kCancelled) return {};
  base::log_warning("agent", "work {}: {}", assignment.id, outcome.error().message());
  WorkReport trouble = state_.report();
  trouble.message = outcome.error().message() + "; the agent tries again";
  publish_report(std::move(trouble));
  return outcome;
}

// A host whose agent lost its data may already hold a K3s. That is not what an image brings, and a reset must take it.
Status WorkSupervisor::record_first() {
  SLIPWAY_TRY(record_before_cluster());
  if (!record_.has("/var/lib/rancher/k3s/server")) return {};
  base::log_warning("agent", "this host holds a K3s that this agent did not install; a reset will remove it");
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(record_.entries, [](const auto& entry) { return is_made_by_k3s(entry.first); });
    record_.mounts.clear();
    record_.links.clear();
  }
  return save_host_record(environment_.data_folder / "embedded.json", record_);
}

// The administrator may have put things on the host since the last look: they are not the cluster's.
Status WorkSupervisor::record_before_cluster() {
  HostRecord newest = SLIPWAY_TRY(record_host(environment_.root, plan_.places, environment_.kernel->mounts(), &record_)
                                      .with_context("what the image brought cannot be recorded"));
  {
    const std::scoped_lock lock(mutex_);
    // K3s of the image may be away for a moment (a failing disk, an administrator's hand): when it is back, a reset
    // must not take it for the cluster's.
    if (const auto k3s = record_.entries.find(kK3sProgram); k3s != record_.entries.end()) newest.entries.insert(*k3s);
    record_ = std::move(newest);
  }
  return save_host_record(environment_.data_folder / "embedded.json", record_);
}

Status WorkSupervisor::bootstrap(const Assignment& assignment, const std::stop_token& stop) {
  if (state_.phase == WorkPhase::kClean) {
    SLIPWAY_TRY(record_before_cluster());
    WorkState fresh;
    fresh.id = assignment.id;
    fresh.phase = WorkPhase::kPending;
    state_ = fresh;
    base::crash_point("agent.host-recorded");
  }
  BootstrapRunner runner(environment_, file_, [this](const WorkState& state) { publish(state); });
  return runner.run(assignment, state_, stop);
}

Status WorkSupervisor::reset(const std::string& id, const std::stop_token& stop) {
  WorkState resetting = state_;
  resetting.id = id;
  resetting.phase = WorkPhase::kResetting;
  resetting.step = "begin";
  resetting.message.clear();
  resetting.output.clear();
  resetting.started_at = base::format_rfc3339_micro(environment_.clock->now());
  resetting.finished_at.clear();
  SLIPWAY_TRY(file_.save(resetting));
  state_ = resetting;
  base::crash_point("agent.reset-announced");
  HostReset reset(environment_, plan_);
  const auto announce = [this](std::string_view step) {
    state_.step = step;
    publish(state_);
  };
  const std::vector<std::string> notes = SLIPWAY_TRY(reset.run(record_, state_, announce, stop));
  WorkState clean;
  clean.id = id;
  clean.phase = WorkPhase::kClean;
  clean.message = fmt::format("{}", fmt::join(notes, "; "));
  clean.started_at = resetting.started_at;
  clean.finished_at = base::format_rfc3339_micro(environment_.clock->now());
  SLIPWAY_TRY(file_.save(clean));
  state_ = clean;
  base::crash_point("agent.reset-recorded");
  (void)base::remove_tree(environment_.data_folder / "replaced");
  (void)base::remove_tree(environment_.data_folder / "bootstrap-environment");
  publish(state_);
  return {};
}

}  // namespace slipway::agent
