#include "templates/cluster_class.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fmt/core.h>
#include <span>

#include "api/cluster/cluster.h"
#include "api/controlplane/controlplane.h"
#include "api/infrastructure/infrastructure.h"
#include "data/json_text.h"
#include "data/kubernetes_version.h"
#include "meta/object.h"

namespace slipway::templates {

using base::ErrorCode;
using base::Result;

namespace {

Result<Json> invalid(const Json& cluster_template, std::string field, std::string problem) {
  return base::Error(ErrorCode::kInvalid, fmt::format("ClusterTemplate '{}' is invalid: {}: {}",
                                                      meta::name(cluster_template), field, problem))
      .with_fields({{field, "FieldValueInvalid", problem}});
}

Json owned_object(const meta::Gvk& gvk, const Json& cluster_template, const std::string& name) {
  Json object = meta::make_object(gvk, {meta::ns(cluster_template), name});
  meta::set_owner_reference(object, cluster_template, true);
  return object;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Templates are written for readers in Go, which do not mind the letter case of field names: the shipped ones say
// kubeApiServerArg where the schema says kubeAPIServerArg. Here such a field would be pruned without a word.
void correct_letter_case(Json& object, std::span<const std::string_view> known) {
  if (!object.is_object()) return;
  for (const std::string_view name : known) {
    if (object.contains(name)) continue;
    for (const auto& [key, value] : object.members()) {
      if (!std::ranges::equal(key, name, {}, lower, lower)) continue;
      Json moved = value;
      object.erase(std::string(key));
      object.set(name, std::move(moved));
      break;
    }
  }
}

void correct_letter_case(Json& kthrees) {
  constexpr std::array<std::string_view, 6> kTop{"files",   "preK3sCommands", "postK3sCommands",
                                                 "version", "serverConfig",   "agentConfig"};
  constexpr std::array<std::string_view, 18> kServer{"kubeAPIServerArg",
                                                     "kubeControllerManagerArgs",
                                                     "kubeSchedulerArgs",
                                                     "tlsSan",
                                                     "bindAddress",
                                                     "httpsListenPort",
                                                     "advertiseAddress",
                                                     "advertisePort",
                                                     "clusterCidr",
                                                     "serviceCidr",
                                                     "clusterDNS",
                                                     "clusterDomain",
                                                     "disableComponents",
                                                     "disableExternalCloudProvider",
                                                     "disableCloudController",
                                                     "cloudProviderName",
                                                     "systemDefaultRegistry",
                                                     "etcdProxyImage"};
  constexpr std::array<std::string_view, 8> kAgent{
      "nodeLabels",    "nodeTaints", "privateRegistry", "kubeletArgs",
      "kubeProxyArgs", "nodeName",   "airGapped",       "airGappedInstallScriptPath"};
  correct_letter_case(kthrees, kTop);
  if (kthrees.contains("serverConfig")) correct_letter_case(kthrees.at("serverConfig"), kServer);
  if (kthrees.contains("agentConfig")) correct_letter_case(kthrees.at("agentConfig"), kAgent);
}

bool is_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return false;
  const std::string address(text.substr(0, slash));
  int bits = -1;
  const std::string_view length = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  std::array<unsigned char, 16> bytes{};
  const bool is_ipv4 = ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  const bool is_ipv6 = !is_ipv4 && ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
  return error == std::errc() && end == length.data() + length.size() && bits >= 0 &&
         ((is_ipv4 && bits <= 32) || (is_ipv6 && bits <= 128));
}

// spec.clusterConfiguration is the JSON text of a whole KThreesControlPlaneTemplate; only its spec is used.
Result<Json> control_plane_template(const Json& cluster_template) {
  const Json& spec = cluster_template["spec"];
  Json object =
      owned_object(api::controlplane::kKThreesControlPlaneTemplate, cluster_template, meta::name(cluster_template));
  if (const std::string& text = spec.text({"clusterConfiguration"}); !text.empty()) {
    auto configuration = data::parse_json(text);
    if (!configuration) return invalid(cluster_template, "spec.clusterConfiguration", configuration.error().message());
    const std::string& kind = configuration->text({"kind"});
    if (!kind.empty() && kind != "KThreesControlPlaneTemplate")
      return invalid(cluster_template, "spec.clusterConfiguration",
                     fmt::format("kind must be KThreesControlPlaneTemplate, not '{}'", kind));
    if (!configuration->get({"spec", "template", "spec"}).is_object())
      return invalid(cluster_template, "spec.clusterConfiguration", "spec.template.spec is missing");
    object.set("spec", (*configuration)["spec"]);
  }
  Json& kthrees = object.at({"spec", "template", "spec", "kthreesConfigSpec"});
  correct_letter_case(kthrees);
  kthrees.at("agentConfig").mutable_members();
  Json& server = kthrees.at("serverConfig");
  server.mutable_members();
  // Cluster.spec.clusterNetwork says it for other tools; K3s learns it from its own configuration.
  const auto set_cidr = [&](const char* field, const char* network) {
    const auto& blocks = spec.get({"clusterNetwork", network, "cidrBlocks"}).items();
    if (!blocks.empty() && server.text({field}).empty()) server.set(field, blocks[0]);
  };
  set_cidr("clusterCidr", "pods");
  set_cidr("serviceCidr", "services");
  return object;
}

Json reference(const meta::Gvk& gvk, const std::string& name) {
  return Json::object({{"apiVersion", gvk.api_version()}, {"kind", gvk.kind}, {"name", name}});
}

Json cluster_class(const Json& cluster_template) {
  const std::string& name = meta::name(cluster_template);
  Json object = owned_object(api::cluster::kClusterClass, cluster_template, name);
  Json variable = Json::object(
      {{"name", kAirGappedVariable},
       {"required", false},
       {"schema", Json::object({{"openAPIV3Schema", Json::object({{"type", "boolean"}, {"default", false}})}})}});
  Json patch = Json::object(
      {{"name", kAirGappedVariable},
       {"definitions",
        Json::array({Json::object(
            {{"selector", Json::object({{"apiVersion", api::controlplane::kKThreesControlPlaneTemplate.api_version()},
                                        {"kind", api::controlplane::kKThreesControlPlaneTemplate.kind},
                                        {"matchResources", Json::object({{"controlPlane", true}})}})},
             {"jsonPatches",
              Json::array({Json::object({{"op", "add"},
                                         {"path", "/spec/template/spec/kthreesConfigSpec/agentConfig/airGapped"},
                                         {"valueFrom", Json::object({{"variable", kAirGappedVariable}})}})})}})})}});
  object.set(
      "spec",
      Json::object(
          {{"infrastructure",
            Json::object({{"templateRef", reference(api::infrastructure::kIntelClusterTemplate, name)}})},
           {"controlPlane",
            Json::object({{"templateRef", reference(api::controlplane::kKThreesControlPlaneTemplate, name)},
                          {"machineInfrastructure",
                           Json::object({{"templateRef", reference(api::infrastructure::kIntelMachineTemplate,
                                                                   machine_template_name(cluster_template))}})}})},
           {"variables", Json::array({std::move(variable)})},
           {"patches", Json::array({std::move(patch)})}}));
  return object;
}

}  // namespace

std::string machine_template_name(const Json& cluster_template) {
  return meta::name(cluster_template) + "-controlplane";
}

Result<std::vector<Json>> render_cluster_class(const Json& cluster_template) {
  const Json& spec = cluster_template["spec"];
  const std::string control_plane = spec["controlPlaneProviderType"].string_or("k3s");
  if (control_plane != "k3s")
    return invalid(cluster_template, "spec.controlPlaneProviderType",
                   fmt::format("'{}' is not supported here, only k3s is", control_plane))
        .error();
  for (const char* network : {"pods", "services"})
    for (const Json& block : spec.get({"clusterNetwork", network, "cidrBlocks"}).items())
      if (!is_cidr(block.string_or_empty()))
        return invalid(cluster_template, fmt::format("spec.clusterNetwork.{}.cidrBlocks", network),
                       fmt::format("'{}' is no network such as 10.45.0.0/16", block.string_or_empty()))
            .error();
  const std::string infrastructure = spec["infraProviderType"].string_or("intel");
  if (infrastructure != "intel")
    return invalid(cluster_template, "spec.infraProviderType",
                   fmt::format("'{}' is not supported here, only intel is", infrastructure))
        .error();
  if (const auto version = data::KubernetesVersion::parse(spec.text({"kubernetesVersion"})); !version)
    return invalid(cluster_template, "spec.kubernetesVersion", version.error().message()).error();

  std::vector<Json> objects;
  objects.push_back(SLIPWAY_TRY(control_plane_template(cluster_template)));
  Json machine_template = owned_object(api::infrastructure::kIntelMachineTemplate, cluster_template,
                                       machine_template_name(cluster_template));
  machine_template.at({"spec", "template", "spec"}).mutable_members();
  objects.push_back(std::move(machine_template));
  Json infra_template =
      owned_object(api::infrastructure::kIntelClusterTemplate, cluster_template, meta::name(cluster_template));
  infra_template.at({"spec", "template", "metadata", "labels"})
      .set("cluster.x-k8s.io/cluster-template", meta::name(cluster_template));
  infra_template.at({"spec", "template", "spec"}).mutable_members();
  objects.push_back(std::move(infra_template));
  objects.push_back(cluster_class(cluster_template));
  return objects;
}

}  // namespace slipway::templates
