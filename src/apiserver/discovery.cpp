#include "apiserver/discovery.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace slipway::apiserver {

using data::Json;
using registry::ResourceCatalog;
using registry::ResourceInfo;
using registry::ResourceVersionInfo;
using registry::ResourceVersionPtr;

namespace {

Json strings(const std::vector<std::string>& texts) {
  Json out = Json::array();
  for (const std::string& text : texts) out.append(text);
  return out;
}

Json object_verbs() {
  return Json::array({"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"});
}
Json status_verbs() {
  return Json::array({"get", "patch", "update"});
}

// k8s.io/apimachinery/pkg/version.CompareKubeAwareVersionStrings: stable before beta before alpha, high before low.
std::tuple<int, int, int> priority_of(std::string_view version) {
  std::size_t at = 1;
  const auto number = [&] {
    int value = 0;
    while (at < version.size() && version[at] >= '0' && version[at] <= '9') value = value * 10 + (version[at++] - '0');
    return value;
  };
  if (version.empty() || version[0] != 'v') return {0, 0, 0};
  const int major = number();
  if (at == version.size()) return {3, major, 0};
  const int stage = version.substr(at).starts_with("beta") ? 2 : version.substr(at).starts_with("alpha") ? 1 : 0;
  while (at < version.size() && version[at] >= 'a' && version[at] <= 'z') ++at;
  return {stage, major, number()};
}

std::string group_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
}

std::set<std::string> named_groups(const ResourceCatalog& catalog) {
  std::set<std::string> groups;
  for (const auto& resource : catalog.all())
    if (!resource->group.empty() && !served_versions(catalog, resource->group).empty()) groups.insert(resource->group);
  return groups;
}

// Served resources of a group and version, by plural name.
std::map<std::string, ResourceVersionPtr> resources_of(const ResourceCatalog& catalog, std::string_view group,
                                                       std::string_view version) {
  std::map<std::string, ResourceVersionPtr> found;
  for (const auto& resource : catalog.all())
    if (auto info = catalog.find(group, version, resource->plural)) found[resource->plural] = info;
  return found;
}

Json group_body(const ResourceCatalog& catalog, const std::string& group) {
  Json body = Json::object({{"name", group}});
  for (const std::string& version : served_versions(catalog, group))
    body.at("versions").append(Json::object({{"groupVersion", group_version(group, version)}, {"version", version}}));
  body.set("preferredVersion", body["versions"].items().front());
  return body;
}

Json legacy_resource(const ResourceVersionInfo& info) {
  const ResourceInfo& resource = *info.resource;
  Json out = Json::object({{"name", resource.plural},
                           {"singularName", resource.singular},
                           {"namespaced", resource.namespaced},
                           {"kind", resource.kind},
                           {"verbs", object_verbs()}});
  if (!resource.short_names.empty()) out.set("shortNames", strings(resource.short_names));
  if (!resource.categories.empty()) out.set("categories", strings(resource.categories));
  return out;
}

Json response_kind(const ResourceVersionInfo& info) {
  return Json::object({{"group", info.resource->group}, {"version", info.version}, {"kind", info.resource->kind}});
}

Json aggregated_resource(const ResourceVersionInfo& info) {
  const ResourceInfo& resource = *info.resource;
  Json out = Json::object({{"resource", resource.plural},
                           {"responseKind", response_kind(info)},
                           {"scope", resource.namespaced ? "Namespaced" : "Cluster"},
                           {"singularResource", resource.singular},
                           {"verbs", object_verbs()}});
  if (!resource.short_names.empty()) out.set("shortNames", strings(resource.short_names));
  if (!resource.categories.empty()) out.set("categories", strings(resource.categories));
  if (info.has_status)
    out.at("subresources")
        .append(Json::object(
            {{"subresource", "status"}, {"responseKind", response_kind(info)}, {"verbs", status_verbs()}}));
  return out;
}

Json aggregated_group(const ResourceCatalog& catalog, const std::string& group) {
  Json item = Json::object({{"metadata", Json::object({{"creationTimestamp", nullptr}})}});
  if (!group.empty()) item.at("metadata").set("name", group);
  for (const std::string& version : served_versions(catalog, group)) {
    Json entry = Json::object({{"version", version}, {"freshness", "Current"}, {"resources", Json::array()}});
    for (const auto& [plural, info] : resources_of(catalog, group, version))
      entry.at("resources").append(aggregated_resource(*info));
    item.at("versions").append(std::move(entry));
  }
  return item;
}

}  // namespace

std::vector<std::string> served_versions(const ResourceCatalog& catalog, std::string_view group) {
  std::set<std::string> found;
  for (const auto& resource : catalog.all()) {
    if (resource->group != group) continue;
    for (const auto& version : resource->versions)
      if (version->served) found.insert(version->version);
  }
  std::vector<std::string> versions(found.begin(), found.end());
  std::ranges::sort(versions, std::greater(), [](const std::string& version) { return priority_of(version); });
  return versions;
}

Json api_versions(std::string_view server_address) {
  return Json::object(
      {{"kind", "APIVersions"},
       {"versions", Json::array({"v1"})},
       {"serverAddressByClientCIDRs",
        Json::array({Json::object({{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", std::string(server_address)}})})}});
}

Json api_group_list(const ResourceCatalog& catalog) {
  Json groups = Json::array();
  for (const std::string& group : named_groups(catalog)) groups.append(group_body(catalog, group));
  return Json::object({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}});
}

std::optional<Json> api_group(const ResourceCatalog& catalog, std::string_view group) {
  if (group.empty() || served_versions(catalog, group).empty()) return std::nullopt;
  Json body = group_body(catalog, std::string(group));
  body.set("kind", "APIGroup");
  body.set("apiVersion", "v1");
  return body;
}

std::optional<Json> api_resource_list(const ResourceCatalog& catalog, std::string_view group,
                                      std::string_view version) {
  const auto found = resources_of(catalog, group, version);
  if (found.empty()) return std::nullopt;
  Json resources = Json::array();
  for (const auto& [plural, info] : found) {
    resources.append(legacy_resource(*info));
    if (!info->has_status) continue;
    resources.append(Json::object({{"name", plural + "/status"},
                                   {"singularName", ""},
                                   {"namespaced", info->resource->namespaced},
                                   {"kind", info->resource->kind},
                                   {"verbs", status_verbs()}}));
  }
  Json list = Json::object({{"kind", "APIResourceList"},
                            {"groupVersion", group_version(group, version)},
                            {"resources", std::move(resources)}});
  if (!group.empty()) list.set("apiVersion", "v1");
  return list;
}

Json aggregated_discovery(const ResourceCatalog& catalog, bool core, std::string_view version) {
  Json items = Json::array();
  if (core) {
    items.append(aggregated_group(catalog, ""));
  } else {
    for (const std::string& group : named_groups(catalog)) items.append(aggregated_group(catalog, group));
  }
  return Json::object({{"kind", "APIGroupDiscoveryList"},
                       {"apiVersion", "apidiscovery.k8s.io/" + std::string(version)},
                       {"metadata", Json::object()},
                       {"items", std::move(items)}});
}

}  // namespace slipway::apiserver
