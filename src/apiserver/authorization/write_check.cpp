#include "apiserver/authorization/write_check.h"

#include <fmt/core.h>
#include <set>

#include "apiserver/authorization/policy_rule.h"
#include "meta/object.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using data::Json;

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

base::Status forbidden(const AccessAttributes& attributes, const Json& object, const std::string& why) {
  return registry::forbidden(fmt::format("{}.{}", attributes.resource, kGroup), meta::name(object), why);
}

// As escalation_problem, for the user and the namespace of the request.
std::string missing_rules(const RequestAccess& access, const std::vector<PolicyRule>& wanted) {
  const UserInfo& user = access.attributes.user;
  return escalation_problem(user, access.roles.rules_for(user, access.attributes.ns), wanted);
}

// Fields that the garbage collector needs to change on the way to a deletion.
bool is_only_collected(const Json& object, const Json& old) {
  Json copy = object;
  for (const std::string_view member : {"ownerReferences", "finalizers", "managedFields", "resourceVersion"}) {
    if (old["metadata"].contains(member))
      copy.at("metadata").set(member, old["metadata"][member]);
    else
      copy.at("metadata").erase(member);
  }
  return copy == old;
}

bool is_aggregated(const Json& role) {
  return !role.get({"aggregationRule", "clusterRoleSelectors"}).empty();
}

base::Status check_role(const RequestAccess& access, const Json* old, const Json& object) {
  AccessAttributes escalate = access.attributes;
  escalate.verb = "escalate";
  escalate.version = "*";
  if (access.authorizer.authorize(escalate).decision == Decision::kAllow) return {};
  if (const std::string why = missing_rules(access, policy_rules_of(object)); !why.empty())
    return forbidden(access.attributes, object, why);
  if (!is_aggregated(object) && (old == nullptr || !is_aggregated(*old))) return {};
  // An aggregated role can collect anything.
  const std::vector<PolicyRule> everything{{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}},
                                           {.verbs = {"*"}, .non_resource_urls = {"*"}}};
  if (missing_rules(access, everything).empty()) return {};
  return forbidden(access.attributes, object, "must have cluster-admin privileges to use the aggregationRule");
}

base::Status check_binding(const RequestAccess& access, const Json& object) {
  const std::string& kind = object.text({"roleRef", "kind"});
  const std::string& name = object.text({"roleRef", "name"});
  const bool cluster = kind == "ClusterRole";
  AccessAttributes bind{.user = access.attributes.user, .verb = "bind", .is_resource = true, .group = kGroup};
  bind.version = "*";
  bind.resource = cluster ? "clusterroles" : "roles";
  bind.name = name;
  bind.ns = access.attributes.ns;
  if (access.authorizer.authorize(bind).decision == Decision::kAllow) return {};
  const std::vector<PolicyRule> wanted = SLIPWAY_TRY(access.roles.role_rules(kind, name, access.attributes.ns));
  if (const std::string why = missing_rules(access, wanted); !why.empty())
    return forbidden(access.attributes, object, why);
  return {};
}

}  // namespace

std::string escalation_problem(const UserInfo& user, const RuleReview& held, const std::vector<PolicyRule>& wanted) {
  const std::vector<PolicyRule> missing = uncovered_rules(held.rules, wanted);
  if (missing.empty()) return {};
  std::set<std::string> lines;
  for (const PolicyRule& rule : compact_rules(missing)) lines.insert(rule_text(rule));
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  const std::string unresolved = held.error.empty() ? "" : fmt::format("; resolution errors: [{}]", held.error);
  return fmt::format("user \"{}\" (groups={}) is attempting to grant RBAC permissions not currently held:\n{}{}",
                     user.name, list_text(user.groups), text, unresolved);
}

std::function<base::Status(const Json*, const Json&)> write_check(const RequestAccess& access) {
  const AccessAttributes& attributes = access.attributes;
  const bool roles = attributes.group == kGroup && attributes.resource.ends_with("roles");
  const bool bindings = attributes.group == kGroup && attributes.resource.ends_with("rolebindings");
  const bool may_create = attributes.verb == "create";
  if (may_create && !roles && !bindings) return {};
  return [access, roles, bindings, may_create](const Json* old, const Json& object) -> base::Status {
    if (old == nullptr && !may_create) {
      AccessAttributes create = access.attributes;
      create.verb = "create";
      SLIPWAY_TRY(check_access(access.authorizer, create));
    }
    if ((!roles && !bindings) || is_in_group(access.attributes.user, kMastersGroup)) return {};
    if (old != nullptr && is_only_collected(object, *old)) return {};
    return roles ? check_role(access, old, object) : check_binding(access, object);
  };
}

}  // namespace slipway::apiserver
