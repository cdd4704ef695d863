#include "real/cluster_api.h"

#include <algorithm>
#include <fmt/core.h>
#include <regex>
#include <set>
#include <sstream>
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

fs::path manager_program() {
  return source_folder() / "build/real/bin/cluster-api-core";
}

Result<std::string> succeeded(Result<ProcessResult> result, const std::string& what) {
  if (!result) return result.error();
  if (result->exit_code != 0)
    return fail(ErrorCode::kInternal, fmt::format("{}: {}", what, result->standard_error + result->standard_output));
  return std::move(result->standard_output);
}

// Errors in the manager's log that do not tell of a fault, each with its reason.
struct ExpectedError {
  const char* pattern;
  const char* reason;
  bool only_when_restarted = false;
};
constexpr ExpectedError kExpectedErrors[] = {
    {"Secret .*-kubeconfig.* not found", "no control plane provider has made the workload cluster's kubeconfig"},
    {"connection to the workload cluster is down", "asked for before its kubeconfig is there, or was deleted"},
    {"the object has been modified; please apply your changes to the latest version",
     "two controllers write one object"},
    {"connection refused|connection reset|EOF|server closed|client connection lost", "the API server was killed", true},
    {"Failed to update lease optimistically|error retrieving resource lock", "the API server was killed", true},
    {"very short watch|apiserver not ready", "the API server was killed", true},
    {"failed to patch .*: timed out waiting for the condition", "conflicts while the caches wait for new watches",
     true},
};

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

Result<std::unique_ptr<ClusterApi>> ClusterApi::start(const fs::path& folder, const fs::path& administrator) {
  auto api = std::unique_ptr<ClusterApi>(new ClusterApi());
  api->folder_ = folder;
  api->administrator_ = administrator;
  api->webhook_port_ = SLIPWAY_TRY(kubernetes::free_port());
  SLIPWAY_TRY(base::make_folders(folder / "certificates", 0700));
  SLIPWAY_TRY(api->make_certificates());
  SLIPWAY_TRY(api->install_components());
  SLIPWAY_TRY(api->launch_manager());
  SLIPWAY_TRY(api->wait_until_working());
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
Json ClusterApi::by_url(const Json& client_config) const {
  return Json::object(
      {{"url", fmt::format("https://127.0.0.1:{}{}", webhook_port_, client_config.text({"service", "path"}))},
       {"caBundle", data::base64_encode(authority_.certificate_pem)}});
}

std::optional<Json> ClusterApi::adapted(Json object, bool is_core) const {
  static const std::set<std::string> kAbsent{"Deployment",
                                             "Service",
                                             "Certificate",
                                             "Issuer",
                                             "MutatingWebhookConfiguration",
                                             "ValidatingWebhookConfiguration"};
  const std::string kind = object.text({"kind"});
  if (kAbsent.contains(kind)) return std::nullopt;
  if (kind != "CustomResourceDefinition") return is_core ? std::optional(object) : std::nullopt;
  if (is_core)
    object.at({"spec", "conversion", "webhook"})
        .set("clientConfig", by_url(object.get({"spec", "conversion", "webhook", "clientConfig"})));
  else  // nothing of these providers runs: their definitions are served without conversion
    object.at("spec").erase("conversion");
  return object;
}

Result<std::string> ClusterApi::components(const std::string& provider) {
  const std::string text = SLIPWAY_TRY(
      succeeded(kubectl({"kustomize", (kPublished / provider / "config/default").string()}), "kubectl kustomize"));
  const auto documents = SLIPWAY_TRY(data::parse_yaml_documents(text));
  std::string out;
  for (const Json& document : documents)
    if (const auto object = adapted(document, provider == "core")) out += data::to_json(*object) + "\n---\n";
  return out;
}

Status ClusterApi::install_components() {
  std::string all;
  for (const char* provider : {"core", "bootstrap/kubeadm", "controlplane/kubeadm"})
    all += SLIPWAY_TRY(components(provider));
  for (const auto& entry : fs::directory_iterator(source_folder() / "api/crds"))
    if (entry.path().filename().string().starts_with("infrastructure."))
      all += SLIPWAY_TRY(base::read_file(entry.path())) + "\n---\n";
  SLIPWAY_TRY(succeeded(kubectl({"apply", "--server-side", "-f", "-"}, all), "the components are refused"));
  SLIPWAY_TRY(succeeded(kubectl({"wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"}),
                        "definitions are not established"));
  SLIPWAY_TRY(succeeded(kubectl({"create", "namespace", kNamespace}), "namespace"));
  return {};
}

// As in a pod: the ServiceAccount's token, and its namespace in the file where the manager looks for it.
Status ClusterApi::launch_manager() {
  const std::string text = SLIPWAY_TRY(base::read_file(administrator_));
  auto config = SLIPWAY_TRY(pki::parse_kubeconfig(text));
  config.token = SLIPWAY_TRY(succeeded(
      kubectl({"create", "token", "capi-manager", "--namespace=capi-system", "--duration=1h"}), "the manager's token"));
  config.token.erase(config.token.find_last_not_of('\n') + 1);
  config.client_certificate_pem = config.client_key_pem = "";
  const fs::path kubeconfig = folder_ / "manager.kubeconfig";
  SLIPWAY_TRY(base::write_file_atomically(kubeconfig, pki::render_kubeconfig(config), 0600));
  const std::string in_namespace =
      "mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount && "
      "printf capi-system > /run/secrets/kubernetes.io/serviceaccount/namespace && exec \"$@\"";
  manager_.emplace(SLIPWAY_TRY(
      Process::start({"unshare", "--mount", "--propagation", "private", "sh", "-c", in_namespace, "sh",
                      manager_program().string(), "--kubeconfig=" + kubeconfig.string(), "--leader-elect",
                      "--feature-gates=ClusterTopology=true", fmt::format("--webhook-port={}", webhook_port_),
                      "--webhook-cert-dir=" + (folder_ / "certificates").string(), "--health-addr=127.0.0.1:0",
                      "--diagnostics-address=127.0.0.1:0", "--insecure-diagnostics", "--logging-format=json"},
                     folder_ / "manager.log")));
  return {};
}

// A controller says that it starts its workers when its caches are filled, and starts at all when the manager leads.
Status ClusterApi::wait_until_working() {
  constexpr std::size_t kControllers = 14;
  const bool working = eventually(
      milliseconds(60'000),
      [&] {
        std::set<std::string> controllers;
        for (const Json& line : log())
          if (line.text({"msg"}) == "Starting workers") controllers.insert(line.text({"controller"}));
        return controllers.size() >= kControllers || !manager_->running();
      },
      milliseconds(100));
  if (working && manager_->running()) return {};
  const std::string output = manager_->output();
  return fail(ErrorCode::kTimeout, "the core manager does not work:\n" +
                                       output.substr(output.size() - std::min<std::size_t>(output.size(), 4'000)));
}

std::vector<Json> ClusterApi::log() const {
  std::vector<Json> lines;
  std::istringstream stream(manager_->output());
  for (std::string line; std::getline(stream, line);) {
    std::vector<std::string> twice;  // klog writes some names twice
    auto parsed = data::parse_json(line, {.duplicates = &twice});
    lines.push_back(parsed ? std::move(*parsed) : Json::object({{"msg", line}, {"err", "no JSON"}}));
  }
  return lines;
}

std::vector<std::string> ClusterApi::unexpected_errors(bool restarted) const {
  std::vector<std::string> unexpected;
  for (const Json& line : log()) {
    // klog writes a verbosity with what is no error.
    const bool is_error = !line.contains("v") || !line["err"].is_null();
    const std::string text = data::to_json(line);
    const bool expected = std::ranges::any_of(kExpectedErrors, [&](const ExpectedError& error) {
      return (restarted || !error.only_when_restarted) && std::regex_search(text, std::regex(error.pattern));
    });
    if (is_error && !expected) unexpected.push_back(text);
  }
  return unexpected;
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
