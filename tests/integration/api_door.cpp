#include "tests/integration/api_door.h"

#include <cstdlib>
#include <fmt/core.h>
#include <regex>

#include "data/yaml.h"
#include "pki/kubeconfig.h"
#include "store/sqlite/sqlite_store.h"

namespace slipway::integration {

namespace {

using std::chrono::hours;

template <typename T>
T must(base::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message());
    std::abort();
  }
  return std::move(*result);
}

}  // namespace

ApiDoor::ApiDoor(const std::vector<std::string>& crds) : folder_(must(base::TemporaryFolder::create("slipway-door"))) {
  const base::WallTime now = base::SystemClock::instance().now();
  ca_ = must(pki::create_ca({"slipway-ca", {}}, pki::KeyType::kEcP256, hours(24), now));
  pki::CertificateRequest serving;
  serving.subject = {"slipwayd", {}};
  serving.ip_addresses = {"127.0.0.1"};
  const auto pair = must(pki::issue(ca_, serving, pki::KeyType::kEcP256, now));

  store = must(store::open_sqlite_store(folder_.path() / "data"));
  registry = std::make_unique<registry::Registry>(*store, registry::Registry::Options{});
  for (const std::string& crd : crds) {
    if (const base::Status added = registry->add_crd(must(data::parse_yaml(crd))); !added) {
      fmt::print(stderr, "{}\n", added.error().message());
      std::abort();
    }
  }
  access_policy = must(apiserver::AccessPolicyKeeper::start(*registry));
  apiserver::ApiServerOptions door;
  door.service_accounts = std::make_shared<apiserver::ServiceAccountTokens>(
      *registry, apiserver::ServiceAccountTokenOptions{
                     .issuer = "https://slipway.example",
                     .key = must(pki::SigningKey::of_pem(must(pki::generate_key(pki::KeyType::kEcP256))))});
  api = std::make_unique<apiserver::ApiServer>(*registry, std::move(door));
  net::HttpServerOptions options = api->http_options();
  options.tls = {pair.certificate_pem, pair.key_pem, ca_.certificate_pem, false};
  server_ = must(net::HttpServer::start(options, [this](const net::HttpRequest& request, net::Responder& responder) {
    api->handle(request, responder);
  }));
  admin_kubeconfig_ = kubeconfig("admin", "system:masters");
}

ApiDoor::~ApiDoor() {
  api->stop();
  server_->stop(std::chrono::seconds(2));
  server_.reset();
}

std::string ApiDoor::url() const {
  return fmt::format("https://127.0.0.1:{}", server_->port());
}

std::string ApiDoor::kubeconfig(const std::string& name, const std::string& organization) const {
  pki::Kubeconfig config;
  config.server = url();
  config.ca_pem = ca_.certificate_pem;
  if (!organization.empty()) {
    pki::CertificateRequest request;
    request.subject = {name, {organization}};
    request.usage = pki::Usage::kClient;
    const auto pair = must(pki::issue(ca_, request, pki::KeyType::kEcP256, base::SystemClock::instance().now()));
    config.client_certificate_pem = pair.certificate_pem;
    config.client_key_pem = pair.key_pem;
  }
  const auto path = folder_.path() / (name + ".kubeconfig");
  if (const auto written = base::write_file_atomically(path, pki::render_kubeconfig(config), 0600); !written)
    std::abort();
  return path;
}

base::ProcessOptions ApiDoor::kubectl_process(const std::string& program, std::vector<std::string> arguments) const {
  base::ProcessOptions options;
  options.argv = {program, "--kubeconfig", admin_kubeconfig_, "--cache-dir", folder_.path() / "cache"};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.timeout = std::chrono::seconds(60);
  return options;
}

base::ProcessResult ApiDoor::kubectl(const std::string& program, std::vector<std::string> arguments,
                                     const std::string& input) const {
  base::ProcessOptions options = kubectl_process(program, std::move(arguments));
  options.input = input;
  return must(base::run_process(options));
}

std::string ApiDoor::kubectl_until(const std::string& pattern, const std::string& program,
                                   std::vector<std::string> arguments) const {
  base::ProcessOptions options = kubectl_process(program, std::move(arguments));
  const std::regex wanted(pattern);
  std::string output;
  std::stop_source stop;
  options.on_output = [&](std::string_view text) {
    output += text;
    if (std::regex_search(output, wanted)) stop.request_stop();
  };
  (void)must(base::run_process(options, stop.get_token()));
  return output;
}

std::string find_kubectl() {
  if (const char* named = std::getenv("KUBECTL")) return named;
  std::string path = std::getenv("PATH") ? std::getenv("PATH") : "";
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::filesystem::path candidate = std::filesystem::path(path.substr(at, end - at)) / "kubectl";
    std::error_code ignored;
    if (std::filesystem::exists(candidate, ignored)) return candidate;
    at = end + 1;
  }
  return {};
}

}  // namespace slipway::integration
