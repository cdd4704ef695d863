#include "cli/wait.h"

#include <fmt/core.h>

#include "cli/output.h"
#include "meta/object.h"

namespace slipway::cli {

using base::ErrorCode;
using std::chrono::milliseconds;

namespace {

void sleep_for(const Context& context, milliseconds time) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;  // only the deadline or a stop ends this wait
  context.clock->wait_until(never, lock, context.clock->steady() + time, context.stop);
}

// One watch, from the object's present state on. False: the watch ended and must be made again.
Result<bool> follow_once(const Context& context, const meta::Gvk& gvk, const ObjectKey& key,
                         std::chrono::nanoseconds deadline, milliseconds tick, const WaitStep& step) {
  registry::ListOptions list;
  list.ns = key.ns;
  list.fields = SLIPWAY_TRY(meta::FieldSelector::parse("metadata.name=" + key.name));
  const auto present = SLIPWAY_TRY(context.client->list(gvk, list));
  if (SLIPWAY_TRY(step(present.items.empty() ? nullptr : present.items[0].get()))) return true;

  registry::WatchOptions options;
  options.ns = key.ns;
  options.fields = list.fields;
  options.resource_version = present.resource_version;
  ObjectPtr newest = present.items.empty() ? nullptr : present.items[0];
  const auto watch = SLIPWAY_TRY(context.client->watch(gvk, options));
  while (context.clock->steady() < deadline && !context.stop.stop_requested()) {
    auto events = watch->next(tick);
    if (!events) {
      if (events.error().code() == ErrorCode::kExpired || events.error().code() == ErrorCode::kUnavailable ||
          events.error().code() == ErrorCode::kCancelled)
        return false;
      return events.error();
    }
    for (const auto& event : *events) {
      if (event.type == registry::WatchEvent::Type::kBookmark) continue;
      newest = event.type == registry::WatchEvent::Type::kDeleted ? nullptr : event.object;
      if (SLIPWAY_TRY(step(newest.get()))) return true;
    }
    if (events->empty() && SLIPWAY_TRY(step(newest.get()))) return true;
  }
  return false;
}

}  // namespace

Status watch_object(const Context& context, const meta::Gvk& gvk, const ObjectKey& key, milliseconds timeout,
                    milliseconds tick, const WaitStep& step) {
  const auto deadline = context.clock->steady() + timeout;
  while (context.clock->steady() < deadline) {
    if (context.stop.stop_requested()) return Status(ErrorCode::kCancelled, "interrupted");
    const auto over = follow_once(context, gvk, key, deadline, tick, step);
    if (over && *over) return {};
    if (!over) {
      if (over.error().code() != ErrorCode::kUnavailable) return over.error();
      sleep_for(context, milliseconds(500));
    }
  }
  return Status(ErrorCode::kTimeout, fmt::format("{} '{}': not done after {}", gvk.kind, key.name, elapsed(timeout)));
}

Status poll(const Context& context, milliseconds timeout, milliseconds pause,
            const std::function<Result<bool>()>& over) {
  const auto deadline = context.clock->steady() + timeout;
  while (!SLIPWAY_TRY(over())) {
    if (context.stop.stop_requested()) return Status(ErrorCode::kCancelled, "interrupted");
    if (context.clock->steady() >= deadline)
      return Status(ErrorCode::kTimeout, fmt::format("not done after {}", elapsed(timeout)));
    sleep_for(context, pause);
  }
  return {};
}

Status wait_until_gone(const Context& context, const meta::Gvk& gvk, const Json& object, milliseconds timeout,
                       const std::function<void(const Json&)>& on_state) {
  const std::string uid = meta::uid(object);
  return watch_object(context, gvk, meta::key_of(object), timeout, milliseconds(500),
                      [&](const Json* state) -> Result<bool> {
                        if (state == nullptr || meta::uid(*state) != uid) return true;
                        if (on_state) on_state(*state);
                        return false;
                      });
}

}  // namespace slipway::cli
