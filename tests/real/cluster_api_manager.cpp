#include "real/cluster_api_manager.h"

#include <algorithm>
#include <fmt/core.h>
#include <regex>
#include <set>
#include <sstream>

#include "data/json_text.h"

namespace slipway::real {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using data::Json;

namespace {

// Errors in the manager's log that do not tell of a fault, each with its reason.
struct ExpectedError {
  const char* pattern;
  const char* reason;
  bool only_when_restarted = false;
};
constexpr ExpectedError kExpectedErrors[] = {
    {R"(\\"[^"]+\\" not found)", "deleted meanwhile, or never made (the workload cluster's kubeconfig)"},
    {"uid mismatch: the provided object specified uid .* and no existing object was found", "deleted meanwhile"},
    {"connection to the workload cluster is down", "asked for before its kubeconfig is there, or was deleted"},
    {"ClusterClass is not successfully reconciled", "a class that is as new as its cluster: moved together"},
    {"cluster is not reachable: .*192\\.0\\.2\\.10", "the address of a control plane that no machine has"},
    {"Unexpected EOF during watch stream event decoding", "a note (v=1) on a watch that ended inside an event"},
    {"the object has been modified; please apply your changes to the latest version",
     "two controllers write one object"},
    {kLateFinalizer.data(),
     "a manager whose cache has not seen the deletion; kube-apiserver refuses it in the same words"},
    {"connection refused|connection reset|EOF|server closed|client connection lost", "the API server was killed", true},
    {"Failed to update lease optimistically|error retrieving resource lock", "the API server was killed", true},
    {"very short watch|apiserver not ready", "the API server was killed", true},
    {"failed to patch .*: timed out waiting for the condition", "conflicts while the caches wait for new watches",
     true},
};

std::string file_name(const Provider& provider) {
  std::string name = "cluster-api-" + provider.name;
  std::ranges::replace(name, '/', '-');
  return name;
}

}  // namespace

Result<ProviderManager> ProviderManager::start(const Provider& provider, const Options& options) {
  const std::string name = file_name(provider);
  const auto kubeconfig = options.folder / (name + ".kubeconfig");
  SLIPWAY_TRY(base::write_file_atomically(kubeconfig, pki::render_kubeconfig(options.kubeconfig), 0600));
  const std::string in_namespace =
      "mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount && "
      "printf \"$0\" > /run/secrets/kubernetes.io/serviceaccount/namespace && exec \"$@\"";
  auto process = SLIPWAY_TRY(Process::start(
      {"unshare", "--mount", "--propagation", "private", "sh", "-c", in_namespace, options.ns,
       (source_folder() / "build/real/bin" / name).string(), "--kubeconfig=" + kubeconfig.string(), "--leader-elect",
       "--feature-gates=ClusterTopology=true", fmt::format("--webhook-port={}", options.webhook_port),
       "--webhook-cert-dir=" + options.certificates.string(), "--health-addr=127.0.0.1:0",
       "--diagnostics-address=127.0.0.1:0", "--insecure-diagnostics", "--logging-format=json"},
      options.folder / (name + ".log")));
  ProviderManager manager(provider, std::move(process));
  SLIPWAY_TRY(manager.wait_until_working());
  return manager;
}

// A controller says that it starts its workers when its caches are filled, and starts at all when the manager leads.
Status ProviderManager::wait_until_working() {
  const bool working = eventually(
      milliseconds(60'000),
      [&] {
        std::set<std::string> controllers;
        const auto lines = log();
        for (const Json& line : lines)
          if (line.text({"msg"}) == "Starting workers") controllers.insert(line.text({"controller"}));
        return controllers.size() >= provider_.controllers || !process_.running();
      },
      milliseconds(100));
  if (working && process_.running()) return {};
  const std::string output = process_.output();
  return fail(ErrorCode::kTimeout, "the manager of " + provider_.name + " does not work:\n" +
                                       output.substr(output.size() - std::min<std::size_t>(output.size(), 4'000)));
}

std::vector<Json> ProviderManager::log() const {
  std::vector<Json> lines;
  std::istringstream stream(process_.output());
  for (std::string line; std::getline(stream, line);) {
    std::vector<std::string> twice;  // klog writes some names twice
    auto parsed = data::parse_json(line, {.duplicates = &twice});
    lines.push_back(parsed ? std::move(*parsed) : Json::object({{"msg", line}, {"err", "no JSON"}}));
  }
  return lines;
}

std::vector<std::string> ProviderManager::unexpected_errors(bool restarted) const {
  std::vector<std::string> unexpected;
  const auto lines = log();
  for (const Json& line : lines) {
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

}  // namespace slipway::real
