#include "cli/cluster_commands.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <unistd.h>

#include "api/cluster/cluster.h"
#include "api/cluster/timeline.h"
#include "api/inventory/inventory.h"
#include "base/files.h"
#include "cli/output.h"
#include "cli/wait.h"
#include "data/encoding.h"
#include "meta/conditions.h"

namespace slipway::cli {

using base::ErrorCode;

namespace {

Result<ObjectPtr> find_cluster(const Context& context, const std::string& name) {
  auto cluster = context.client->get(api::cluster::kCluster, {context.project, name});
  if (!cluster && cluster.error().code() == ErrorCode::kNotFound)
    return base::fail(ErrorCode::kNotFound,
                      fmt::format("there is no cluster '{}' in project '{}'", name, context.project));
  return cluster;
}

std::string hosts_of(const Context& context, const Json& cluster) {
  registry::ListOptions options;
  options.ns = meta::ns(cluster);
  const auto hosts = context.client->list(api::inventory::kHost, options);
  std::string names;
  if (!hosts) return names;
  for (const ObjectPtr& host : hosts->items)
    if (meta::label(*host, "cluster.x-k8s.io/cluster-name") == meta::name(cluster))
      names += (names.empty() ? "" : ", ") + meta::name(*host);
  return names;
}

std::string delete_consequence(const std::string& policy) {
  if (policy == "deauthorize") return "its hosts lose their authorization and must be onboarded again";
  if (policy == "keep")
    return "Kubernetes goes on running on its hosts, which Slipway then no longer manages as a cluster";
  return "its hosts are cleaned of everything the cluster made and return to the pool";
}

bool confirmed(const Context& context, const std::string& question) {
  print(context.err, question + " [y/N] ");
  std::array<char, 16> answer{};
  return std::fgets(answer.data(), answer.size(), stdin) != nullptr && (answer[0] == 'y' || answer[0] == 'Y');
}

}  // namespace

Status cluster_list(const Context& context, bool all_projects) {
  registry::ListOptions options;
  if (!all_projects) options.ns = context.project;
  const auto clusters = SLIPWAY_TRY(context.client->list(api::cluster::kCluster, options));
  Json list = Json::object({{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}});
  std::vector<std::string> header{"NAME", "PHASE", "READY", "VERSION", "HOSTS", "AGE"};
  if (all_projects) header.insert(header.begin(), "PROJECT");
  Table table(header);
  for (const ObjectPtr& cluster : clusters.items) {
    list.at("items").append(*cluster);
    std::vector<std::string> row{meta::name(*cluster),
                                 cluster->text({"status", "phase"}),
                                 meta::is_condition_true(*cluster, "Available") ? "yes" : "no",
                                 cluster->text({"spec", "topology", "version"}),
                                 hosts_of(context, *cluster),
                                 age(context, cluster->text({"metadata", "creationTimestamp"}))};
    if (all_projects) row.insert(row.begin(), meta::ns(*cluster));
    table.add(std::move(row));
  }
  if (print_structured(context, list)) return {};
  if (clusters.items.empty()) {
    print(context.err, all_projects ? "no clusters\n" : fmt::format("no clusters in project '{}'\n", context.project));
    return {};
  }
  print(context.out, table.text());
  return {};
}

Status cluster_describe(const Context& context, const std::string& name) {
  const ObjectPtr cluster = SLIPWAY_TRY(find_cluster(context, name));
  if (print_structured(context, *cluster)) return {};
  Description description;
  description.field("Name", name);
  description.field("Project", context.project);
  description.field("Phase", cluster->text({"status", "phase"}));
  description.field("Version", cluster->text({"spec", "topology", "version"}));
  description.field("Class", cluster->text({"spec", "topology", "classRef", "name"}));
  description.field("Hosts", hosts_of(context, *cluster));
  const Json& endpoint = cluster->get({"spec", "controlPlaneEndpoint"});
  description.field("Endpoint", endpoint.text({"host"}).empty()
                                    ? ""
                                    : fmt::format("{}:{}", endpoint.text({"host"}), endpoint["port"].integer_or(0)));
  const std::string& policy = meta::annotation(*cluster, "slipway.dev/delete-policy");
  description.field("When deleted", delete_consequence(policy));
  describe_conditions(description, context, *cluster);
  describe_events(description, context, *cluster);
  print(context.out, description.text());
  return {};
}

Status cluster_delete(const Context& context, const ClusterDeleteOptions& options) {
  const ObjectPtr cluster = SLIPWAY_TRY(find_cluster(context, options.name));
  const std::string policy =
      options.policy.empty() ? meta::annotation(*cluster, "slipway.dev/delete-policy") : options.policy;
  if (!options.yes && ::isatty(STDIN_FILENO) != 0 &&
      !confirmed(context, fmt::format("Delete cluster '{}'? All its workloads and data are lost; {}.", options.name,
                                      delete_consequence(policy))))
    return Status(ErrorCode::kCancelled, "not deleted");
  if (!options.policy.empty()) {
    const Json patch = Json::object(
        {{"metadata", Json::object({{"annotations", Json::object({{"slipway.dev/delete-policy", policy}})}})}});
    SLIPWAY_TRY(context.client->patch(api::cluster::kCluster, meta::key_of(*cluster), kube::PatchType::kMerge, patch));
  }
  const auto start = context.clock->steady();
  registry::DeleteOptions remove;
  remove.precondition_uid = meta::uid(*cluster);
  SLIPWAY_TRY(context.client->remove(api::cluster::kCluster, meta::key_of(*cluster), remove));
  if (context.format == OutputFormat::kTable)
    print(context.out, fmt::format("cluster '{}' is being deleted: {}\n", options.name, delete_consequence(policy)));
  if (!options.wait) return {};
  std::string shown;
  SLIPWAY_TRY(wait_until_gone(context, api::cluster::kCluster, *cluster, options.timeout, [&](const Json& state) {
    const std::string& message = meta::find_condition(state, "Deleting").text({"message"});
    if (context.format != OutputFormat::kTable || message.empty() || message == shown) return;
    shown = message;
    print(context.out, "  … " + message + "\n");
  }));
  if (context.format == OutputFormat::kTable) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(context.clock->steady() - start);
    print(context.out, fmt::format("cluster '{}' is gone after {}\n", options.name, elapsed(took)));
  }
  return {};
}

Status cluster_kubeconfig(const Context& context, const ClusterKubeconfigOptions& options) {
  const ObjectPtr cluster = SLIPWAY_TRY(find_cluster(context, options.name));
  const auto secret = context.client->get(kube::kSecret, {context.project, options.name + "-kubeconfig"});
  if (!secret && secret.error().code() == ErrorCode::kNotFound)
    return Status(ErrorCode::kNotFound,
                  fmt::format("cluster '{}' has no kubeconfig yet (phase {}); see slipway cluster timeline {}",
                              options.name, cluster->text({"status", "phase"}), options.name));
  if (!secret) return secret.error();
  const std::string text =
      SLIPWAY_TRY(data::base64_decode((*secret)->text({"data", "value"})).with_context("kubeconfig Secret"));
  if (options.file.empty()) {
    print(context.out, text);
    return {};
  }
  SLIPWAY_TRY(base::write_file_atomically(options.file, text, 0600));
  print(context.err, fmt::format("wrote {}\n", options.file));
  return {};
}

Status cluster_timeline(const Context& context, const std::string& name) {
  const ObjectPtr cluster = SLIPWAY_TRY(find_cluster(context, name));
  const auto steps = api::cluster::read_timeline(*cluster);
  Json list = Json::array();
  Table table({"STEP", "AT", "AFTER START", "TOOK"});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    using std::chrono::duration_cast, std::chrono::milliseconds;
    const auto since_start = duration_cast<milliseconds>(steps[i].time - steps.front().time);
    const auto took = duration_cast<milliseconds>(steps[i].time - steps[i == 0 ? 0 : i - 1].time);
    list.append(Json::object({{"step", steps[i].name},
                              {"time", base::format_rfc3339_micro(steps[i].time)},
                              {"sinceStartSeconds", static_cast<double>(since_start.count()) / 1000}}));
    table.add(
        {steps[i].name, base::format_rfc3339_micro(steps[i].time).substr(11, 12), elapsed(since_start), elapsed(took)});
  }
  if (print_structured(context, Json::object({{"cluster", name}, {"steps", std::move(list)}}))) return {};
  print(context.out, table.text());
  return {};
}

}  // namespace slipway::cli
