#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/infrastructure/infrastructure.h"
#include "api/inventory/inventory.h"
#include "api/templates/templates.h"
#include "cli/cluster_commands.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/wait.h"
#include "meta/conditions.h"
#include "templates/plan_cluster.h"

namespace slipway::cli {

using base::ErrorCode;

namespace {

Result<ObjectPtr> find_host(const Context& context, const std::string& name) {
  auto host = context.client->get(api::inventory::kHost, {context.project, name});
  if (!host && host.error().code() == ErrorCode::kNotFound)
    return base::fail(ErrorCode::kNotFound,
                      fmt::format("host '{}' is not registered in project '{}'; 'slipway host list' shows what is",
                                  name, context.project));
  return host;
}

constexpr std::chrono::seconds kDefaultTemplateLimit{10};

// The named template, or the newest one marked as default; null when there is none. `names`: of all there are.
Result<ObjectPtr> choose_template(const Context& context, const std::string& name, std::string& names) {
  registry::ListOptions options;
  options.ns = context.project;
  const auto templates = SLIPWAY_TRY(context.client->list(api::templates::kClusterTemplate, options));
  ObjectPtr chosen;
  names.clear();
  for (const ObjectPtr& candidate : templates.items) {
    names += (names.empty() ? "" : ", ") + meta::name(*candidate);
    const bool wanted = name.empty() ? meta::label(*candidate, api::templates::kDefaultLabel) == "true"
                                     : meta::name(*candidate) == name;
    if (wanted) chosen = candidate;
  }
  return chosen;
}

// A young project gets its default template from a controller of slipwayd, which may be a moment behind. Whoever may
// not read the project's Namespace does not wait.
Status wait_for_default_template(const Context& context) {
  const Status waited =
      poll(context, kDefaultTemplateLimit, std::chrono::milliseconds(100), [&context]() -> Result<bool> {
        const auto project = context.client->get(kube::kNamespace, {"", context.project});
        return !project || meta::is_deleting(**project) ||
               !meta::annotation(**project, api::templates::kDefaultTemplateAnnotation).empty();
      });
  if (!waited && waited.error().code() == ErrorCode::kTimeout) return {};  // what is missing is said by the caller
  return waited;
}

Result<ObjectPtr> find_template(const Context& context, const std::string& name) {
  std::string names;
  ObjectPtr chosen = SLIPWAY_TRY(choose_template(context, name, names));
  if (!chosen && name.empty()) {
    SLIPWAY_TRY(wait_for_default_template(context));
    chosen = SLIPWAY_TRY(choose_template(context, name, names));
  }
  if (chosen) return chosen;
  return base::fail(ErrorCode::kNotFound, fmt::format("{} in project '{}'; there are: {}",
                                                      name.empty() ? std::string("no default cluster template")
                                                                   : fmt::format("no cluster template '{}'", name),
                                                      context.project, names.empty() ? "none" : names));
}

// What went wrong so far, in the order in which a person should read it; "" when nothing did.
std::string failure_of(const Json& cluster) {
  for (const std::string_view type :
       {"TopologyReconciled", "InfrastructureReady", "ControlPlaneAvailable", "Available"}) {
    const Json& condition = meta::find_condition(cluster, type);
    if (condition.text({"status"}) == "False" && !condition.text({"message"}).empty())
      return fmt::format("{}: {}", type, condition.text({"message"}));
  }
  return "";
}

// A binding left by an interrupted command is taken over when it says the same.
Status create_binding(const Context& context, const Json& binding) {
  const auto created = context.client->create(binding);
  if (created) return {};
  if (created.error().code() != ErrorCode::kAlreadyExists) return Status(created.error());
  const ObjectPtr present =
      SLIPWAY_TRY(context.client->get(api::infrastructure::kIntelMachineBinding, meta::key_of(binding)));
  if ((*present)["spec"] == binding["spec"] && !(*present)["status"]["allocated"].bool_or(false)) return {};
  return Status(
      ErrorCode::kAlreadyExists,
      fmt::format("cluster name '{}' is taken: an IntelMachineBinding of that name is in use", meta::name(binding)));
}

Status follow(const Context& context, const Json& cluster, const ClusterCreateOptions& options) {
  CreationProgress progress(context, cluster);
  std::string problem;
  const Status waited = watch_object(
      context, api::cluster::kCluster, meta::key_of(cluster), options.timeout, std::chrono::milliseconds(200),
      [&](const Json* state) -> Result<bool> {
        if (state == nullptr)
          return base::fail(ErrorCode::kNotFound, fmt::format("cluster '{}' was deleted meanwhile", options.name));
        problem = failure_of(*state);
        return progress.show(*state);
      });
  progress.finish();
  if (!waited && waited.error().code() == ErrorCode::kTimeout)
    return Status(
        ErrorCode::kTimeout,
        fmt::format("cluster '{}' is not Ready after {}{}{}; it goes on being created: slipway cluster describe {}",
                    options.name, elapsed(options.timeout), problem.empty() ? "" : "; ", problem, options.name));
  return waited;
}

}  // namespace

Status cluster_create(const Context& context, const ClusterCreateOptions& options) {
  const ObjectPtr host = SLIPWAY_TRY(find_host(context, options.host));
  const ObjectPtr chosen = SLIPWAY_TRY(find_template(context, options.cluster_template));
  templates::ClusterPlan plan = SLIPWAY_TRY(templates::plan_cluster(
      {.name = options.name, .ns = context.project, .cluster_template = *chosen, .host = *host}));
  // The binding first: a cluster that exists always has its host, wherever this command is interrupted. The machine
  // that takes the host becomes the binding's owner.
  SLIPWAY_TRY(create_binding(context, plan.binding));
  const auto created = context.client->create(std::move(plan.cluster));
  if (!created) {
    if (created.error().code() != ErrorCode::kUnavailable && created.error().code() != ErrorCode::kAlreadyExists)
      (void)context.client->remove(api::infrastructure::kIntelMachineBinding, meta::key_of(plan.binding));
    return Status(created.error());
  }
  const ObjectPtr& cluster = *created;
  if (context.format == OutputFormat::kTable)
    print(context.out, fmt::format("cluster '{}' on host '{}' from template '{}', {}\n", options.name, options.host,
                                   meta::name(*chosen), cluster->text({"spec", "topology", "version"})));
  if (options.wait) SLIPWAY_TRY(follow(context, *cluster, options));
  if (context.format == OutputFormat::kTable) {
    print(context.out, options.wait
                           ? fmt::format("cluster '{}' is Ready: slipway cluster kubeconfig {} > {}.kubeconfig\n",
                                         options.name, options.name, options.name)
                           : fmt::format("follow it with: slipway cluster timeline {}\n", options.name));
    return {};
  }
  print_structured(context, *SLIPWAY_TRY(context.client->get(api::cluster::kCluster, meta::key_of(*cluster))));
  return {};
}

}  // namespace slipway::cli
