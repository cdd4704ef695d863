#pragma once

#include <string>
#include <vector>

#include "apiserver/authorization/authorizer.h"
#include "data/json.h"

// The rules of RBAC (rbac.authorization.k8s.io/v1 PolicyRule). Pure functions.
namespace slipway::apiserver {

// The `rules` of a Role or ClusterRole.
std::vector<PolicyRule> policy_rules_of(const data::Json& role);
data::Json rules_json(const std::vector<PolicyRule>& rules);

// As k8s.io/kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go: "*" is everything, "*/scale" a subresource of every
// resource, a "*" at the end of a path anything.
bool rule_allows(const PolicyRule& rule, const AccessAttributes& attributes);

// What of `wanted` nobody who has `held` may do, broken down to one verb on one resource (and name) or path each
// (k8s.io/component-helpers/auth/rbac/validation.Covers).
std::vector<PolicyRule> uncovered_rules(const std::vector<PolicyRule>& held, const std::vector<PolicyRule>& wanted);

// Broken-down rules of one resource (and name) as one, for people; the order is kept.
std::vector<PolicyRule> compact_rules(const std::vector<PolicyRule>& rules);

// {APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}
std::string rule_text(const PolicyRule& rule);
// ["a" "b"]
std::string list_text(const std::vector<std::string>& items);

}  // namespace slipway::apiserver
