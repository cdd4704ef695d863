#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apiserver/authorization/rbac_authorizer.h"
#include "apiserver/authorization/request_access.h"
#include "base/result.h"
#include "data/json.h"

namespace slipway::apiserver {

// Whose request this is and what its door allowed; lives as long as the request.
struct RequestAccess {
  Authorizer& authorizer;
  RbacAuthorizer& roles;
  const AccessAttributes& attributes;
};

// What must hold beyond the right to send the request, known only once the object is (registry::WriteOptions::check):
//  - an update or patch that makes a new object needs `create`;
//  - nobody gives more than they have: the rules of a role, or of the role that a binding names, must be held by the
//    writer, unless the writer has the verb `escalate` (roles) or `bind` (the bound role), or is in system:masters
//    (k8s.io/kubernetes/pkg/registry/rbac/*/policybased).
// Empty when nothing is to be checked.
std::function<base::Status(const data::Json* old, const data::Json& object)> write_check(const RequestAccess& access);

// Why a user who holds these rules may not give the wanted ones: what is missing, a line each; "" when nothing is.
std::string escalation_problem(const UserInfo& user, const RuleReview& held, const std::vector<PolicyRule>& wanted);

}  // namespace slipway::apiserver
