#include "kube/discovery_cache.h"

#include <fmt/core.h>

namespace slipway::kube {

using base::ErrorCode;
using base::Result;

std::string group_version_path(const Gvk& gvk) {
  if (gvk.group.empty()) return "/api/" + url_encode(gvk.version);
  return fmt::format("/apis/{}/{}", url_encode(gvk.group), url_encode(gvk.version));
}

Result<DiscoveryCache::Kinds> DiscoveryCache::ask(const Gvk& gvk) {
  RawRequest request;
  request.path = group_version_path(gvk);
  auto answer = json_of(raw_->request(request));
  // A version that is not served is a missing kind, not a failure of its own.
  if (!answer && answer.error().code() == ErrorCode::kNotFound) return Kinds{};
  if (!answer) return std::move(answer.error()).with_context(fmt::format("discovery of {}", gvk.api_version()));
  Kinds kinds;
  for (const Json& resource : (*answer)["resources"].items()) {
    const std::string& name = resource["name"].string_or_empty();
    if (name.empty() || name.find('/') != std::string::npos) continue;  // "pods/log" is a subresource
    kinds.emplace(resource["kind"].string_or_empty(), RemoteResource{name, resource["namespaced"].bool_or(false)});
  }
  return kinds;
}

Result<RemoteResource> DiscoveryCache::find(const Gvk& gvk) {
  const std::string version = gvk.api_version();
  {
    const std::lock_guard lock(mutex_);
    const auto known = by_version_.find(version);
    if (known != by_version_.end()) {
      const auto kind = known->second.find(gvk.kind);
      if (kind != known->second.end()) return kind->second;
    }
  }
  Kinds kinds = SLIPWAY_TRY(ask(gvk));
  const std::lock_guard lock(mutex_);
  Kinds& stored = by_version_[version] = std::move(kinds);
  const auto kind = stored.find(gvk.kind);
  if (kind != stored.end()) return kind->second;
  return base::fail(ErrorCode::kNotFound,
                    fmt::format("no matches for kind \"{}\" in version \"{}\"", gvk.kind, version));
}

}  // namespace slipway::kube
