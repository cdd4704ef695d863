#include "cluster/delete_cluster.h"

#include <algorithm>
#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "base/crash_point.h"
#include "cluster/provider_contract.h"
#include "meta/conditions.h"

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;
using base::Status;
using meta::Gvk;
namespace words = api::cluster;

namespace {

constexpr std::size_t kMaxNames = 5;

Status remove_object(kube::Client& client, const Json& object) {
  if (meta::is_deleting(object)) return {};
  const Gvk gvk = SLIPWAY_TRY(meta::gvk_of(object));
  const auto removed = client.remove(gvk, meta::key_of(object));
  if (!removed.has_value() && removed.error().code() != ErrorCode::kNotFound) return removed.error();
  return {};
}

Status remove_all(kube::Client& client, const std::vector<ObjectPtr>& objects) {
  for (const ObjectPtr& object : objects) SLIPWAY_TRY(remove_object(client, *object));
  return {};
}

std::string names_of(std::string_view title, const std::vector<ObjectPtr>& objects) {
  std::string text;
  for (std::size_t i = 0; i < std::min(objects.size(), kMaxNames); ++i)
    text += (i == 0 ? "" : ", ") + meta::name(*objects[i]);
  if (objects.size() > kMaxNames) text += fmt::format(", ... ({} more)", objects.size() - kMaxNames);
  return fmt::format("* {}: {}", title, text);
}

// What an object says about its own deletion, if it does.
std::string with_own_words(std::string text, const Json& object) {
  const Json& condition = meta::find_condition(object, words::condition::kDeleting);
  if (condition.text({"status"}) != "True" || condition.text({"message"}).empty()) return text;
  return text + "\n  " + condition.text({"message"});
}

std::string describe_machines(std::string_view title, const std::vector<ObjectPtr>& machines) {
  return machines.size() == 1 ? with_own_words(names_of(title, machines), *machines[0]) : names_of(title, machines);
}

DeletionProgress progress(std::string_view reason, std::string message) {
  return {std::string(reason), std::move(message)};
}

}  // namespace

bool is_control_plane_machine(const Json& machine) {
  return machine.get({"metadata", "labels"}).contains(words::kControlPlaneLabel);
}

Result<std::vector<ObjectPtr>> machines_of(kube::Client& client, const Json& cluster) {
  kube::ListOptions options;
  options.ns = meta::ns(cluster);
  options.labels = meta::LabelSelector::equals(std::string(words::kClusterNameLabel), meta::name(cluster));
  kube::ObjectList found = SLIPWAY_TRY(client.list(words::kMachine, options));
  return std::move(found.items);
}

Result<ObjectPtr> read_reference(kube::Client& client, const std::string& ns, const Json& reference) {
  if (!is_set(reference)) return ObjectPtr();
  const auto gvk = resolve_reference(reference);
  if (!gvk.has_value()) return ObjectPtr();
  auto found = client.get(*gvk, {ns, reference.text({"name"})});
  if (found.has_value()) return *found;
  if (found.error().code() == ErrorCode::kNotFound) return ObjectPtr();
  return std::move(found).error();
}

Result<std::optional<DeletionProgress>> delete_cluster(kube::Client& client, const Json& cluster) {
  std::vector<ObjectPtr> control_plane_machines, workers;
  const auto machines = SLIPWAY_TRY(machines_of(client, cluster));
  for (const ObjectPtr& machine : machines)
    (is_control_plane_machine(*machine) ? control_plane_machines : workers).push_back(machine);
  if (!workers.empty()) {
    SLIPWAY_TRY(remove_all(client, workers));
    return progress(words::reason::kWaitingForWorkersDeletion, describe_machines("Worker Machines", workers));
  }
  const ObjectPtr control_plane =
      SLIPWAY_TRY(read_reference(client, meta::ns(cluster), cluster.get({"spec", "controlPlaneRef"})));
  if (control_plane) {
    SLIPWAY_TRY(remove_object(client, *control_plane));
    base::crash_point("cluster.control-plane-removal-asked");
    std::string message = with_own_words(
        fmt::format("* {} {}", control_plane->text({"kind"}), meta::name(*control_plane)), *control_plane);
    if (!control_plane_machines.empty())
      message += "\n" + describe_machines("Control plane Machines", control_plane_machines);
    return progress(words::reason::kWaitingForControlPlaneDeletion, std::move(message));
  }
  if (!control_plane_machines.empty()) {
    SLIPWAY_TRY(remove_all(client, control_plane_machines));
    return progress(words::reason::kWaitingForControlPlaneDeletion,
                    describe_machines("Control plane Machines", control_plane_machines));
  }
  const ObjectPtr infrastructure =
      SLIPWAY_TRY(read_reference(client, meta::ns(cluster), cluster.get({"spec", "infrastructureRef"})));
  if (infrastructure) {
    SLIPWAY_TRY(remove_object(client, *infrastructure));
    base::crash_point("cluster.infrastructure-removal-asked");
    return progress(words::reason::kWaitingForInfrastructureDeletion,
                    with_own_words(fmt::format("* {} {}", infrastructure->text({"kind"}), meta::name(*infrastructure)),
                                   *infrastructure));
  }
  return std::optional<DeletionProgress>();
}

}  // namespace slipway::cluster
