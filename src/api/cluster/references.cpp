#include "api/cluster/references.h"

#include "api/bootstrap/bootstrap.h"
#include "api/cluster/cluster.h"
#include "api/controlplane/controlplane.h"
#include "api/infrastructure/infrastructure.h"
#include "meta/object.h"

namespace slipway::api::cluster {

using data::Json;

std::string_view version_of_group(std::string_view group) {
  if (group == infrastructure::kGroup) return infrastructure::kIntelCluster.version;
  if (group == controlplane::kGroup) return controlplane::kKThreesControlPlane.version;
  if (group == bootstrap::kGroup) return bootstrap::kKThreesConfig.version;
  if (group == kGroup) return kVersion;
  return "v1beta1";
}

meta::Gvk kind_of_reference(const Json& reference) {
  if (reference.contains("apiVersion")) {
    auto [group, version] = meta::parse_api_version(reference.text({"apiVersion"}));
    return {std::move(group), std::move(version), reference.text({"kind"})};
  }
  const std::string& group = reference.text({"apiGroup"});
  return {group, std::string(group.empty() ? "v1" : version_of_group(group)), reference.text({"kind"})};
}

Json reference_to(const Json& object) {
  return Json::object({{"apiGroup", meta::parse_api_version(object.text({"apiVersion"})).group},
                       {"kind", object.text({"kind"})},
                       {"name", meta::name(object)}});
}

}  // namespace slipway::api::cluster
