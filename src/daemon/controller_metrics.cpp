#include "daemon/controller_metrics.h"

#include <algorithm>

namespace slipway::daemon {

void write_controller_metrics(apiserver::Exposition& out, const std::vector<control::ControllerStatistics>& all) {
  using Type = apiserver::Exposition::Type;
  out.begin("controller_runtime_reconcile_total", Type::kCounter, "Passes of a controller, by their outcome.");
  for (const auto& one : all) {
    out.sample({{"controller", one.name}, {"result", "error"}}, one.errors);
    out.sample({{"controller", one.name}, {"result", "success"}},
               one.reconciles - std::min(one.reconciles, one.errors));
  }
  out.begin("controller_runtime_reconcile_errors_total", Type::kCounter, "Passes of a controller that failed.");
  for (const auto& one : all) out.sample({{"controller", one.name}}, one.errors);
  out.begin("controller_runtime_active_workers", Type::kGauge, "Workers of a controller that are in a pass.");
  for (const auto& one : all) out.sample({{"controller", one.name}}, static_cast<std::uint64_t>(one.busy));
  out.begin("workqueue_depth", Type::kGauge, "Keys that a worker could take now.");
  for (const auto& one : all) out.sample({{"name", one.name}}, static_cast<std::uint64_t>(one.queue_ready));
  out.begin("workqueue_work_duration_seconds_total", Type::kCounter, "Time spent in passes, all workers together.");
  for (const auto& one : all) out.sample({{"name", one.name}}, one.seconds);
}

}  // namespace slipway::daemon
