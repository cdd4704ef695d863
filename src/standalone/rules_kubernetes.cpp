#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "data/kubernetes_version.h"
#include "distro/k3s/paths.h"
#include "standalone/generated_files.h"
#include "standalone/rules.h"

namespace slipway::standalone {

using data::Json;

namespace {

constexpr std::string_view kDefaultClusterCidr = "10.42.0.0/16", kDefaultServiceCidr = "10.43.0.0/16";

void check_fixed(const Json& spec, const std::string& path, const ReadOptions& options, Findings& findings) {
  const std::string& version = spec.text({"version"});
  if (!version.empty() && !options.embedded_version.empty() && version != options.embedded_version)
    findings.error(path + ".version",
                   fmt::format("'{}' is not the K3s of this image, which is {}", version, options.embedded_version),
                   "leave 'version' out, or use an image with the K3s that you want");
  if (!version.empty() && options.embedded_version.empty())
    findings.warning(path + ".version", "cannot be checked: the K3s of the image is not known",
                     "give -manifest manifest.json of the image, or leave 'version' out");
  const Json& agent = spec["agentConfig"];
  if (agent.contains("airGapped") && !agent["airGapped"].bool_or(true))
    findings.error(path + ".agentConfig.airGapped",
                   "cannot be false: K3s comes with the image and nothing is downloaded",
                   "write true, or leave it out");
  if (const std::string& script = agent.text({"airGappedInstallScriptPath"});
      !script.empty() && script != distro::k3s::kEmbeddedInstallScript)
    findings.error(path + ".agentConfig.airGappedInstallScriptPath",
                   fmt::format("{} is not where the image has its install script", shown(script)),
                   fmt::format("write {}, or leave it out", distro::k3s::kEmbeddedInstallScript));
}

void check_unique(const Json& list, const std::string& path, Findings& findings) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < list.items().size(); ++i) {
    const std::string& text = list.items()[i].string_or_empty();
    const std::string name = text.substr(0, text.find('='));
    if (!text.empty() && !seen.try_emplace(name, i).second)
      findings.error(fmt::format("{}[{}]", path, i), fmt::format("{} is here twice", shown(name)), "keep one of them");
  }
}

// --feature-gates and others may come several times; those that hold one value may not.
void check_arguments(const Json& list, const std::string& path, Findings& findings) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < list.items().size(); ++i) {
    std::string_view text = list.items()[i].string_or_empty();
    while (text.starts_with('-')) text.remove_prefix(1);
    const std::string name(text.substr(0, text.find('=')));
    if (name != "tls-cipher-suites" && name != "tls-min-version" && name != "anonymous-auth" && name != "max-pods")
      continue;
    if (!seen.try_emplace(name, i).second)
      findings.error(fmt::format("{}[{}]", path, i), fmt::format("'{}' is here twice", name), "keep one of them");
  }
}

void check_server(const Json& server, const std::string& path, Findings& findings) {
  check_unique(server["disableComponents"], path + ".disableComponents", findings);
  check_unique(server["tlsSan"], path + ".tlsSan", findings);
  for (const char* key : {"kubeAPIServerArg", "kubeControllerManagerArgs", "kubeSchedulerArgs"})
    check_arguments(server[key], path + "." + key, findings);
  const auto& disabled = server["disableComponents"].items();
  if (std::ranges::find(disabled, Json("cloudController")) != disabled.end() &&
      server.contains("disableCloudController") && !server["disableCloudController"].bool_or(true))
    findings.error(path + ".disableCloudController", "is false, but disableComponents names cloudController",
                   "keep one of them");
  if (!server.text({"cloudProviderName"}).empty())
    findings.warning(path + ".cloudProviderName",
                     "makes the node wait for a cloud controller, and none comes with K3s for it",
                     "leave it out unless an addon brings that controller");
  for (const char* key : {"disableExternalCloudProvider", "etcdProxyImage"})
    if (server.contains(key)) findings.warning(path + "." + key, "has no effect here", "remove it");
}

struct Networks {
  std::vector<std::pair<Network, std::string>> list;  // with the text
};

Networks networks_of(std::string_view text) {
  Networks networks;
  const auto parts = split_list(text);
  for (const std::string_view part : parts)
    if (const auto network = parse_network(part)) networks.list.emplace_back(*network, part);
  return networks;
}

void check_dns(const Json& server, const std::string& path, const Networks& services, Findings& findings) {
  const std::string& dns = server.text({"clusterDNS"});
  if (dns.empty()) return;
  const auto parts = split_list(dns);
  for (const std::string_view part : parts) {
    const auto address = parse_address(part);
    const bool inside = address && std::ranges::any_of(services.list, [&](const auto& service) {
                          return contains(service.first, *address);
                        });
    if (!inside && !services.list.empty())
      findings.error(path + ".clusterDNS",
                     fmt::format("{} is not in the service network {}", shown(part), services.list[0].second),
                     "choose an address inside it, or leave clusterDNS out");
  }
}

void check_sizes(const Networks& pods, const std::string& pod_path, const Networks& services,
                 const std::string& service_path, Findings& findings) {
  for (const auto& [network, text] : pods.list) {
    const int node = network.is_ipv6 ? 64 : 24;
    if (network.prefix > node)
      findings.error(pod_path, fmt::format("'{}' is too small: each node takes a /{} of it", text, node),
                     fmt::format("use a network of /{} or larger", node - 8));
  }
  for (const auto& [network, text] : services.list) {
    const int smallest = network.is_ipv6 ? 120 : 28, largest = network.is_ipv6 ? 108 : 12;
    if (network.prefix > smallest)
      findings.error(service_path, fmt::format("'{}' is too small for the services of a cluster", text),
                     fmt::format("use a network of /{} or larger", smallest - 4));
    if (network.prefix < largest)
      findings.error(service_path, fmt::format("'{}' is larger than Kubernetes takes", text),
                     fmt::format("use a network of /{} or smaller", largest));
  }
}

}  // namespace

std::string config_path(const Json& configuration) {
  const std::string path = "kubernetes.spec.template.spec";
  return configuration.get({"kubernetes", "spec", "template", "spec"}).contains("kthreesConfigSpec")
             ? path + ".kthreesConfigSpec"
             : path;
}

const Json& config_spec(const Json& configuration) {
  const Json& spec = configuration.get({"kubernetes", "spec", "template", "spec"});
  return spec.contains("kthreesConfigSpec") ? spec["kthreesConfigSpec"] : spec;
}

void check_kubernetes(const Json& configuration, const ReadOptions& options, Findings& findings) {
  const Json& flat = configuration.get({"kubernetes", "spec", "template", "spec"});
  if (flat.contains("kthreesConfigSpec"))
    for (const auto& [key, value] : flat.members())
      if (key != "kthreesConfigSpec")
        findings.error("kubernetes.spec.template.spec." + key, "stands beside kthreesConfigSpec",
                       "move it into kthreesConfigSpec");
  const Json& spec = config_spec(configuration);
  const std::string path = config_path(configuration);
  check_fixed(spec, path, options, findings);
  check_server(spec["serverConfig"], path + ".serverConfig", findings);
  const Json& agent = spec["agentConfig"];
  check_unique(agent["nodeLabels"], path + ".agentConfig.nodeLabels", findings);
  check_arguments(agent["kubeletArgs"], path + ".agentConfig.kubeletArgs", findings);
  if (!agent.text({"privateRegistry"}).empty() && !configuration.get({"kubernetes", "registries"}).empty())
    findings.error(path + ".agentConfig.privateRegistry", "names a file, and kubernetes.registries makes another one",
                   "keep one of them");
}

void check_networks_together(const Json& configuration, Findings& findings) {
  const Json& server = config_spec(configuration)["serverConfig"];
  const std::string path = config_path(configuration) + ".serverConfig";
  const std::string pod_text = server["clusterCidr"].string_or(kDefaultClusterCidr);
  const std::string service_text = server["serviceCidr"].string_or(kDefaultServiceCidr);
  const Networks pods = networks_of(pod_text), services = networks_of(service_text);
  const bool says_pods = server.contains("clusterCidr"), says_services = server.contains("serviceCidr");
  for (const auto& [pod, pod_name] : pods.list)
    for (const auto& [service, service_name] : services.list)
      if (overlap(pod, service))
        findings.error(path + (says_services ? ".serviceCidr" : ".clusterCidr"),
                       says_services
                           ? fmt::format("'{}' overlaps clusterCidr {}{}", service_name, pod_name,
                                         says_pods ? "" : " (the default)")
                           : fmt::format("'{}' overlaps serviceCidr {} (the default)", pod_name, service_name),
                       "choose two networks that share no address");
  const auto families = [](const Networks& networks) {
    return std::pair(std::ranges::any_of(networks.list, [](const auto& n) { return !n.first.is_ipv6; }),
                     std::ranges::any_of(networks.list, [](const auto& n) { return n.first.is_ipv6; }));
  };
  if (!pods.list.empty() && !services.list.empty() && families(pods) != families(services))
    findings.error(
        path + (says_services ? ".serviceCidr" : ".clusterCidr"),
        fmt::format("clusterCidr {} and serviceCidr {} are not of the same address families", pod_text, service_text),
        "give both an IPv4 network, both an IPv6 network, or both one of each");
  check_sizes(pods, path + ".clusterCidr", services, path + ".serviceCidr", findings);
  check_dns(server, path, services, findings);
  for (const char* section : {"operatingSystem", "kubernetes"}) {
    const Json& proxy = configuration.get({section, "proxy"});
    if (proxy.text({"httpProxy"}).empty() && proxy.text({"httpsProxy"}).empty()) continue;
    const auto entries = split_list(proxy.text({"noProxy"}));
    std::string missing;
    for (const Networks* networks : {&pods, &services})
      for (const auto& [network, text] : networks->list) {
        const bool covered = std::ranges::any_of(entries, [&](std::string_view entry) {
          const auto range = parse_network(entry);
          return entry == "*" || (range && contains(*range, network));
        });
        if (!covered) missing += (missing.empty() ? "" : ",") + text;
      }
    if (!missing.empty())
      findings.warning(fmt::format("{}.proxy.noProxy", section), "does not cover the networks of pods and services",
                       fmt::format("add {},.svc,.cluster.local", missing));
  }
}

}  // namespace slipway::standalone
