#include "apiserver/authentication/impersonation.h"

#include <fmt/core.h>
#include <optional>
#include <utility>

#include "apiserver/authorization/request_access.h"

namespace slipway::apiserver {

namespace {

constexpr std::string_view kUserHeader = "impersonate-user";
constexpr std::string_view kGroupHeader = "impersonate-group";
constexpr std::string_view kUidHeader = "impersonate-uid";
constexpr std::string_view kExtraHeader = "impersonate-extra-";
constexpr std::string_view kServiceAccountUser = "system:serviceaccount:";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Keys are percent-encoded in header names; a broken one is taken as it stands.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::string(text);
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// The user in the headers as it stands there; nobody when there are none of them.
base::Result<std::optional<UserInfo>> wanted_user(const net::HttpRequest& request) {
  UserInfo wanted;
  bool any = false;
  for (const auto& [header, value] : request.headers) {
    if (header == kUserHeader) {
      if (wanted.name.empty()) wanted.name = value;
    } else if (header == kUidHeader) {
      if (wanted.uid.empty()) wanted.uid = value;
    } else if (header == kGroupHeader) {
      wanted.groups.push_back(value);
    } else if (header.starts_with(kExtraHeader)) {
      wanted.extra[unescape(std::string_view(header).substr(kExtraHeader.size()))].push_back(value);
    } else {
      continue;
    }
    any = true;
  }
  if (!wanted.name.empty()) return std::optional(std::move(wanted));
  if (any && (!wanted.uid.empty() || !wanted.groups.empty() || !wanted.extra.empty()))
    return base::fail(base::ErrorCode::kBadRequest,
                      "a uid, groups or extra values are to be impersonated without Impersonate-User; name the user");
  return std::optional<UserInfo>();
}

// "system:serviceaccount:<namespace>:<name>"
std::optional<std::pair<std::string_view, std::string_view>> service_account(std::string_view user) {
  if (!user.starts_with(kServiceAccountUser)) return std::nullopt;
  user.remove_prefix(kServiceAccountUser.size());
  const std::size_t colon = user.find(':');
  if (colon == user.npos || colon == 0 || colon + 1 == user.size()) return std::nullopt;
  if (user.find(':', colon + 1) != user.npos) return std::nullopt;
  return std::pair(user.substr(0, colon), user.substr(colon + 1));
}

}  // namespace

base::Result<UserInfo> impersonate(const net::HttpRequest& request, const UserInfo& requester, Authorizer& authorizer) {
  std::optional<UserInfo> wanted = SLIPWAY_TRY(wanted_user(request));
  if (!wanted) return requester;

  AccessAttributes attributes{.user = requester, .verb = "impersonate", .is_resource = true, .version = "v1"};
  const auto account = service_account(wanted->name);
  attributes.resource = account ? "serviceaccounts" : "users";
  attributes.ns = account ? account->first : std::string_view();
  attributes.name = account ? account->second : std::string_view(wanted->name);
  SLIPWAY_TRY(check_access(authorizer, attributes));
  attributes.ns = {};
  attributes.resource = "groups";
  for (const std::string& group : wanted->groups) {
    attributes.name = group;
    SLIPWAY_TRY(check_access(authorizer, attributes));
  }
  attributes.group = "authentication.k8s.io";
  if (!wanted->uid.empty()) {
    attributes.resource = "uids";
    attributes.name = wanted->uid;
    SLIPWAY_TRY(check_access(authorizer, attributes));
  }
  attributes.resource = "userextras";
  for (const auto& [key, values] : wanted->extra) {
    attributes.subresource = key;
    for (const std::string& value : values) {
      attributes.name = value;
      SLIPWAY_TRY(check_access(authorizer, attributes));
    }
  }

  if (account && wanted->groups.empty())
    wanted->groups = {"system:serviceaccounts", fmt::format("system:serviceaccounts:{}", account->first)};
  const bool anonymous = wanted->name == kAnonymousUser;
  const std::string_view group = anonymous ? kUnauthenticatedGroup : kAuthenticatedGroup;
  if (!is_in_group(*wanted, group) && (anonymous || !is_in_group(*wanted, kUnauthenticatedGroup)))
    wanted->groups.emplace_back(group);
  return std::move(*wanted);
}

}  // namespace slipway::apiserver
