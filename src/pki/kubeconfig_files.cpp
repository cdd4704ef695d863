#include "pki/kubeconfig_files.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>

#include "base/files.h"
#include "pki/kubeconfig_tree.h"

namespace slipway::pki {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::Result;
using data::Json;

namespace {

constexpr std::size_t kMaxFileBytes = 4u << 20;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<Json> read_tree(const fs::path& file) {
  const std::string text = SLIPWAY_TRY(base::read_file(file, kMaxFileBytes));
  return parse_kubeconfig_tree(text, fs::absolute(file).parent_path()).with_context(file.string());
}

Result<Kubeconfig> resolve(Json tree, const std::string& context, const std::string& files) {
  if (!context.empty()) tree.set("current-context", context);
  return resolve_kubeconfig(tree, KubeconfigTrust::kFile).with_context(files);
}

}  // namespace

Result<Kubeconfig> load_kubeconfig(const fs::path& file, const std::string& context) {
  return resolve(SLIPWAY_TRY(read_tree(file)), context, file.string());
}

Result<Kubeconfig> load_kubeconfigs(const std::vector<fs::path>& files, const std::string& context) {
  Json merged;
  std::string names;
  bool found = false;
  for (const fs::path& file : files) {
    names += fmt::format("{}{}", names.empty() ? "" : ":", file.string());
    Result<Json> tree = read_tree(file);
    if (!tree && tree.error().code() == ErrorCode::kNotFound) continue;
    if (!tree) return std::move(tree.error());
    merge_kubeconfig_tree(merged, *tree);
    found = true;
  }
  if (!found) return fail(ErrorCode::kNotFound, fmt::format("no kubeconfig at {}", names));
  return resolve(std::move(merged), context, names);
}

std::vector<fs::path> split_kubeconfig_list(std::string_view list) {
  std::vector<fs::path> files;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(':'), list.size());
    const fs::path file(list.substr(0, end));
    if (!file.empty() && std::ranges::find(files, file) == files.end()) files.push_back(file);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return files;
}

Result<Kubeconfig> in_cluster_kubeconfig(const fs::path& folder) {
  const std::string host = variable("KUBERNETES_SERVICE_HOST"), port = variable("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty())
    return fail(ErrorCode::kNotFound,
                "this process runs in no Pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  const bool is_ipv6 = host.find(':') != std::string::npos;
  Kubeconfig config;
  config.server = fmt::format("https://{}{}{}:{}", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);
  config.ca_pem = SLIPWAY_TRY(base::read_file(folder / "ca.crt", kMaxFileBytes).with_context("the service account"));
  config.token_file = (folder / "token").string();
  SLIPWAY_TRY(base::read_file(config.token_file, kMaxFileBytes).with_context("the service account"));
  config.ns = base::read_file(folder / "namespace", kMaxFileBytes).value_or("");
  config.cluster_name = config.user_name = config.context_name = "in-cluster";
  return config;
}

Result<Kubeconfig> find_kubeconfig(const fs::path& file, const std::string& context) {
  if (!file.empty()) return load_kubeconfig(file, context);
  std::vector<fs::path> files = split_kubeconfig_list(variable("KUBECONFIG"));
  if (files.empty() && !variable("HOME").empty()) files.push_back(fs::path(variable("HOME")) / ".kube/config");
  Result<Kubeconfig> found = load_kubeconfigs(files, context);
  if (found || found.error().code() != ErrorCode::kNotFound || !context.empty()) return found;
  Result<Kubeconfig> in_cluster = in_cluster_kubeconfig();
  return in_cluster || in_cluster.error().code() != ErrorCode::kNotFound ? std::move(in_cluster) : std::move(found);
}

}  // namespace slipway::pki
