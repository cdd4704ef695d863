#include "providers/controlplane/admission.h"

#include <fmt/core.h>

#include "api/cluster/duration.h"
#include "api/controlplane/controlplane.h"
#include "data/kubernetes_version.h"

namespace slipway::providers::controlplane {

using base::Error;
using base::ErrorCode;
using base::FieldError;
using base::Status;
using data::Json;

Status check_control_plane(const Json& control_plane) {
  std::vector<FieldError> errors;
  if (const auto replicas = control_plane.get({"spec", "replicas"}).integer_or(1); replicas != 1)
    errors.push_back({"spec.replicas", "FieldValueNotSupported",
                      fmt::format("Unsupported value: {}: a cluster has exactly one server; set it to 1", replicas)});
  if (const auto version = data::KubernetesVersion::parse(control_plane.text({"spec", "version"})); !version)
    errors.push_back({"spec.version", "FieldValueInvalid", "Invalid value: " + version.error().message()});
  for (const char* timeout : {"nodeDrainTimeout", "nodeVolumeDetachTimeout", "nodeDeletionTimeout"})
    if (const std::string& text = control_plane.text({"spec", "machineTemplate", timeout}); !text.empty())
      if (const auto duration = api::cluster::parse_duration(text); !duration || duration->count() < 0)
        errors.push_back({fmt::format("spec.machineTemplate.{}", timeout), "FieldValueInvalid",
                          fmt::format("Invalid value: \"{}\": must be a duration such as 10m30s", text)});
  if (errors.empty()) return {};
  std::string text;
  for (const FieldError& error : errors)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", error.field, error.message);
  return Error(ErrorCode::kInvalid, std::move(text)).with_fields(std::move(errors));
}

void add_admissions(registry::Registry& registry) {
  registry.add_admission({std::string(api::controlplane::kGroup), api::controlplane::kKThreesControlPlane.kind},
                         [](registry::AdmissionRequest& request) -> Status {
                           if (!request.subresource.empty()) return {};
                           Json& spec = request.object.at("spec");
                           if (!spec["replicas"].is_integer()) spec.set("replicas", 1);
                           Json& reference = spec.at({"machineTemplate", "infrastructureRef"});
                           if (reference.is_object() && reference.text({"namespace"}).empty())
                             reference.set("namespace", request.object.text({"metadata", "namespace"}));
                           // An object that is stored already may be edited and deleted whatever it says.
                           if (request.old != nullptr && request.old->get({"spec"}) == request.object.get({"spec"}))
                             return {};
                           return check_control_plane(request.object);
                         });
}

}  // namespace slipway::providers::controlplane
