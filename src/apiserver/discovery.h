#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"
#include "registry/resource.h"

// The documents by which clients learn what is served. Pure functions.
namespace slipway::apiserver {

// A resource that is answered and not stored, such as SelfSubjectAccessReview, or a subresource of a stored one, such
// as serviceaccounts/token.
struct UnstoredResource {
  std::string group, version;  // where it is served
  std::string name;            // "selfsubjectaccessreviews", "serviceaccounts/token"
  std::string singular;        // "" for a subresource
  meta::Gvk kind;              // of what is sent and answered
  bool namespaced = false;
  std::vector<std::string> verbs{"create"};
};

// What there is to discover. Converts from a catalog alone.
struct ServedApi {
  ServedApi(const registry::ResourceCatalog& the_catalog, std::span<const UnstoredResource> the_unstored = {})
      : catalog(the_catalog), unstored(the_unstored) {}
  const registry::ResourceCatalog& catalog;
  std::span<const UnstoredResource> unstored;
};

data::Json api_versions(std::string_view server_address);                           // /api
data::Json api_group_list(const ServedApi& api);                                    // /apis
std::optional<data::Json> api_group(const ServedApi& api, std::string_view group);  // /apis/<g>
// /api/v1 and /apis/<g>/<v>: none when nothing of it is served.
std::optional<data::Json> api_resource_list(const ServedApi& api, std::string_view group, std::string_view version);
// /api (core only) or /apis (all but core) in one document, apidiscovery.k8s.io/<version>.
data::Json aggregated_discovery(const ServedApi& api, bool core, std::string_view version);

// The preferred one first (Kubernetes' order: v2, v1, v1beta2, v1alpha1).
void sort_versions(std::vector<std::string>& versions);

// The versions of a group that are served, the preferred one first.
std::vector<std::string> served_versions(const ServedApi& api, std::string_view group);

}  // namespace slipway::apiserver
