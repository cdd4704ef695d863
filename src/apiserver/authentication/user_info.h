#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::apiserver {

// Who makes a request (k8s.io/apiserver/pkg/authentication/user.Info).
struct UserInfo {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;

  bool operator==(const UserInfo&) const = default;
};

inline constexpr std::string_view kAnonymousUser = "system:anonymous";
inline constexpr std::string_view kUnauthenticatedGroup = "system:unauthenticated";
inline constexpr std::string_view kAuthenticatedGroup = "system:authenticated";
// May do everything; the one group that needs no role.
inline constexpr std::string_view kMastersGroup = "system:masters";

bool is_in_group(const UserInfo& user, std::string_view group);

}  // namespace slipway::apiserver
