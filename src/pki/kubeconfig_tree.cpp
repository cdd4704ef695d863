#include "pki/kubeconfig_tree.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <set>

#include "base/files.h"
#include "data/encoding.h"
#include "data/yaml.h"

namespace slipway::pki {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using data::Json;

namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;
constexpr std::array<std::string_view, 3> kLists{"clusters", "users", "contexts"};

// "clusters" holds entries {name, cluster: {…}}.
std::string field_of(std::string_view list) {
  return std::string(list.substr(0, list.size() - 1));
}

void make_absolute(Json& entry, std::string_view field, const fs::path& folder) {
  const std::string& name = entry[field].string_or_empty();
  if (!name.empty()) entry.set(field, (folder / name).lexically_normal().string());
}

void make_absolute(Json& tree, const fs::path& folder) {
  for (Json& entry : tree.at("clusters").mutable_items())
    if (entry["cluster"].is_object()) make_absolute(entry.at("cluster"), "certificate-authority", folder);
  for (Json& entry : tree.at("users").mutable_items()) {
    if (!entry["user"].is_object()) continue;
    Json& user = entry.at("user");
    for (const std::string_view field : {"client-certificate", "client-key", "tokenFile"})
      make_absolute(user, field, folder);
    // A command without a slash is looked up on PATH.
    if (user.text({"exec", "command"}).find('/') != std::string::npos)
      make_absolute(user.at("exec"), "command", folder);
  }
}

// The `field` (cluster, user, context) of the entry called `name` in one of the lists.
Result<Json> named_entry(const Json& tree, std::string_view list, std::string_view name) {
  const std::string field = field_of(list);
  for (const Json& entry : tree[list].items())
    if (entry["name"].string_or_empty() == name) return entry[field];
  return fail(ErrorCode::kInvalid, fmt::format("the kubeconfig has no {} named \"{}\"", field, name));
}

// A user or cluster of the tree, as errors call it.
struct Entry {
  const Json& value;
  std::string title;
  KubeconfigTrust trust;

  Status refuse_in_text(std::string_view field) const {
    if (trust == KubeconfigTrust::kFile || value[field].is_null()) return {};
    return Status(ErrorCode::kUnsupported,
                  fmt::format("{} has {}, which would use a file or program of this machine; embed the content instead",
                              title, field));
  }
};

// Content that stands either in "<field>-data" as base64 or in the file that "<field>" names. Data wins, as in kubectl.
Result<std::string> embedded_or_file(const Entry& entry, const std::string& field) {
  const std::string& encoded = entry.value[field + "-data"].string_or_empty();
  if (!encoded.empty()) {
    Result<std::string> decoded = data::base64_decode(encoded);
    if (!decoded) return fail(ErrorCode::kInvalid, fmt::format("kubeconfig field {}-data is not base64", field));
    return decoded;
  }
  const std::string& path = entry.value[field].string_or_empty();
  if (path.empty()) return std::string();
  SLIPWAY_TRY(entry.refuse_in_text(field));
  return base::read_file(path, kMaxFileBytes).with_context(fmt::format("kubeconfig field {}", field));
}

Status check_proxy(const std::string& url, const std::string& title) {
  const bool known = std::ranges::any_of(std::array{"http://", "https://", "socks5://"},
                                         [&](const char* scheme) { return url.starts_with(scheme); });
  if (url.empty() || known) return {};
  return Status(ErrorCode::kInvalid,
                fmt::format("{} has a proxy-url that is neither http://, https:// nor socks5://", title));
}

Status read_cluster(const Entry& cluster, Kubeconfig& config) {
  config.server = cluster.value["server"].string_or_empty();
  if (config.server.empty()) return Status(ErrorCode::kInvalid, fmt::format("{} has no server", cluster.title));
  config.tls_server_name = cluster.value["tls-server-name"].string_or_empty();
  config.insecure_skip_tls_verify = cluster.value["insecure-skip-tls-verify"].bool_or(false);
  config.ca_pem = SLIPWAY_TRY(embedded_or_file(cluster, "certificate-authority"));
  if (config.insecure_skip_tls_verify && !config.ca_pem.empty())
    return Status(ErrorCode::kInvalid,
                  fmt::format("{} has both insecure-skip-tls-verify and a certificate-authority: take one of them out",
                              cluster.title));
  config.proxy_url = cluster.value["proxy-url"].string_or_empty();
  return check_proxy(config.proxy_url, cluster.title);
}

// spec.cluster of the ExecCredential that a plugin gets.
Json cluster_info(const Kubeconfig& config, const Json& cluster) {
  Json info = Json::object({{"server", config.server}});
  if (!config.tls_server_name.empty()) info.set("tls-server-name", config.tls_server_name);
  if (config.insecure_skip_tls_verify) info.set("insecure-skip-tls-verify", true);
  if (!config.ca_pem.empty()) info.set("certificate-authority-data", data::base64_encode(config.ca_pem));
  if (!config.proxy_url.empty()) info.set("proxy-url", config.proxy_url);
  for (const Json& extension : cluster["extensions"].items())
    if (extension["name"].string_or_empty() == "client.authentication.k8s.io/exec")
      info.set("config", extension["extension"]);
  return info;
}

Result<ExecPlugin> read_plugin(const Json& exec, const std::string& title, Json cluster) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: exec {}", title, why));
  };
  ExecPlugin plugin{.api_version = exec["apiVersion"].string_or_empty(),
                    .command = exec["command"].string_or_empty(),
                    .arguments = {},
                    .environment = {},
                    .install_hint = exec["installHint"].string_or_empty(),
                    .cluster = exec["provideClusterInfo"].bool_or(false) ? std::move(cluster) : Json()};
  if (plugin.command.empty()) return bad("has no command");
  const bool is_v1 = plugin.api_version == "client.authentication.k8s.io/v1";
  if (!is_v1 && plugin.api_version != "client.authentication.k8s.io/v1beta1")
    return bad("needs apiVersion client.authentication.k8s.io/v1 (or v1beta1)");
  const std::string& mode = exec["interactiveMode"].string_or_empty();
  if (mode == "Always") return bad("has interactiveMode Always, but nobody is there to answer; use Never");
  if (mode != "Never" && mode != "IfAvailable" && (is_v1 || !mode.empty()))
    return bad("needs interactiveMode Never or IfAvailable");
  for (const Json& argument : exec["args"].items()) plugin.arguments.push_back(argument.string_or_empty());
  for (const Json& variable : exec["env"].items()) {
    const std::string& name = variable["name"].string_or_empty();
    if (name.empty() || name.find('=') != std::string::npos) return bad("has an env entry without a name");
    plugin.environment.emplace_back(name, variable["value"].string_or_empty());
  }
  return plugin;
}

Status read_user(const Entry& user, const Json& cluster, Kubeconfig& config) {
  for (const std::string_view unsupported : {"auth-provider", "username"})
    if (!user.value[unsupported].is_null())
      return Status(ErrorCode::kUnsupported,
                    fmt::format("{} logs in by \"{}\"; use a client certificate, a token or an "
                                "exec plugin",
                                user.title, unsupported));
  for (const std::string_view field : {"exec", "tokenFile"}) SLIPWAY_TRY(user.refuse_in_text(field));
  config.client_certificate_pem = SLIPWAY_TRY(embedded_or_file(user, "client-certificate"));
  config.client_key_pem = SLIPWAY_TRY(embedded_or_file(user, "client-key"));
  if (config.client_certificate_pem.empty() != config.client_key_pem.empty())
    return Status(ErrorCode::kInvalid, fmt::format("{} needs both a client certificate and its key", user.title));
  config.token = user.value["token"].string_or_empty();
  config.token_file = user.value["tokenFile"].string_or_empty();
  if (user.value["exec"].is_object())
    config.exec = SLIPWAY_TRY(read_plugin(user.value["exec"], user.title, cluster_info(config, cluster)));
  return {};
}

}  // namespace

Result<Json> parse_kubeconfig_tree(std::string_view text, const fs::path& folder) {
  if (text.empty()) return Json();
  Json tree = SLIPWAY_TRY(data::parse_yaml(text).with_context("kubeconfig"));
  if (!tree.is_object() || tree["kind"].string_or("Config") != "Config")
    return fail(ErrorCode::kInvalid, "this is no kubeconfig: kind is not Config");
  for (const std::string_view list : kLists) {
    std::set<std::string> names;
    for (const Json& entry : tree[list].items())
      if (!names.insert(entry["name"].string_or_empty()).second)
        return fail(ErrorCode::kInvalid,
                    fmt::format("the kubeconfig has two {} named \"{}\"", list, entry["name"].string_or_empty()));
  }
  make_absolute(tree, folder);
  return tree;
}

void merge_kubeconfig_tree(Json& into, const Json& other) {
  if (into["current-context"].string_or_empty().empty() && !other["current-context"].is_null())
    into.set("current-context", other["current-context"]);
  for (const std::string_view list : kLists) {
    std::set<std::string> names;
    for (const Json& entry : into[list].items()) names.insert(entry["name"].string_or_empty());
    for (const Json& entry : other[list].items())
      if (!names.contains(entry["name"].string_or_empty())) into.at(list).append(entry);
  }
}

Result<Kubeconfig> resolve_kubeconfig(const Json& tree, KubeconfigTrust trust) {
  Kubeconfig config;
  config.context_name = tree["current-context"].string_or_empty();
  if (config.context_name.empty()) return fail(ErrorCode::kInvalid, "the kubeconfig has no current-context");
  const Json context = SLIPWAY_TRY(named_entry(tree, "contexts", config.context_name));
  config.cluster_name = context["cluster"].string_or_empty();
  config.user_name = context["user"].string_or_empty();
  config.ns = context["namespace"].string_or_empty();
  const Json cluster = SLIPWAY_TRY(named_entry(tree, "clusters", config.cluster_name));
  SLIPWAY_TRY(read_cluster({cluster, fmt::format("kubeconfig cluster \"{}\"", config.cluster_name), trust}, config));
  const Json user = SLIPWAY_TRY(named_entry(tree, "users", config.user_name));
  SLIPWAY_TRY(read_user({user, fmt::format("kubeconfig user \"{}\"", config.user_name), trust}, cluster, config));
  return config;
}

}  // namespace slipway::pki
