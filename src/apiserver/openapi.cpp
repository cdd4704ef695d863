#include "apiserver/openapi.h"

#include <fmt/core.h>
#include <set>

#include "base/version.h"

namespace slipway::apiserver {

using data::Json;
using registry::ResourceCatalog;
using registry::ResourceVersionInfo;

namespace {

std::string group_version_path(const meta::Gvk& gvk) {
  return gvk.group.empty() ? fmt::format("api/{}", gvk.version) : fmt::format("apis/{}/{}", gvk.group, gvk.version);
}

Json query_parameter(std::string_view name, std::string_view description) {
  return Json::object({{"name", std::string(name)},
                       {"in", "query"},
                       {"description", std::string(description)},
                       {"schema", Json::object({{"type", "string"}, {"uniqueItems", true}})}});
}

Json patch_operation(const ResourceVersionInfo& info) {
  const meta::Gvk gvk = info.gvk();
  return Json::object({{"description", "partially update the specified " + gvk.kind},
                       {"x-kubernetes-action", "patch"},
                       {"x-kubernetes-group-version-kind",
                        Json::object({{"group", gvk.group}, {"kind", gvk.kind}, {"version", gvk.version}})},
                       {"parameters", Json::array({query_parameter("dryRun", "All: nothing is stored."),
                                                   query_parameter("fieldManager", "Who makes the change."),
                                                   query_parameter("fieldValidation", "Ignore, Warn or Strict.")})},
                       {"responses", Json::object({{"200", Json::object({{"description", "OK"}})}})}});
}

}  // namespace

Json openapi_index(const ResourceCatalog& catalog) {
  Json paths = Json::object();
  for (const auto& resource : catalog.all())
    for (const auto& version : resource->versions)
      if (version->served) {
        const std::string path = group_version_path(version->gvk());
        paths.set(path, Json::object({{"serverRelativeURL", "/openapi/v3/" + path}}));
      }
  return Json::object({{"paths", std::move(paths)}});
}

std::optional<Json> openapi_group_version(const ResourceCatalog& catalog, std::string_view path) {
  Json paths = Json::object();
  for (const auto& resource : catalog.all())
    for (const auto& version : resource->versions) {
      if (!version->served || group_version_path(version->gvk()) != path) continue;
      const std::string url = fmt::format("/{}/{}{}/{{name}}", path,
                                          resource->namespaced ? "namespaces/{namespace}/" : "", resource->plural);
      paths.set(url, Json::object({{"patch", patch_operation(*version)}}));
    }
  if (paths.empty()) return std::nullopt;
  return Json::object({{"openapi", "3.0.0"},
                       {"info", Json::object({{"title", "Slipway"}, {"version", std::string(base::kVersion)}})},
                       {"paths", std::move(paths)}});
}

}  // namespace slipway::apiserver
