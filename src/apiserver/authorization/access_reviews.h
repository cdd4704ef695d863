#pragma once

#include <span>

#include "apiserver/authorization/authorizer.h"
#include "apiserver/discovery.h"
#include "apiserver/request_path.h"
#include "base/clock.h"
#include "base/result.h"
#include "data/json.h"

// Questions about access that are answered and never stored: authorization.k8s.io/v1 SelfSubjectAccessReview,
// SubjectAccessReview, LocalSubjectAccessReview, SelfSubjectRulesReview, and authentication.k8s.io/v1
// SelfSubjectReview.
namespace slipway::apiserver {

std::span<const UnstoredResource> access_reviews();
// The review that a path asks for; null when it is another path.
const UnstoredResource* find_access_review(const RequestPath& path);

// The review in the body with its status. `user` asks, which is not whom a SubjectAccessReview is about. kBadRequest
// for another kind, kInvalid with the fields that are wrong, in kube-apiserver's words.
base::Result<data::Json> answer_access_review(const UnstoredResource& review, const RequestPath& path, data::Json body,
                                              const UserInfo& user, Authorizer& authorizer, base::Clock& clock);

// An object that is answered and not stored must be of the kind of its path; one that names no kind becomes it.
// kBadRequest otherwise.
base::Status check_unstored_kind(const UnstoredResource& resource, data::Json& body);
// UserInfo of authentication.k8s.io/v1.
data::Json user_json(const UserInfo& user);

}  // namespace slipway::apiserver
