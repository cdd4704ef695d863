#pragma once

#include "apiserver/authorization/authorizer.h"
#include "apiserver/request_path.h"
#include "base/result.h"
#include "net/http_message.h"

namespace slipway::apiserver {

// The verb of a request: get, list, watch, create, update, patch, delete, deletecollection for resources ("" for any
// other method), the lower-case method for other paths.
std::string verb_of(const net::HttpRequest& request, const RequestPath& path);

// The name that a list or watch is limited to by its field selector (metadata.name=x): a role for that one object is
// enough then. "" when there is none, or when it is no name of an object.
std::string selected_name(const net::HttpRequest& request);

// As k8s.io/apiserver/pkg/endpoints/request.RequestInfoFactory reads a request. `selected_name` counts for list and
// watch of a collection.
AccessAttributes attributes_of(const UserInfo& user, std::string_view verb, const net::HttpRequest& request,
                               const RequestPath& path, std::string_view selected_name);

// kForbidden, in kube-apiserver's words, unless the authorizer allows it.
base::Status check_access(Authorizer& authorizer, const AccessAttributes& attributes);

}  // namespace slipway::apiserver
