#include "apiserver/authorization/rbac_index.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "apiserver/authorization/policy_rule.h"
#include "meta/object.h"

namespace slipway::apiserver {

using data::Json;

namespace {

bool is_binding(RbacIndex::Kind kind) {
  return kind == RbacIndex::Kind::kRoleBinding || kind == RbacIndex::Kind::kClusterRoleBinding;
}

// k8s.io/apimachinery/pkg/util/errors.Aggregate: one message, or all of them in brackets; each once.
std::string aggregate(const std::vector<std::string>& messages) {
  std::string joined;
  std::set<std::string> seen;
  for (const std::string& message : messages)
    if (seen.insert(message).second) joined += (joined.empty() ? "" : ", ") + message;
  return seen.size() > 1 ? "[" + joined + "]" : joined;
}

}  // namespace

std::shared_ptr<RbacIndex::Role> RbacIndex::role_slot(bool cluster, std::string_view ns, std::string_view name) {
  auto& slot = cluster_and_local_roles_[{cluster ? std::string() : std::string(ns), std::string(name)}];
  if (!slot) slot = std::make_shared<Role>(Role{.cluster = cluster, .name = std::string(name)});
  return slot;
}

void RbacIndex::drop_unused_role(bool cluster, const std::string& ns, const std::string& name) {
  const auto found = cluster_and_local_roles_.find(std::pair(cluster ? std::string() : ns, name));
  if (found == cluster_and_local_roles_.end()) return;
  if (!found->second->present && found->second.use_count() == 1) cluster_and_local_roles_.erase(found);
}

void RbacIndex::put(Kind kind, const Json& object) {
  const meta::ObjectKey key = meta::key_of(object);
  if (is_binding(kind)) {
    const std::string ns = kind == Kind::kRoleBinding ? key.ns : std::string();
    remove_binding({ns, key.name});
    return add_binding(object, ns);
  }
  Role& role = *role_slot(kind == Kind::kClusterRole, key.ns, key.name);
  role.present = true;
  role.rules = policy_rules_of(object);
}

void RbacIndex::remove(Kind kind, const meta::ObjectKey& key) {
  if (is_binding(kind)) return remove_binding({kind == Kind::kRoleBinding ? key.ns : std::string(), key.name});
  const bool cluster = kind == Kind::kClusterRole;
  Role& role = *role_slot(cluster, key.ns, key.name);
  role.present = false;
  role.rules.clear();
  drop_unused_role(cluster, key.ns, key.name);
}

void RbacIndex::clear() {
  users_.clear();
  groups_.clear();
  bindings_.clear();
  cluster_and_local_roles_.clear();
}

void RbacIndex::add_binding(const Json& object, const std::string& ns) {
  auto binding = std::make_unique<Binding>();
  binding->ns = ns;
  binding->name = meta::name(object);
  binding->role_kind = object.text({"roleRef", "kind"});
  const bool cluster = binding->role_kind == "ClusterRole";
  if (cluster || (binding->role_kind == "Role" && !ns.empty()))
    binding->role = role_slot(cluster, ns, object.text({"roleRef", "name"}));
  for (const Json& subject : object["subjects"].items()) {
    const std::string& kind = subject.text({"kind"});
    const std::string& name = subject.text({"name"});
    if (kind == "User") {
      binding->users.push_back(name);
    } else if (kind == "Group") {
      binding->groups.push_back(name);
    } else if (kind == "ServiceAccount") {
      const std::string& account_ns = subject.text({"namespace"}).empty() ? ns : subject.text({"namespace"});
      if (!account_ns.empty()) binding->users.push_back(fmt::format("system:serviceaccount:{}:{}", account_ns, name));
    }
  }
  for (const std::string& user : binding->users) change(users_, user, *binding, true);
  for (const std::string& group : binding->groups) change(groups_, group, *binding, true);
  bindings_[{ns, binding->name}] = std::move(binding);
}

void RbacIndex::remove_binding(const BindingKey& key) {
  const auto found = bindings_.find(key);
  if (found == bindings_.end()) return;
  const std::unique_ptr<Binding> binding = std::move(found->second);
  bindings_.erase(found);
  for (const std::string& user : binding->users) change(users_, user, *binding, false);
  for (const std::string& group : binding->groups) change(groups_, group, *binding, false);
  if (!binding->role) return;
  const bool cluster = binding->role->cluster;
  const std::string name = binding->role->name;
  binding->role.reset();
  drop_unused_role(cluster, key.first, name);
}

void RbacIndex::change(TextMap<Grants>& subjects, const std::string& subject, const Binding& binding, bool add) {
  Grants& grants = subjects[subject];
  std::vector<const Binding*>& list = binding.ns.empty() ? grants.everywhere : grants.by_namespace[binding.ns];
  std::erase(list, &binding);  // a subject may be named twice
  if (add) {
    const auto at = std::ranges::lower_bound(list, binding.name, {}, [](const Binding* item) { return item->name; });
    list.insert(at, &binding);
    return;
  }
  if (!binding.ns.empty() && list.empty()) grants.by_namespace.erase(binding.ns);
  if (grants.empty()) subjects.erase(subject);
}

template <typename Visit>
void RbacIndex::visit_bindings(const UserInfo& user, std::string_view ns, const Visit& visit) const {
  const auto everywhere = [&](const Grants& grants) { return std::ranges::all_of(grants.everywhere, visit); };
  const auto local = [&](const Grants& grants) {
    const auto found = grants.by_namespace.find(ns);
    return found == grants.by_namespace.end() || std::ranges::all_of(found->second, visit);
  };
  const auto each_subject = [&](const auto& look) {
    if (const auto found = users_.find(user.name); found != users_.end() && !look(found->second)) return false;
    for (const std::string& group : user.groups)
      if (const auto found = groups_.find(group); found != groups_.end() && !look(found->second)) return false;
    return true;
  };
  if (each_subject(everywhere) && !ns.empty()) each_subject(local);
}

std::string RbacIndex::missing_text(const Binding& binding) {
  if (!binding.role) return fmt::format("unsupported role reference kind: \"{}\"", binding.role_kind);
  return fmt::format("{}.rbac.authorization.k8s.io \"{}\" not found", binding.role->cluster ? "clusterrole" : "role",
                     binding.role->name);
}

Verdict RbacIndex::authorize(const AccessAttributes& attributes) const {
  Verdict verdict;
  std::vector<std::string> missing;
  visit_bindings(attributes.user, attributes.ns, [&](const Binding* binding) {
    if (!binding->role || !binding->role->present) {
      missing.push_back(missing_text(*binding));
      return true;
    }
    const bool allowed = std::ranges::any_of(binding->role->rules,
                                             [&](const PolicyRule& rule) { return rule_allows(rule, attributes); });
    if (allowed) verdict.decision = Decision::kAllow;
    return !allowed;
  });
  if (verdict.decision != Decision::kAllow && !missing.empty()) verdict.reason = "RBAC: " + aggregate(missing);
  return verdict;
}

RuleReview RbacIndex::rules_for(const UserInfo& user, std::string_view ns) const {
  RuleReview review;
  std::vector<std::string> missing;
  std::set<const Binding*> seen;
  visit_bindings(user, ns, [&](const Binding* binding) {
    if (!seen.insert(binding).second) return true;
    if (!binding->role || !binding->role->present)
      missing.push_back(missing_text(*binding));
    else
      review.rules.insert(review.rules.end(), binding->role->rules.begin(), binding->role->rules.end());
    return true;
  });
  review.error = aggregate(missing);
  return review;
}

base::Result<std::vector<PolicyRule>> RbacIndex::role_rules(std::string_view role_kind, std::string_view name,
                                                            std::string_view ns) const {
  const bool cluster = role_kind == "ClusterRole";
  if (!cluster && role_kind != "Role")
    return base::fail(base::ErrorCode::kInternal, fmt::format("unsupported role reference kind: \"{}\"", role_kind));
  const auto found = cluster_and_local_roles_.find(
      std::pair<std::string, std::string>(cluster ? std::string_view() : ns, std::string(name)));
  if (found == cluster_and_local_roles_.end() || !found->second->present || found->second->cluster != cluster)
    return base::fail(base::ErrorCode::kNotFound, fmt::format("{}.rbac.authorization.k8s.io \"{}\" not found",
                                                              cluster ? "clusterroles" : "roles", name));
  return found->second->rules;
}

}  // namespace slipway::apiserver
