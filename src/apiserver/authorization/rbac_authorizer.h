#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>

#include "apiserver/authorization/rbac_index.h"
#include "registry/registry.h"

namespace slipway::apiserver {

// Kubernetes' RBAC over the Roles and bindings in the registry. A request that comes after a change was acknowledged
// sees it: the store tells of a change before it acknowledges it, and the next check takes it in first. When the store
// cannot be read, nobody has a role.
class RbacAuthorizer final : public Authorizer {
 public:
  // The registry must outlive it.
  explicit RbacAuthorizer(registry::Registry& registry);
  ~RbacAuthorizer() override;

  Verdict authorize(const AccessAttributes& attributes) override;
  RuleReview rules_for(const UserInfo& user, std::string_view ns) override;
  // As RbacIndex::role_rules.
  base::Result<std::vector<PolicyRule>> role_rules(std::string_view role_kind, std::string_view name,
                                                   std::string_view ns);

 private:
  void catch_up();
  // The rest holds mutex_ alone.
  void load();
  void drain();
  void take(std::string_view key, const store::Bytes* value);

  registry::Registry& registry_;
  std::atomic<std::uint64_t> announced_{0};  // changes that the store told of
  std::atomic<std::uint64_t> taken_{0};      // the last of them that index_ has
  std::shared_mutex mutex_;
  RbacIndex index_;
  std::unique_ptr<store::Watch> watch_;
};

}  // namespace slipway::apiserver
