#include "standalone/generated_files.h"

#include <fmt/core.h>

#include "data/encoding.h"
#include "data/yaml.h"
#include "distro/k3s/paths.h"
#include "standalone/rules.h"

namespace slipway::standalone {

using data::Json;

namespace {

constexpr std::string_view kRegistriesFile = "/etc/rancher/k3s/registries.yaml";

std::string manifest_path(const std::string& addon) {
  return fmt::format("{}/{}.yaml", distro::k3s::kManifestsFolder, addon);
}

std::string sudoers_path(const std::string& user) {
  return fmt::format("/etc/sudoers.d/90-slipway-{}", user);
}

// A HelmChart of K3s' helm controller, in the namespace that the controller works in.
Json helm_chart(const std::string& name, const Json& chart) {
  Json spec = Json::object();
  for (const char* key : {"chart", "repo", "version", "targetNamespace", "valuesContent"})
    if (!chart.text({key}).empty()) spec.set(key, chart[key]);
  if (!chart.text({"chartContent"}).empty()) {
    std::string packed;
    for (const char c : chart.text({"chartContent"}))
      if (c != '\n' && c != ' ' && c != '\r' && c != '\t') packed += c;
    spec.set("chartContent", packed);
  }
  if (chart["createNamespace"].bool_or(false)) spec.set("createNamespace", true);
  return Json::object({{"apiVersion", "helm.cattle.io/v1"},
                       {"kind", "HelmChart"},
                       {"metadata", Json::object({{"name", name}, {"namespace", "kube-system"}})},
                       {"spec", std::move(spec)}});
}

}  // namespace

std::map<std::string, std::string, std::less<>> generated_paths(const Json& configuration) {
  std::map<std::string, std::string, std::less<>> paths;
  const Json& system = configuration["operatingSystem"];
  if (!proxy_variables(system["proxy"]).empty()) paths["/etc/environment"] = "operatingSystem.proxy";
  const auto& users = system["users"].items();
  for (std::size_t i = 0; i < users.size(); ++i)
    if (users[i]["sudo"].bool_or(false))
      paths[sudoers_path(users[i].text({"username"}))] = fmt::format("operatingSystem.users[{}].sudo", i);
  if (!configuration.get({"kubernetes", "registries"}).empty())
    paths[std::string(kRegistriesFile)] = "kubernetes.registries";
  const auto& addons = configuration.get({"kubernetes", "addons"}).items();
  for (std::size_t i = 0; i < addons.size(); ++i)
    if (!addons[i].text({"name"}).empty())
      paths[manifest_path(addons[i].text({"name"}))] = fmt::format("kubernetes.addons[{}].name", i);
  return paths;
}

std::vector<cloudinit::WriteFile> generated_files(const Json& configuration) {
  std::vector<cloudinit::WriteFile> files;
  for (const Json& user : configuration.get({"operatingSystem", "users"}).items()) {
    if (!user["sudo"].bool_or(false)) continue;
    const std::string& name = user.text({"username"});
    const std::string_view rule = user.text({"password"}).empty() ? "NOPASSWD: ALL" : "ALL";
    files.push_back({sudoers_path(name), fmt::format("{} ALL=(ALL:ALL) {}\n", name, rule), "root:root", "0440"});
  }
  const Json& registries = configuration.get({"kubernetes", "registries"});
  if (!registries.empty())
    files.push_back({std::string(kRegistriesFile), data::to_yaml(registries), "root:root", "0600"});
  for (const Json& addon : configuration.get({"kubernetes", "addons"}).items()) {
    const std::string& name = addon.text({"name"});
    const std::string content =
        addon.contains("manifest") ? addon.text({"manifest"}) : data::to_yaml(helm_chart(name, addon["helmChart"]));
    files.push_back({manifest_path(name), content, "root:root", "0600"});
  }
  return files;
}

void check_manifest(const std::string& text, const std::string& path, Findings& findings) {
  const auto documents = data::parse_yaml_documents(text);
  if (!documents)
    return findings.error(path, documents.error().message(), "lines are counted from the block's first line");
  if (documents->empty()) return findings.error(path, "holds no object", "write Kubernetes objects in YAML");
  for (std::size_t i = 0; i < documents->size(); ++i) {
    const Json& object = (*documents)[i];
    for (const char* key : {"apiVersion", "kind"})
      if (object.text({key}).empty())
        findings.error(path, fmt::format("object {} has no '{}'", i + 1, key), "write whole Kubernetes objects");
    if (object.is_object() && object.text({"metadata", "name"}).empty() && !object.text({"kind"}).ends_with("List"))
      findings.error(path, fmt::format("object {} has no 'metadata.name'", i + 1), "write whole Kubernetes objects");
  }
}

void check_chart(const Json& chart, const std::string& path, Findings& findings) {
  const bool has_content = !chart.text({"chartContent"}).empty();
  if (chart.text({"chart"}).empty() == !has_content)
    findings.error(path, has_content ? "has both 'chart' and 'chartContent'" : "has neither 'chart' nor 'chartContent'",
                   "give the name of a chart, or its archive in base64");
  if (has_content) {
    std::string packed;
    for (const char c : chart.text({"chartContent"}))
      if (c != '\n' && c != ' ' && c != '\r' && c != '\t') packed += c;
    if (!data::base64_decode(packed))
      findings.error(path + ".chartContent", "is not valid base64 text", "make it with: base64 -w0 CHART.tgz");
  } else if (!chart.text({"chart"}).empty()) {
    findings.warning(path, "is fetched from the network", "give the chart as 'chartContent' for a site without one");
  }
  if (const std::string& values = chart.text({"valuesContent"}); !values.empty())
    if (const auto parsed = data::parse_yaml(values); !parsed)
      findings.error(path + ".valuesContent", parsed.error().message(),
                     "lines are counted from the block's first line");
}

std::vector<std::pair<std::string, std::string>> proxy_variables(const Json& proxy) {
  std::vector<std::pair<std::string, std::string>> variables;
  constexpr std::pair<const char*, std::string_view> kNames[] = {
      {"httpProxy", "http_proxy"}, {"httpsProxy", "https_proxy"}, {"noProxy", "no_proxy"}};
  for (const auto& [key, name] : kNames) {
    const std::string& value = proxy.text({key});
    if (value.empty()) continue;
    std::string upper(name);
    for (char& c : upper)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    variables.emplace_back(name, value);
    variables.emplace_back(std::move(upper), value);
  }
  return variables;
}

}  // namespace slipway::standalone
