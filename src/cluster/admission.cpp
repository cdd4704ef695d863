#include "cluster/admission.h"

#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "api/cluster/timeline.h"
#include "cluster/apply_topology.h"
#include "cluster/json_patches.h"
#include "cluster/provider_contract.h"
#include "cluster/variables.h"
#include "data/kubernetes_version.h"

namespace slipway::cluster {

using base::Status;
using registry::AdmissionRequest;
namespace words = api::cluster;

namespace {

constexpr std::string_view kVersionHint = "version must be a valid semantic version";

bool is_version(const std::string& text) {
  return text.starts_with('v') && data::KubernetesVersion::parse(text).has_value();
}

Status verdict(const AdmissionRequest& request, const FieldErrors& errors) {
  if (errors.empty()) return {};
  return registry::invalid_object(request.resource.group_kind(), meta::name(request.object), errors);
}

void check_version(const Json* old, const Json& topology, FieldErrors& errors) {
  constexpr std::string_view kPath = "spec.topology.version";
  const std::string& version = topology.text({"version"});
  if (!is_version(version)) {
    errors.push_back(registry::invalid_value(kPath, version, kVersionHint));
    return;
  }
  if (old == nullptr) return;
  const auto before = data::KubernetesVersion::parse(old->text({"spec", "topology", "version"}));
  const auto after = data::KubernetesVersion::parse(version);
  if (!before.has_value()) return;
  if (*after < *before)
    errors.push_back(registry::invalid_value(
        kPath, version, fmt::format("version cannot be decreased from \"{}\" to \"{}\"", before->text(), version)));
  else if (after->major != before->major || after->minor > before->minor + 1)
    errors.push_back(registry::invalid_value(
        kPath, version,
        fmt::format("version cannot be increased from \"{}\" to \"{}\": minors cannot be skipped", before->text(),
                    version)));
}

// What this version of the program cannot do is refused, not ignored.
void check_limits(const Json& topology, FieldErrors& errors) {
  const Json& replicas = topology.get({"controlPlane", "replicas"});
  if (replicas.is_integer() && replicas.integer_or(1) != 1)
    errors.push_back(registry::invalid_value("spec.topology.controlPlane.replicas", replicas,
                                             "a cluster has exactly one server in this version"));
  for (const std::string_view kind : {"machineDeployments", "machinePools"})
    if (!topology.get({"workers", kind}).empty())
      errors.push_back(registry::forbidden_value(fmt::format("spec.topology.workers.{}", kind),
                                                 "worker machines are not supported in this version"));
}

void check_topology(AdmissionRequest& request, const ClassLookup& find_class, FieldErrors& errors) {
  const Json& topology = request.object.get({"spec", "topology"});
  check_version(request.old, topology, errors);
  check_limits(topology, errors);
  const meta::ObjectKey class_name = class_key(request.object);
  if (class_name.name.empty()) {
    errors.push_back(registry::required_value(
        topology.contains("class") ? "spec.topology.class" : "spec.topology.classRef.name", "class cannot be empty"));
    return;
  }
  const meta::ObjectPtr cluster_class = find_class ? find_class(class_name) : nullptr;
  if (!cluster_class) return;
  const Json completed = complete_variables(*cluster_class, topology["variables"], "spec.topology.variables", errors);
  if (errors.empty() && !completed.empty()) request.object.at({"spec", "topology"}).set("variables", completed);
}

void check_references(AdmissionRequest& request, FieldErrors& errors) {
  const bool topology = request.object.get({"spec", "topology"}).is_object();
  for (const std::string_view field : {"infrastructureRef", "controlPlaneRef"}) {
    const Json& reference = request.object.get({"spec", field});
    const std::string path = fmt::format("spec.{}", field);
    if (is_set(reference)) {
      if (const auto kind = resolve_reference(reference); !kind.has_value())
        errors.push_back(registry::invalid_value(path + ".kind", reference["kind"], kind.error().message()));
    } else if (request.old == nullptr && !topology && field == "infrastructureRef") {
      errors.push_back(registry::required_value(path, "set it, or spec.topology"));
    }
    // The names are the record of what was created: to change one is to create a second cluster.
    if (topology && request.old != nullptr && is_set(request.old->get({"spec", field})) &&
        request.old->text({"spec", field, "name"}) != reference.text({"name"}))
      errors.push_back(registry::invalid_value(path + ".name", reference["name"], "field is immutable"));
  }
}

}  // namespace

registry::Admission cluster_admission(base::Clock& clock, ClassLookup find_class) {
  return [&clock, find_class = std::move(find_class)](AdmissionRequest& request) -> Status {
    if (!request.subresource.empty() || meta::is_deleting(request.object)) return {};
    if (request.old == nullptr) words::add_timeline_step(request.object, "created", clock.now());
    // Metadata of a Cluster whose class has changed since must stay writable (finalizers, annotations).
    if (request.old != nullptr && (*request.old)["spec"] == request.object["spec"]) return {};
    FieldErrors errors;
    if (request.object.get({"spec", "topology"}).is_object())
      check_topology(request, find_class, errors);
    else if (request.old != nullptr && request.old->get({"spec", "topology"}).is_object())
      errors.push_back(registry::forbidden_value("spec.topology", "cannot be removed from an existing Cluster"));
    check_references(request, errors);
    return verdict(request, errors);
  };
}

registry::Admission cluster_class_admission() {
  return [](AdmissionRequest& request) -> Status {
    if (!request.subresource.empty() || meta::is_deleting(request.object)) return {};
    FieldErrors errors;
    validate_definitions(request.object, errors);
    validate_patches(request.object, errors);
    return verdict(request, errors);
  };
}

registry::Admission machine_admission() {
  return [](AdmissionRequest& request) -> Status {
    if (!request.subresource.empty() || meta::is_deleting(request.object)) return {};
    FieldErrors errors;
    const Json& spec = request.object["spec"];
    if (request.old != nullptr && request.old->text({"spec", "clusterName"}) != spec.text({"clusterName"}))
      errors.push_back(registry::invalid_value("spec.clusterName", spec["clusterName"], "field is immutable"));
    const Json& bootstrap = spec["bootstrap"];
    if (!is_set(bootstrap["configRef"]) && bootstrap.text({"dataSecretName"}).empty())
      errors.push_back(registry::required_value(
          "spec.bootstrap",
          "expected either spec.bootstrap.dataSecretName or spec.bootstrap.configRef to be populated"));
    if (const std::string& version = spec.text({"version"}); !version.empty() && !is_version(version))
      errors.push_back(registry::invalid_value("spec.version", version, kVersionHint));
    return verdict(request, errors);
  };
}

}  // namespace slipway::cluster
