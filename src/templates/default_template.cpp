#include "templates/default_template.h"

#include "api/controlplane/controlplane.h"
#include "api/templates/templates.h"
#include "data/json_text.h"
#include "meta/object.h"

namespace slipway::templates {

using data::Json;

Json default_cluster_template(const std::string& ns) {
  // No cloud controller runs at a site: with cloud-provider=external the node would keep its uninitialized taint and no
  // pod would be scheduled, so the name is empty and K3s' own controller stays on.
  Json server = Json::object({{"cloudProviderName", ""},
                              {"disableCloudController", false},
                              {"disableComponents", Json::array({"metrics-server", "traefik", "servicelb"})}});
  Json control_plane = Json::object(
      {{"apiVersion", api::controlplane::kKThreesControlPlaneTemplate.api_version()},
       {"kind", api::controlplane::kKThreesControlPlaneTemplate.kind},
       {"spec",
        Json::object(
            {{"template",
              Json::object({{"spec", Json::object({{"kthreesConfigSpec",
                                                    Json::object({{"serverConfig", std::move(server)},
                                                                  {"agentConfig",
                                                                   Json::object({{"airGapped", true}})}})}})}})}})}});
  Json object = meta::make_object(api::templates::kClusterTemplate, {ns, kDefaultTemplateName});
  meta::set_label(object, api::templates::kDefaultLabel, "true");
  meta::set_annotation(object, api::templates::kDescriptionAnnotation,
                       "K3s on one host, from the image where it is embedded");
  object.set(
      "spec",
      Json::object({{"controlPlaneProviderType", "k3s"},
                    {"infraProviderType", "intel"},
                    {"kubernetesVersion", kDefaultKubernetesVersion},
                    {"clusterConfiguration", data::to_json(control_plane)},
                    {"clusterNetwork",
                     Json::object({{"pods", Json::object({{"cidrBlocks", Json::array({"10.45.0.0/16"})}})},
                                   {"services", Json::object({{"cidrBlocks", Json::array({"10.46.0.0/16"})}})}})}}));
  return object;
}

}  // namespace slipway::templates
