#include "apiserver/authentication/default_service_accounts.h"

#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "meta/object.h"

namespace slipway::apiserver {

using base::ErrorCode;
using base::Status;

namespace {

constexpr std::string_view kNamespaces = "/registry/core/namespaces/";
constexpr std::string_view kAccounts = "/registry/core/serviceaccounts/";
constexpr std::string_view kName = "default";
constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::chrono::seconds kWatchTimeout{3600};

// The namespace that an event may leave without its ServiceAccount; "" for none.
std::string namespace_of(const store::Event& event) {
  const std::string_view key = event.key;
  const bool removed = event.type == store::Event::Type::kDelete;
  if (key.starts_with(kNamespaces)) return removed ? "" : std::string(key.substr(kNamespaces.size()));
  const std::string_view rest = key.substr(std::min(kAccounts.size(), key.size()));
  const std::size_t slash = rest.find('/');
  return removed && rest.substr(std::min(slash + 1, rest.size())) == kName ? std::string(rest.substr(0, slash)) : "";
}

}  // namespace

base::Result<std::unique_ptr<DefaultServiceAccounts>> DefaultServiceAccounts::start(registry::Registry& registry) {
  auto keeper = std::unique_ptr<DefaultServiceAccounts>(new DefaultServiceAccounts(registry));
  SLIPWAY_TRY(keeper->fill());
  DefaultServiceAccounts* const self = keeper.get();
  keeper->namespaces_ = std::jthread([self](const std::stop_token& stop) { self->run(stop, kNamespaces); });
  keeper->accounts_ = std::jthread([self](const std::stop_token& stop) { self->run(stop, kAccounts); });
  return keeper;
}

void DefaultServiceAccounts::stop() {
  for (std::jthread* thread : {&namespaces_, &accounts_}) thread->request_stop();
  for (std::jthread* thread : {&namespaces_, &accounts_})
    if (thread->joinable()) thread->join();
}

Status DefaultServiceAccounts::fill() {
  const auto kind = registry_.catalog().find("", "v1", "namespaces");
  const auto all = SLIPWAY_TRY(registry_.list(*kind, {}));
  for (const auto& item : all.items) SLIPWAY_TRY(fill(meta::name(*item)));
  return {};
}

Status DefaultServiceAccounts::fill(const std::string& ns) {
  const auto namespaces = registry_.catalog().find("", "v1", "namespaces");
  const auto accounts = registry_.catalog().find("", "v1", "serviceaccounts");
  const auto present = registry_.get(*namespaces, {"", ns});
  if (!present || meta::is_deleting(**present)) return {};
  if (registry_.get(*accounts, {ns, std::string(kName)})) return {};
  const auto made = registry_.create(*accounts, meta::make_object(accounts->gvk(), {ns, std::string(kName)}));
  if (made) return {};
  // Somebody else was quicker, or the namespace goes.
  const ErrorCode code = made.error().code();
  if (code == ErrorCode::kAlreadyExists || code == ErrorCode::kNotFound || code == ErrorCode::kForbidden) return {};
  return made.error().with_context("ServiceAccount default of namespace " + ns);
}

void DefaultServiceAccounts::run(const std::stop_token& stop, std::string_view prefix) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    const Status ended = follow(stop, prefix);
    if (stop.stop_requested() || ended.error().code() == ErrorCode::kCancelled) return;
    if (ended.error().code() != ErrorCode::kExpired)
      base::log_warning("apiserver", "default ServiceAccounts may be missing: {}", ended.error().message());
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kRetryAfter, [] { return false; });
  }
}

Status DefaultServiceAccounts::follow(const std::stop_token& stop, std::string_view prefix) {
  store::Store& store = registry_.store();
  const auto watch = SLIPWAY_TRY(store.watch(prefix, store.revision()));
  const std::stop_callback close(stop, [&] { watch->close(); });
  SLIPWAY_TRY(fill());
  while (true) {
    const auto events = SLIPWAY_TRY(watch->next(kWatchTimeout));
    for (const store::Event& event : events)
      if (const std::string ns = namespace_of(event); !ns.empty()) SLIPWAY_TRY(fill(ns));
  }
}

}  // namespace slipway::apiserver
