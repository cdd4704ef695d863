#include "apiserver/authorization/rbac_authorizer.h"

#include <mutex>
#include <optional>
#include <utility>

#include "base/log.h"

namespace slipway::apiserver {

using base::ErrorCode;

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kPrefix = "/registry/rbac.authorization.k8s.io/";

std::optional<RbacIndex::Kind> kind_of(std::string_view plural) {
  if (plural == "roles") return RbacIndex::Kind::kRole;
  if (plural == "rolebindings") return RbacIndex::Kind::kRoleBinding;
  if (plural == "clusterroles") return RbacIndex::Kind::kClusterRole;
  if (plural == "clusterrolebindings") return RbacIndex::Kind::kClusterRoleBinding;
  return std::nullopt;
}

}  // namespace

RbacAuthorizer::RbacAuthorizer(registry::Registry& registry) : registry_(registry) {
  const std::unique_lock lock(mutex_);
  load();
}

RbacAuthorizer::~RbacAuthorizer() {
  if (watch_) watch_->on_ready({});
}

Verdict RbacAuthorizer::authorize(const AccessAttributes& attributes) {
  catch_up();
  const std::shared_lock lock(mutex_);
  return index_.authorize(attributes);
}

RuleReview RbacAuthorizer::rules_for(const UserInfo& user, std::string_view ns) {
  catch_up();
  const std::shared_lock lock(mutex_);
  return index_.rules_for(user, ns);
}

base::Result<std::vector<PolicyRule>> RbacAuthorizer::role_rules(std::string_view role_kind, std::string_view name,
                                                                 std::string_view ns) {
  catch_up();
  const std::shared_lock lock(mutex_);
  return index_.role_rules(role_kind, name, ns);
}

void RbacAuthorizer::catch_up() {
  if (taken_.load(std::memory_order_acquire) == announced_.load(std::memory_order_acquire)) return;
  const std::unique_lock lock(mutex_);
  const std::uint64_t announced = announced_.load(std::memory_order_acquire);
  if (taken_.load(std::memory_order_acquire) == announced) return;
  drain();
  taken_.store(announced, std::memory_order_release);
}

void RbacAuthorizer::load() {
  if (watch_) watch_->on_ready({});
  watch_.reset();
  index_.clear();
  auto page = registry_.store().list(kPrefix);
  auto watch = page ? registry_.store().watch(kPrefix, page->revision)
                    : base::Result<std::unique_ptr<store::Watch>>(page.error());
  if (!watch) return base::log_error("apiserver", "roles and bindings cannot be read: {}", watch.error().message());
  watch_ = std::move(*watch);
  for (const store::Entry& entry : page->entries) take(entry.key, &entry.value);
  watch_->on_ready([this] { announced_.fetch_add(1, std::memory_order_release); });
}

void RbacAuthorizer::drain() {
  while (watch_) {
    const auto events = watch_->next(std::chrono::milliseconds(0));
    if (!events) {
      // The store is closing; what is known stays.
      if (events.error().code() == ErrorCode::kCancelled) return;
      return load();
    }
    if (events->empty()) return;
    for (const store::Event& event : *events)
      take(event.key, event.type == store::Event::Type::kPut ? &event.value : nullptr);
  }
}

void RbacAuthorizer::take(std::string_view key, const store::Bytes* value) {
  key.remove_prefix(kPrefix.size());
  const std::size_t slash = key.find('/');
  const std::string_view plural = key.substr(0, slash);
  const auto kind = kind_of(plural);
  if (!kind || slash == key.npos) return;
  const std::string_view path = key.substr(slash + 1);
  const std::size_t second = path.find('/');
  const meta::ObjectKey object_key{second == path.npos ? "" : std::string(path.substr(0, second)),
                                   std::string(second == path.npos ? path : path.substr(second + 1))};
  if (value == nullptr) return index_.remove(*kind, object_key);
  const auto resource = registry_.catalog().find(kGroup, "v1", plural);
  const auto object = registry_.decode(*resource->resource, *value);
  if (object) return index_.put(*kind, **object);
  base::log_error("apiserver", "{} {} is left out of access decisions: {}", plural, object_key.text(),
                  object.error().message());
  index_.remove(*kind, object_key);
}

}  // namespace slipway::apiserver
