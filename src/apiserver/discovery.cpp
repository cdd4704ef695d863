#include "apiserver/discovery.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <tuple>

#include "data/encoding.h"
#include "pki/certificate.h"

namespace slipway::apiserver {

using data::Json;
using registry::ResourceInfo;
using registry::ResourceVersionInfo;

namespace {

Json strings(const std::vector<std::string>& texts) {
  Json out = Json::array();
  for (const std::string& text : texts) out.append(text);
  return out;
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

using VersionPriority = std::tuple<int, int, int, std::string>;
struct VersionOrder {
  bool operator()(const std::string& left, const std::string& right) const {
    return VersionPriority(std::tuple_cat(priority_of(left), std::tuple(right))) >
           VersionPriority(std::tuple_cat(priority_of(right), std::tuple(left)));
  }
};

struct Subresource {
  std::string name;
  meta::Gvk kind;
  std::vector<std::string> verbs;
};

struct Resource {
  std::string singular;
  meta::Gvk kind;
  bool namespaced = false;
  std::vector<std::string> verbs;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  std::string storage_hash;  // "" when nothing is stored
  std::vector<Subresource> subresources;
};

using Resources = std::map<std::string, Resource>;                // by plural name
using Versions = std::map<std::string, Resources, VersionOrder>;  // the preferred one first
using Groups = std::map<std::string, Versions>;

// As k8s.io/apiserver/pkg/endpoints/discovery.StorageVersionHash.
std::string storage_version_hash(const meta::Gvk& gvk) {
  const std::string hex = pki::sha256_hex(fmt::format("{}/{}/{}", gvk.group, gvk.version, gvk.kind));
  std::string bytes;
  for (std::size_t at = 0; at < 16; at += 2) bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  return data::base64_encode(bytes);
}

Resource describe(const ResourceVersionInfo& info) {
  const ResourceInfo& resource = *info.resource;
  Resource out{.singular = resource.singular,
               .kind = info.gvk(),
               .namespaced = resource.namespaced,
               .verbs = resource.verbs,
               .short_names = resource.short_names,
               .categories = resource.categories,
               .storage_hash = storage_version_hash(resource.storage().gvk()),
               .subresources = {}};
  const std::vector<std::string> verbs{"get", "patch", "update"};
  if (resource.group_kind() == meta::GroupKind{"", "Namespace"})
    out.subresources.push_back({"finalize", info.gvk(), {"update"}});
  if (info.scale) out.subresources.push_back({"scale", {"autoscaling", "v1", "Scale"}, verbs});
  if (info.has_status) out.subresources.push_back({"status", info.gvk(), verbs});
  return out;
}

Groups groups_of(const ServedApi& api) {
  Groups groups;
  const auto all = api.catalog.all();
  for (const auto& resource : all)
    for (const auto& version : resource->versions)
      if (version->served) groups[resource->group][version->version][resource->plural] = describe(*version);
  for (const UnstoredResource& item : api.unstored) {
    Resources& resources = groups[item.group][item.version];
    const std::size_t slash = item.name.find('/');
    if (slash == item.name.npos) {
      resources[item.name] = {item.singular, item.kind, item.namespaced, item.verbs, {}, {}, "", {}};
    } else if (const auto parent = resources.find(item.name.substr(0, slash)); parent != resources.end()) {
      parent->second.subresources.push_back({item.name.substr(slash + 1), item.kind, item.verbs});
    }
  }
  for (auto& [group, versions] : groups)
    for (auto& [version, resources] : versions)
      for (auto& [name, resource] : resources) std::ranges::sort(resource.subresources, {}, &Subresource::name);
  return groups;
}

std::string group_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

Json group_body(const std::string& group, const Versions& versions) {
  Json body = Json::object({{"name", group}});
  for (const auto& [version, resources] : versions)
    body.at("versions").append(Json::object({{"groupVersion", group_version(group, version)}, {"version", version}}));
  body.set("preferredVersion", body["versions"].items().front());
  return body;
}

void append_legacy(const std::string& name, const Resource& resource, Json& out) {
  Json item = Json::object({{"name", name},
                            {"singularName", resource.singular},
                            {"namespaced", resource.namespaced},
                            {"kind", resource.kind.kind},
                            {"verbs", strings(resource.verbs)}});
  if (!resource.short_names.empty()) item.set("shortNames", strings(resource.short_names));
  if (!resource.categories.empty()) item.set("categories", strings(resource.categories));
  if (!resource.storage_hash.empty()) item.set("storageVersionHash", resource.storage_hash);
  out.append(std::move(item));
  for (const Subresource& part : resource.subresources) {
    Json below = Json::object({{"name", fmt::format("{}/{}", name, part.name)},
                               {"singularName", ""},
                               {"namespaced", resource.namespaced},
                               {"kind", part.kind.kind},
                               {"verbs", strings(part.verbs)}});
    if (part.kind.group != resource.kind.group || part.kind.version != resource.kind.version) {
      below.set("group", part.kind.group);
      below.set("version", part.kind.version);
    }
    out.append(std::move(below));
  }
}

Json response_kind(const meta::Gvk& kind) {
  return Json::object({{"group", kind.group}, {"version", kind.version}, {"kind", kind.kind}});
}

Json aggregated_resource(const std::string& name, const Resource& resource) {
  Json out = Json::object({{"resource", name},
                           {"responseKind", response_kind(resource.kind)},
                           {"scope", resource.namespaced ? "Namespaced" : "Cluster"},
                           {"singularResource", resource.singular},
                           {"verbs", strings(resource.verbs)}});
  if (!resource.short_names.empty()) out.set("shortNames", strings(resource.short_names));
  if (!resource.categories.empty()) out.set("categories", strings(resource.categories));
  for (const Subresource& part : resource.subresources)
    out.at("subresources")
        .append(Json::object(
            {{"subresource", part.name}, {"responseKind", response_kind(part.kind)}, {"verbs", strings(part.verbs)}}));
  return out;
}

Json aggregated_group(const std::string& group, const Versions& versions) {
  Json item = Json::object({{"metadata", Json::object()}});
  if (!group.empty()) item.at("metadata").set("name", group);
  for (const auto& [version, resources] : versions) {
    Json entry = Json::object({{"version", version}, {"freshness", "Current"}, {"resources", Json::array()}});
    for (const auto& [name, resource] : resources) entry.at("resources").append(aggregated_resource(name, resource));
    item.at("versions").append(std::move(entry));
  }
  return item;
}

}  // namespace

void sort_versions(std::vector<std::string>& versions) {
  std::ranges::sort(versions, VersionOrder());
}

std::vector<std::string> served_versions(const ServedApi& api, std::string_view group) {
  std::vector<std::string> versions;
  const Groups groups = groups_of(api);
  if (const auto found = groups.find(std::string(group)); found != groups.end())
    for (const auto& [version, resources] : found->second) versions.push_back(version);
  return versions;
}

Json api_versions(std::string_view server_address) {
  return Json::object(
      {{"kind", "APIVersions"},
       {"versions", Json::array({"v1"})},
       {"serverAddressByClientCIDRs",
        Json::array({Json::object({{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", std::string(server_address)}})})}});
}

Json api_group_list(const ServedApi& api) {
  Json list = Json::array();
  const Groups groups = groups_of(api);
  for (const auto& [group, versions] : groups)
    if (!group.empty()) list.append(group_body(group, versions));
  return Json::object({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}});
}

std::optional<Json> api_group(const ServedApi& api, std::string_view group) {
  const Groups groups = groups_of(api);
  const auto found = groups.find(std::string(group));
  if (group.empty() || found == groups.end()) return std::nullopt;
  Json body = group_body(found->first, found->second);
  body.set("kind", "APIGroup");
  body.set("apiVersion", "v1");
  return body;
}

std::optional<Json> api_resource_list(const ServedApi& api, std::string_view group, std::string_view version) {
  const Groups groups = groups_of(api);
  const auto in_group = groups.find(std::string(group));
  if (in_group == groups.end()) return std::nullopt;
  const auto found = in_group->second.find(std::string(version));
  if (found == in_group->second.end()) return std::nullopt;
  Json resources = Json::array();
  for (const auto& [name, resource] : found->second) append_legacy(name, resource, resources);
  Json list = Json::object({{"kind", "APIResourceList"},
                            {"groupVersion", group_version(group, version)},
                            {"resources", std::move(resources)}});
  if (!group.empty()) list.set("apiVersion", "v1");
  return list;
}

Json aggregated_discovery(const ServedApi& api, bool core, std::string_view version) {
  Json items = Json::array();
  const Groups groups = groups_of(api);
  for (const auto& [group, versions] : groups)
    if (group.empty() == core) items.append(aggregated_group(group, versions));
  return Json::object({{"kind", "APIGroupDiscoveryList"},
                       {"apiVersion", fmt::format("apidiscovery.k8s.io/{}", version)},
                       {"metadata", Json::object()},
                       {"items", std::move(items)}});
}

}  // namespace slipway::apiserver
