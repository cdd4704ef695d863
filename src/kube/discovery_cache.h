#pragma once

#include <map>
#include <mutex>
#include <string>

#include "kube/client.h"
#include "kube/raw_client.h"

namespace slipway::kube {

// Where a kind lives on a server.
struct RemoteResource {
  std::string plural;
  bool namespaced = true;
};

// The kinds of a server by group and version, asked for once and again when a kind is missing. Thread-safe.
class DiscoveryCache {
 public:
  explicit DiscoveryCache(std::shared_ptr<RawClient> raw) : raw_(std::move(raw)) {}
  // kNotFound: no matches for kind "X" in version "g/v".
  base::Result<RemoteResource> find(const Gvk& gvk);

 private:
  using Kinds = std::map<std::string, RemoteResource>;
  base::Result<Kinds> ask(const Gvk& gvk);

  const std::shared_ptr<RawClient> raw_;
  std::mutex mutex_;
  std::map<std::string, Kinds> by_version_;  // "apps/v1" -> kinds
};

// "/apis/apps/v1" or "/api/v1".
std::string group_version_path(const Gvk& gvk);

}  // namespace slipway::kube
