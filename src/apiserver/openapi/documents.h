#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "data/json.h"
#include "net/http_message.h"
#include "registry/resource.h"

namespace slipway::apiserver {

// The OpenAPI v3 document of one group and version ("api/v1", "apis/<group>/<version>"): paths with their actions and
// the schemas of their kinds. None when nothing of it is served.
std::optional<data::Json> openapi_group_version(const registry::ResourceCatalog& catalog, std::string_view path);

// Answers below /openapi/v3 as k8s.io/kube-openapi does: an index whose URLs carry a hash of each document, and
// documents that clients may keep for ever under that URL. Documents are made when they are asked for and the last few
// are kept, packed; a change of the catalog makes others. Thread-safe; the catalog and the clock must outlive it.
class OpenApiDocuments {
 public:
  OpenApiDocuments(const registry::ResourceCatalog& catalog, base::Clock& clock) : catalog_(catalog), clock_(clock) {}

  net::HttpResponse index(const net::HttpRequest& request);
  // `path` is what follows /openapi/v3/. None when there is no such document.
  std::optional<net::HttpResponse> document(const net::HttpRequest& request, std::string_view path);

 private:
  struct Packed {
    std::string path;
    std::string hash;
    std::string gzip;
  };
  // The hash of every document of the present catalog.
  std::map<std::string, std::string> hashes();
  std::string packed(const std::string& path, const std::string& hash);

  const registry::ResourceCatalog& catalog_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::optional<std::uint64_t> generation_;  // of hashes_
  std::map<std::string, std::string> hashes_;
  std::list<Packed> recent_;  // last used first
};

}  // namespace slipway::apiserver
