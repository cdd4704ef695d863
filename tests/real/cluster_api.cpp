#include "real/cluster_api.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <unistd.h>

#include "base/clock.h"
#include "data/encoding.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "kubernetes/program.h"
#include "pki/kubeconfig.h"

namespace slipway::real {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::ProcessResult;
using base::Result;
using base::Status;
using data::Json;

namespace {

constexpr const char* kNamespace = "plant";
const fs::path kPublished = source_folder() / "build/real/cluster-api";

Result<std::string> succeeded(Result<ProcessResult> result, const std::string& what) {
  if (!result) return result.error();
  if (result->exit_code != 0)
    return fail(ErrorCode::kInternal, fmt::format("{}: {}", what, result->standard_error + result->standard_output));
  return std::move(result->standard_output);
}

}  // namespace

std::optional<std::string> ClusterApi::missing_parts() {
  if (::geteuid() != 0) return "needs root (a mount namespace for the manager)";
  if (!fs::exists(program("slipwayd"))) return "build/bin/slipwayd is not there; run make build";
  if (!has_kubectl()) return "build/real/bin/kubectl is not there; run tests/real/acquire-k3s";
  const auto built = base::run_process(
      {.argv = {(source_folder() / "tests/real/build-cluster-api").string()}, .timeout = std::chrono::minutes(15)});
  if (!built || built->exit_code != 0) return "tests/real/build-cluster-api cannot build the manager; is Go there?";
  return std::nullopt;
}

Result<std::unique_ptr<ClusterApi>> ClusterApi::start(const fs::path& folder, const fs::path& administrator,
                                                      const std::vector<Provider>& running) {
  auto api = std::unique_ptr<ClusterApi>(new ClusterApi());
  api->folder_ = folder;
  api->administrator_ = administrator;
  SLIPWAY_TRY(base::make_folders(folder / "certificates", 0700));
  SLIPWAY_TRY(api->make_certificates());
  for (const Provider& provider : running)
    api->deployments_[provider.name].webhook_port = SLIPWAY_TRY(kubernetes::free_port());
  SLIPWAY_TRY(api->install_components());
  for (const Provider& provider : running) SLIPWAY_TRY(api->launch(provider));
  return api;
}

Status ClusterApi::make_certificates() {
  const auto now = base::SystemClock::instance().now();
  authority_ =
      SLIPWAY_TRY(pki::create_ca({.common_name = "webhooks"}, pki::KeyType::kEcP256, std::chrono::hours(24), now));
  const pki::CertificateRequest request{
      .subject = {.common_name = "webhooks"}, .ip_addresses = {"127.0.0.1"}, .lifetime = std::chrono::hours(24)};
  const auto serving = SLIPWAY_TRY(pki::issue(authority_, request, pki::KeyType::kEcP256, now));
  SLIPWAY_TRY(base::write_file_atomically(folder_ / "certificates/tls.crt", serving.certificate_pem, 0600));
  return base::write_file_atomically(folder_ / "certificates/tls.key", serving.key_pem, 0600);
}

// url and caBundle instead of the Service: what is in front of the manager here is nothing.
Json ClusterApi::by_url(const Json& client_config, int port) const {
  return Json::object({{"url", fmt::format("https://127.0.0.1:{}{}", port, client_config.text({"service", "path"}))},
                       {"caBundle", data::base64_encode(authority_.certificate_pem)}});
}

std::optional<Json> ClusterApi::adapted(Json object, Deployment* deployment) const {
  static const std::set<std::string> kAbsent{"Deployment",
                                             "Service",
                                             "Certificate",
                                             "Issuer",
                                             "MutatingWebhookConfiguration",
                                             "ValidatingWebhookConfiguration"};
  const std::string kind = object.text({"kind"});
  if (kAbsent.contains(kind)) return std::nullopt;
  object.at({"metadata", "labels"}).set("clusterctl.cluster.x-k8s.io", "");  // as clusterctl init
  if (kind != "CustomResourceDefinition") return deployment != nullptr ? std::optional(object) : std::nullopt;
  if (deployment == nullptr)  // nobody answers the webhook: served without conversion
    object.at("spec").erase("conversion");
  else
    object.at({"spec", "conversion", "webhook"})
        .set("clientConfig",
             by_url(object.get({"spec", "conversion", "webhook", "clientConfig"}), deployment->webhook_port));
  return object;
}

Result<std::string> ClusterApi::components(const std::string& provider) {
  const std::string text = SLIPWAY_TRY(
      succeeded(kubectl({"kustomize", (kPublished / provider / "config/default").string()}), "kubectl kustomize"));
  const auto found = deployments_.find(provider);
  Deployment* deployment = found == deployments_.end() ? nullptr : &found->second;
  const auto documents = SLIPWAY_TRY(data::parse_yaml_documents(text));
  std::string out;
  for (const Json& document : documents) {
    if (deployment != nullptr && document.text({"kind"}) == "ServiceAccount") {
      deployment->ns = document.text({"metadata", "namespace"});
      deployment->account = document.text({"metadata", "name"});
    }
    if (const auto object = adapted(document, deployment)) out += data::to_json(*object) + "\n---\n";
  }
  return out;
}

Status ClusterApi::install_components() {
  std::string all;
  const Provider providers[] = {kCore, kKubeadmBootstrap, kKubeadmControlPlane};
  for (const Provider& provider : providers) all += SLIPWAY_TRY(components(provider.name));
  const fs::directory_iterator definitions(source_folder() / "api/crds");
  for (const auto& entry : definitions)
    if (entry.path().filename().string().starts_with("infrastructure."))
      all += SLIPWAY_TRY(base::read_file(entry.path())) + "\n---\n";
  SLIPWAY_TRY(succeeded(kubectl({"apply", "--server-side", "-f", "-"}, all), "the components are refused"));
  SLIPWAY_TRY(succeeded(kubectl({"wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"}),
                        "definitions are not established"));
  SLIPWAY_TRY(succeeded(kubectl({"create", "namespace", kNamespace}), "namespace"));
  return {};
}

Status ClusterApi::launch(const Provider& provider) {
  Deployment& deployment = deployments_.at(provider.name);
  const std::string text = SLIPWAY_TRY(base::read_file(administrator_));
  auto config = SLIPWAY_TRY(pki::parse_kubeconfig(text));
  config.client_certificate_pem = config.client_key_pem = "";
  config.token = SLIPWAY_TRY(succeeded(
      kubectl({"create", "token", deployment.account, "--namespace=" + deployment.ns, "--duration=1h"}), "a token"));
  config.token.erase(config.token.find_last_not_of('\n') + 1);
  managers_.push_back(SLIPWAY_TRY(ProviderManager::start(provider, {.folder = folder_,
                                                                    .certificates = folder_ / "certificates",
                                                                    .webhook_port = deployment.webhook_port,
                                                                    .ns = deployment.ns,
                                                                    .kubeconfig = std::move(config)})));
  return {};
}

std::vector<std::string> ClusterApi::unexpected_errors(bool restarted) const {
  std::vector<std::string> all;
  for (const ProviderManager& manager : managers_) {
    const auto errors = manager.unexpected_errors(restarted);
    all.insert(all.end(), errors.begin(), errors.end());
  }
  return all;
}

Result<ProcessResult> ClusterApi::kubectl(std::vector<std::string> args, const std::string& input) {
  return run_kubectl(administrator_, folder_ / "kube-cache", std::move(args), input);
}

Result<std::string> ClusterApi::run(std::vector<std::string> args, const std::string& input) {
  std::string line = "kubectl";
  for (const std::string& arg : args) line += " " + arg;
  args.insert(args.begin(), std::string("--namespace=") + kNamespace);
  return succeeded(kubectl(std::move(args), input), line);
}

Result<std::string> ClusterApi::clusterctl(std::vector<std::string> args) {
  const std::string what = "clusterctl " + args.front();
  args.insert(args.begin(), (source_folder() / "build/real/bin/clusterctl").string());
  args.insert(args.end(), {"--kubeconfig=" + administrator_.string(), std::string("--namespace=") + kNamespace});
  return succeeded(
      base::run_process({.argv = std::move(args),
                         .environment = {{{"HOME", folder_.string()}, {"CLUSTERCTL_DISABLE_VERSIONCHECK", "true"}}},
                         .timeout = std::chrono::minutes(2)}),
      what);
}

Status ClusterApi::apply(const std::string& file) {
  SLIPWAY_TRY(run({"apply", "--server-side", "-f", (source_folder() / "tests/real/cluster-api" / file).string()}));
  return {};
}

Json ClusterApi::get(const std::string& type, const std::string& name) {
  const auto text = run({"get", type, name, "-o", "json", "--ignore-not-found", "--show-managed-fields"});
  return text && !text->empty() ? data::parse_json(*text).value_or(Json()) : Json();
}

std::vector<Json> ClusterApi::list(const std::string& type) {
  const auto text = run({"get", type, "-o", "json", "--show-managed-fields"});
  const Json found = text ? data::parse_json(*text).value_or(Json()) : Json();
  return found["items"].items();
}

Json ClusterApi::only(const std::string& type) {
  const auto found = list(type);
  return found.size() == 1 ? found.front() : Json();
}

std::string condition(const Json& object, const std::string& type) {
  for (const Json& entry : object.get({"status", "conditions"}).items())
    if (entry.text({"type"}) == type) return entry.text({"status"}) + " " + entry.text({"reason"});
  return "";
}

std::vector<std::string> field_managers(const Json& object) {
  std::vector<std::string> out;
  for (const Json& entry : object.get({"metadata", "managedFields"}).items()) {
    std::string text = entry.text({"operation"}) + " " + entry.text({"manager"});
    if (entry.contains("subresource")) text += " " + entry.text({"subresource"});
    out.push_back(std::move(text));
  }
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> owners(const Json& object) {
  std::vector<std::string> out;
  for (const Json& owner : object.get({"metadata", "ownerReferences"}).items())
    out.push_back(owner.text({"kind"}) + "/" + owner.text({"name"}) + (owner["controller"].bool_or(false) ? "*" : ""));
  return out;
}

}  // namespace slipway::real
