#include "apiserver/authorization/role_aggregation.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "apiserver/authorization/default_policy.h"
#include "base/log.h"
#include "meta/object.h"
#include "meta/selector.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kPrefix = "/registry/rbac.authorization.k8s.io/clusterroles/";
constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::chrono::seconds kWatchTimeout{3600};

}  // namespace

std::optional<Json> aggregated(const Json& role, const std::vector<meta::ObjectPtr>& cluster_roles) {
  const Json& selectors = role.get({"aggregationRule", "clusterRoleSelectors"});
  if (selectors.empty()) return std::nullopt;
  std::vector<meta::ObjectPtr> sorted = cluster_roles;
  std::ranges::sort(sorted, {}, [](const meta::ObjectPtr& other) { return meta::name(*other); });
  Json rules = Json::array();
  for (const Json& item : selectors.items()) {
    const auto selector = meta::LabelSelector::from_json(item);
    if (!selector) return std::nullopt;  // refused by validation; an older one is left alone
    for (const meta::ObjectPtr& other : sorted) {
      if (meta::name(*other) == meta::name(role) || !selector->matches(*other)) continue;
      for (const Json& rule : (*other)["rules"].items())
        if (std::ranges::find(rules.items(), rule) == rules.items().end()) rules.append(rule);
    }
  }
  if (rules == role["rules"] || (rules.empty() && role["rules"].empty())) return std::nullopt;
  Json filled = role;
  filled.set("rules", std::move(rules));
  return filled;
}

base::Status aggregate_roles(registry::Registry& registry) {
  const auto resource = registry.catalog().find(kGroup, "v1", "clusterroles");
  registry::WriteOptions options;
  options.field_manager = "clusterrole-aggregation-controller";
  registry::ObjectList list = SLIPWAY_TRY(registry.list(*resource, {}));
  // Each pass carries rules at least one role further.
  const std::size_t passes = list.items.size() + 1;
  bool changed = true;
  for (std::size_t pass = 0; changed && pass < passes; ++pass) {
    changed = false;
    for (meta::ObjectPtr& role : list.items) {
      std::optional<Json> filled = aggregated(*role, list.items);
      if (!filled) continue;
      const auto written = registry.update(*resource, std::move(*filled), options);
      if (written) {
        // Later roles of this pass collect the new rules: two that collect from each other settle.
        role = *written;
        changed = true;
        continue;
      }
      // Somebody else changed it; the watch brings that.
      const ErrorCode code = written.error().code();
      if (code != ErrorCode::kConflict && code != ErrorCode::kNotFound)
        return written.error().with_context("ClusterRole " + meta::name(*role));
    }
  }
  return {};
}

base::Result<std::unique_ptr<AccessPolicyKeeper>> AccessPolicyKeeper::start(registry::Registry& registry) {
  SLIPWAY_TRY(write_default_policy(registry));
  SLIPWAY_TRY(aggregate_roles(registry));
  auto keeper = std::unique_ptr<AccessPolicyKeeper>(new AccessPolicyKeeper(registry));
  keeper->thread_ = std::jthread([self = keeper.get()](const std::stop_token& stop) { self->run(stop); });
  return keeper;
}

AccessPolicyKeeper::~AccessPolicyKeeper() {
  stop();
}

void AccessPolicyKeeper::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void AccessPolicyKeeper::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    const base::Status ended = follow(stop);
    if (stop.stop_requested() || ended.error().code() == ErrorCode::kCancelled) return;
    if (ended.error().code() != ErrorCode::kExpired)
      base::log_warning("apiserver", "aggregated roles are not up to date: {}", ended.error().message());
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kRetryAfter, [] { return false; });
  }
}

base::Status AccessPolicyKeeper::follow(const std::stop_token& stop) {
  store::Store& store = registry_.store();
  const auto watch = SLIPWAY_TRY(store.watch(kPrefix, store.revision()));
  const std::stop_callback close(stop, [&] { watch->close(); });
  while (true) {
    SLIPWAY_TRY(aggregate_roles(registry_));
    SLIPWAY_TRY(watch->next(kWatchTimeout));
  }
}

}  // namespace slipway::apiserver
