#pragma once

#include "apiserver/authentication/user_info.h"
#include "apiserver/authorization/authorizer.h"
#include "base/result.h"
#include "net/http_message.h"

namespace slipway::apiserver {

// Who a request acts as: `requester`, or whom its headers Impersonate-User, -Group, -Uid and -Extra-<key> name
// (kubectl --as). Each named value needs the verb `impersonate`: on users, groups and serviceaccounts of the core
// group, on uids and userextras/<key> of authentication.k8s.io. kBadRequest when the user is missing among them,
// kForbidden names what may not be taken. (k8s.io/apiserver/pkg/endpoints/filters/impersonation, the verb
// `impersonate`; the constrained verbs impersonate:* are not served.)
base::Result<UserInfo> impersonate(const net::HttpRequest& request, const UserInfo& requester, Authorizer& authorizer);

}  // namespace slipway::apiserver
