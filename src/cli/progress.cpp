#include "cli/progress.h"

#include <fmt/core.h>

#include "api/cluster/timeline.h"
#include "cli/output.h"
#include "meta/conditions.h"
#include "meta/object.h"

namespace slipway::cli {

namespace {

// The text of the condition that says what is waited for now.
std::string waiting_for(const Json& cluster) {
  for (const std::string_view type :
       {"TopologyReconciled", "InfrastructureReady", "ControlPlaneInitialized", "ControlPlaneAvailable", "Available"}) {
    const Json& condition = meta::find_condition(cluster, type);
    if (condition.is_null() || condition.text({"status"}) == "True") continue;
    const std::string& message = condition.text({"message"});
    std::string text = message.empty() ? condition.text({"reason"}) : message;
    if (const auto end = text.find('\n'); end != std::string::npos) text.resize(end);
    return text;
  }
  return "working";
}

}  // namespace

CreationProgress::CreationProgress(const Context& context, const Json& cluster)
    : context_(context), start_(context.clock->now()), step_start_(context.clock->steady()) {
  if (const auto steps = api::cluster::read_timeline(cluster); !steps.empty()) start_ = steps.front().time;
}

bool CreationProgress::show(const Json& cluster) {
  if (context_.format != OutputFormat::kTable) return meta::is_condition_true(cluster, "Available");
  for (const auto& step : api::cluster::read_timeline(cluster)) {
    if (!shown_.insert(step.name).second) continue;
    if (line_open_) print(context_.out, "\r\033[K");
    line_open_ = false;
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(step.time - start_);
    print(context_.out, fmt::format("  {:>9}  {}\n", elapsed(since), step.name));
    step_start_ = context_.clock->steady();
  }
  const bool ready = meta::is_condition_true(cluster, "Available");
  if (!ready) {
    const std::string waiting = waiting_for(cluster);
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(context_.clock->steady() - step_start_);
    if (context_.interactive) {
      print(context_.out, fmt::format("\r\033[K  {:>9}  … {}", elapsed(waited), waiting.substr(0, 100)));
      line_open_ = true;
    } else if (waiting != current_) {
      print(context_.out, fmt::format("             … {}\n", waiting));
    }
    current_ = waiting;
  }
  return ready;
}

void CreationProgress::finish() {
  if (line_open_) print(context_.out, "\r\033[K");
  line_open_ = false;
}

}  // namespace slipway::cli
