#include "pki/kubeconfig.h"

#include <filesystem>
#include <fmt/core.h>

#include "base/files.h"
#include "data/encoding.h"
#include "data/json.h"
#include "data/yaml.h"

namespace slipway::pki {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using data::Json;

namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

std::string context_name(const Kubeconfig& config) {
  return config.context_name.empty() ? config.user_name + "@" + config.cluster_name : config.context_name;
}

Json render_cluster(const Kubeconfig& config) {
  Json cluster = Json::object({{"server", config.server}});
  if (!config.ca_pem.empty()) cluster.set("certificate-authority-data", data::base64_encode(config.ca_pem));
  if (!config.tls_server_name.empty()) cluster.set("tls-server-name", config.tls_server_name);
  return cluster;
}

Json render_user(const Kubeconfig& config) {
  Json user = Json::object();
  if (!config.client_certificate_pem.empty()) {
    user.set("client-certificate-data", data::base64_encode(config.client_certificate_pem));
    user.set("client-key-data", data::base64_encode(config.client_key_pem));
  }
  if (!config.token.empty()) user.set("token", config.token);
  return user;
}

// The `field` (cluster, user, context) of the entry called `name` in one of the three lists.
Result<Json> named_entry(const Json& file, std::string_view list, std::string_view field, std::string_view name) {
  for (const Json& entry : file[list].items()) {
    if (entry["name"].string_or_empty() == name) return entry[field];
  }
  return fail(ErrorCode::kInvalid, fmt::format("the kubeconfig has no {} named \"{}\"", field, name));
}

// Content that stands either in "<field>-data" as base64 or in the file that "<field>" names. Data wins, as in kubectl.
Result<std::string> embedded_or_file(const Json& entry, const std::string& field, const std::filesystem::path& folder) {
  const std::string& encoded = entry[field + "-data"].string_or_empty();
  if (!encoded.empty()) {
    Result<std::string> decoded = data::base64_decode(encoded);
    if (!decoded) return fail(ErrorCode::kInvalid, fmt::format("kubeconfig field {}-data is not base64", field));
    return decoded;
  }
  const std::string& path = entry[field].string_or_empty();
  if (path.empty()) return std::string();
  return base::read_file(folder / path, kMaxFileBytes).with_context(fmt::format("kubeconfig field {}", field));
}

Status read_user(const Json& user, const std::filesystem::path& folder, Kubeconfig& config) {
  for (const std::string_view unsupported : {"exec", "auth-provider", "username"}) {
    if (!user[unsupported].is_null()) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("kubeconfig user \"{}\" logs in by \"{}\"; use a client certificate or a token",
                              config.user_name, unsupported));
    }
  }
  config.client_certificate_pem = SLIPWAY_TRY(embedded_or_file(user, "client-certificate", folder));
  config.client_key_pem = SLIPWAY_TRY(embedded_or_file(user, "client-key", folder));
  if (config.client_certificate_pem.empty() != config.client_key_pem.empty()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("kubeconfig user \"{}\" needs both a client certificate and its key", config.user_name));
  }
  config.token = user["token"].string_or_empty();
  const std::string& token_file = user["tokenFile"].string_or_empty();
  if (config.token.empty() && !token_file.empty()) {
    config.token =
        SLIPWAY_TRY(base::read_file(folder / token_file, kMaxFileBytes).with_context("kubeconfig tokenFile"));
    while (!config.token.empty() && (config.token.back() == '\n' || config.token.back() == '\r'))
      config.token.pop_back();
  }
  return {};
}

}  // namespace

std::string render_kubeconfig(const Kubeconfig& config) {
  Json context = Json::object({{"cluster", config.cluster_name}, {"user", config.user_name}});
  if (!config.ns.empty()) context.set("namespace", config.ns);
  const std::string name = context_name(config);
  return data::to_yaml(Json::object({
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"preferences", Json::object()},
      {"current-context", name},
      {"clusters", Json::array({Json::object({{"name", config.cluster_name}, {"cluster", render_cluster(config)}})})},
      {"users", Json::array({Json::object({{"name", config.user_name}, {"user", render_user(config)}})})},
      {"contexts", Json::array({Json::object({{"name", name}, {"context", std::move(context)}})})},
  }));
}

Result<Kubeconfig> parse_kubeconfig(std::string_view text, std::string_view folder_text) {
  const std::filesystem::path folder(folder_text);
  const Json file = SLIPWAY_TRY(data::parse_yaml(text).with_context("kubeconfig"));
  if (!file.is_object() || file["kind"].string_or("Config") != "Config") {
    return fail(ErrorCode::kInvalid, "this is no kubeconfig: kind is not Config");
  }
  Kubeconfig config;
  config.context_name = file["current-context"].string_or_empty();
  if (config.context_name.empty()) return fail(ErrorCode::kInvalid, "the kubeconfig has no current-context");
  const Json context = SLIPWAY_TRY(named_entry(file, "contexts", "context", config.context_name));
  config.cluster_name = context["cluster"].string_or_empty();
  config.user_name = context["user"].string_or_empty();
  config.ns = context["namespace"].string_or_empty();

  const Json cluster = SLIPWAY_TRY(named_entry(file, "clusters", "cluster", config.cluster_name));
  config.server = cluster["server"].string_or_empty();
  if (config.server.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("kubeconfig cluster \"{}\" has no server", config.cluster_name));
  }
  if (cluster["insecure-skip-tls-verify"].bool_or(false)) {
    return fail(ErrorCode::kUnsupported, fmt::format("kubeconfig cluster \"{}\" says insecure-skip-tls-verify; "
                                                     "put the server's CA into certificate-authority-data",
                                                     config.cluster_name));
  }
  config.tls_server_name = cluster["tls-server-name"].string_or_empty();
  config.ca_pem = SLIPWAY_TRY(embedded_or_file(cluster, "certificate-authority", folder));
  const Json user = SLIPWAY_TRY(named_entry(file, "users", "user", config.user_name));
  SLIPWAY_TRY(read_user(user, folder, config));
  return config;
}

}  // namespace slipway::pki
