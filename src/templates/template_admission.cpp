#include "templates/template_admission.h"

#include "meta/object.h"
#include "registry/field_errors.h"
#include "templates/cluster_class.h"

namespace slipway::templates {

namespace {

// The value at "spec.kubernetesVersion"; long ones are not repeated in an error.
Json value_at(const Json& object, std::string_view path) {
  const Json* here = &object;
  while (!path.empty()) {
    const auto dot = path.find('.');
    here = &(*here)[path.substr(0, dot)];
    path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
  }
  constexpr std::size_t kMaxShown = 80;
  return here->is_string() ? Json(here->string_or_empty().substr(0, kMaxShown)) : *here;
}

}  // namespace

registry::Admission cluster_template_admission() {
  return [](registry::AdmissionRequest& request) -> base::Status {
    if (!request.subresource.empty() || meta::is_deleting(request.object)) return {};
    registry::FieldErrors errors;
    if (request.old != nullptr) {
      if (!((*request.old)["spec"] == request.object["spec"]))
        errors.push_back(registry::forbidden_value(
            "spec", "a ClusterTemplate does not change: create a new version of it under another name"));
    } else if (const auto rendered = render_cluster_class(request.object); !rendered) {
      for (const base::FieldError& error : rendered.error().fields())
        errors.push_back(registry::invalid_value(error.field, value_at(request.object, error.field), error.message));
    }
    if (errors.empty()) return {};
    return registry::invalid_object(request.resource.group_kind(), meta::name(request.object), std::move(errors));
  };
}

}  // namespace slipway::templates
