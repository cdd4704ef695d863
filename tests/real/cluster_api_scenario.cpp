#include "real/cluster_api_scenario.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "data/json_text.h"

namespace slipway::real {

using base::ErrorCode;
using base::fail;
using base::Status;
using data::Json;

namespace {

constexpr milliseconds kLimit{90'000};

// kTimeout says how far the Cluster and its Machines came.
Status wait_for(ClusterApi& api, const std::string& what, const std::function<bool()>& condition) {
  if (eventually(kLimit, condition, milliseconds(250))) return {};
  std::string state;
  const auto objects = api.list("clusters,machines");
  for (const Json& object : objects) state += "\n" + data::to_json(object["status"], 1);
  return fail(ErrorCode::kTimeout, what + " did not come about:" + state);
}

Status set_status(ClusterApi& api, const std::string& type, const std::string& name, const Json& status) {
  SLIPWAY_TRY(api.run({"patch", type, name, "--subresource=status", "--type=merge", "--field-manager=provider", "-p",
                       data::to_json(Json::object({{"status", status}}))}));
  return {};
}

Json provisioned() {
  return Json::object({{"initialization", Json::object({{"provisioned", true}})}});
}

}  // namespace

Status create_class(ClusterApi& api) {
  SLIPWAY_TRY(api.apply("class.yaml"));
  return wait_for(api, "a ready ClusterClass", [&] {
    const Json found = api.get("clusterclass", "edge");
    return condition(found, "VariablesReady") == "True VariablesReady" &&
           condition(found, "RefVersionsUpToDate") == "True RefVersionsUpToDate" &&
           condition(found, "Paused") == "False NotPaused";
  });
}

Status create_cluster(ClusterApi& api) {
  SLIPWAY_TRY(api.apply("cluster.yaml"));
  SLIPWAY_TRY(wait_for(api, "a reconciled topology", [&] {
    return condition(api.get("cluster", "site"), "TopologyReconciled") == "True ReconcileSucceeded";
  }));
  return wait_for(api, "a MachineSet that wants to scale up", [&] {
    return condition(api.only("machinesets"), "ScalingUp") == "True ScalingUp" &&
           condition(api.get("cluster", "site"), "WorkersAvailable") == "False NotAvailable";
  });
}

Status provide_infrastructure(ClusterApi& api) {
  return set_status(api, "intelcluster", api.only("intelclusters").text({"metadata", "name"}), provisioned());
}

namespace {

Status report_control_plane(ClusterApi& api) {
  const Json status =
      Json::object({{"initialization", Json::object({{"controlPlaneInitialized", true}})},
                    {"selector", "cluster.x-k8s.io/cluster-name=site,cluster.x-k8s.io/control-plane"},
                    {"replicas", 1},
                    {"readyReplicas", 1},
                    {"availableReplicas", 1},
                    {"upToDateReplicas", 1},
                    {"versions", Json::array({Json::object({{"version", "v1.36.3"}, {"replicas", 1}})})},
                    {"version", "v1.36.3"}});
  return set_status(api, "kubeadmcontrolplane", api.only("kubeadmcontrolplanes").text({"metadata", "name"}), status);
}

// The name of the bootstrap Secret is the Machine's.
Status report_bootstrap_data(ClusterApi& api, const std::string& name) {
  return set_status(
      api, "kubeadmconfig", name,
      Json::object({{"dataSecretName", name}, {"initialization", Json::object({{"dataSecretCreated", true}})}}));
}

}  // namespace

Status provide_control_plane(ClusterApi& api) {
  SLIPWAY_TRY(provide_infrastructure(api));
  SLIPWAY_TRY(report_control_plane(api));
  return wait_for(api, "two Machines that wait for their bootstrap data", [&] {
    const auto machines = api.list("machines");
    return machines.size() == 2 && std::ranges::all_of(machines, [](const Json& machine) {
             return condition(machine, "BootstrapConfigReady").starts_with("False");
           });
  });
}

namespace {

// What the kubelet of a healthy node reports.
Json node_status() {
  Json conditions = Json::array();
  const std::pair<const char*, const char*> healthy[] = {
      {"Ready", "True"}, {"MemoryPressure", "False"}, {"DiskPressure", "False"}, {"PIDPressure", "False"}};
  for (const auto& [type, status] : healthy)
    conditions.append(Json::object({{"type", type},
                                    {"status", status},
                                    {"reason", "Reported"},
                                    {"message", ""},
                                    {"lastHeartbeatTime", "2026-01-01T00:00:00Z"},
                                    {"lastTransitionTime", "2026-01-01T00:00:00Z"}}));
  Json info = Json::object({{"kubeletVersion", "v1.36.3"}, {"architecture", "amd64"}, {"operatingSystem", "linux"}});
  for (const char* field :
       {"bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion", "machineID", "osImage", "systemUUID"})
    info.set(field, "");
  return Json::object({{"conditions", std::move(conditions)}, {"nodeInfo", std::move(info)}});
}

// Bootstrap data, a machine and its Node.
Status provide_machine(ClusterApi& api, const std::string& name) {
  SLIPWAY_TRY(report_bootstrap_data(api, name));
  // One after the other, so that Machines count the same generations everywhere.
  SLIPWAY_TRY(wait_for(api, "the name of the bootstrap Secret at Machine " + name,
                       [&] { return api.get("machine", name).text({"spec", "bootstrap", "dataSecretName"}) == name; }));
  SLIPWAY_TRY(api.run({"patch", "intelmachine", name, "--type=merge", "--field-manager=provider", "-p",
                       fmt::format(R"({{"spec":{{"providerID":"intel://{}"}}}})", name)}));
  SLIPWAY_TRY(set_status(api, "intelmachine", name, provisioned()));
  const Json node = Json::object({{"apiVersion", "v1"},
                                  {"kind", "Node"},
                                  {"metadata", Json::object({{"name", "node-" + name}})},
                                  {"spec", Json::object({{"providerID", "intel://" + name}})}});
  SLIPWAY_TRY(api.run({"create", "-f", "-"}, data::to_json(node)));
  return set_status(api, "node", "node-" + name, node_status());
}

}  // namespace

Status provide_machines(ClusterApi& api, const std::filesystem::path& workload) {
  if (api.get("secret", "site-kubeconfig").is_null()) {
    SLIPWAY_TRY(api.run({"create", "secret", "generic", "site-kubeconfig", "--from-file=value=" + workload.string()}));
    SLIPWAY_TRY(api.run({"label", "secret", "site-kubeconfig", "cluster.x-k8s.io/cluster-name=site"}));
  }
  Status provided;
  std::set<std::string> done;
  const Status waited = wait_for(api, "a Cluster that is available, with all workers up to date", [&] {
    const auto machines = api.list("machines");
    for (const Json& machine : machines) {
      const std::string name = machine.text({"metadata", "name"});
      const bool waits = machine.text({"status", "nodeRef", "name"}).empty() &&
                         condition(machine, "BootstrapConfigReady").starts_with("False");
      if (waits && done.insert(name).second)
        if (Status status = provide_machine(api, name); !status) provided = status;
    }
    const Json cluster = api.get("cluster", "site");
    return !provided || (condition(cluster, "Available") == "True Available" &&
                         condition(cluster, "RollingOut").starts_with("False") &&
                         condition(cluster, "ScalingUp").starts_with("False") &&
                         condition(cluster, "ScalingDown").starts_with("False") &&
                         condition(cluster, "WorkerMachinesUpToDate") == "True UpToDate" &&
                         api.only("machinedeployments").get({"spec", "replicas"}) ==
                             Json(static_cast<std::int64_t>(machines.size())) &&
                         std::ranges::all_of(machines, [](const Json& machine) {
                           return machine.text({"status", "phase"}) == "Running";
                         }));
  });
  return provided ? waited : provided;
}

Status report_again(ClusterApi& api) {
  SLIPWAY_TRY(provide_infrastructure(api));
  SLIPWAY_TRY(report_control_plane(api));
  const auto machines = api.list("machines");
  for (const Json& machine : machines) {
    const std::string name = machine.text({"metadata", "name"});
    SLIPWAY_TRY(report_bootstrap_data(api, name));
    SLIPWAY_TRY(set_status(api, "intelmachine", name, provisioned()));
  }
  return wait_for(api, "a Cluster that is available",
                  [&] { return condition(api.get("cluster", "site"), "Available") == "True Available"; });
}

Status change_topology(ClusterApi& api) {
  SLIPWAY_TRY(api.apply("cluster-changed.yaml"));
  SLIPWAY_TRY(wait_for(api, "a third worker, and a rollout", [&] {
    const Json workers = api.only("machinedeployments");
    return workers.get({"spec", "replicas"}) == Json(3) && workers.text({"metadata", "labels", "shift"}) == "night" &&
           api.list("machinesets").size() == 2;
  }));
  return wait_for(api, "the new proxy at the control plane", [&] {
    const Json commands = api.only("kubeadmcontrolplanes").get({"spec", "kubeadmConfigSpec", "preKubeadmCommands"});
    return commands.size() == 2 &&
           commands.items()[1].string_or_empty().find("other.example:3128") != std::string::npos;
  });
}

Status delete_cluster(ClusterApi& api) {
  SLIPWAY_TRY(api.run({"delete", "cluster", "site", "--wait=false"}));
  return wait_for(api, "an empty namespace", [&] {
    const auto rest = api.run({"get",
                               "clusters,intelclusters,kubeadmcontrolplanes,machinedeployments,machinesets,machines,"
                               "intelmachines,kubeadmconfigs,machinehealthchecks",
                               "-o", "name"});
    const auto templates = api.run({"get", "intelmachinetemplates,kubeadmconfigtemplates", "-o", "name",
                                    "--selector=cluster.x-k8s.io/cluster-name=site"});
    return rest && rest->empty() && templates && templates->empty();
  });
}

}  // namespace slipway::real
