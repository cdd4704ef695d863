#include <fmt/core.h>

#include "apiserver/request_body.h"
#include "apiserver/request_options.h"
#include "apiserver/resource_request.h"
#include "apiserver/strategic_merge.h"
#include "data/json_text.h"
#include "data/patch.h"
#include "meta/object.h"
#include "registry/field_errors.h"

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

constexpr std::size_t kMaxPatchOperations = 10'000;

enum class PatchForm { kJson, kMerge, kStrategic };

// kUnsupported for what the kind does not take.
base::Result<PatchForm> patch_form(const ResourceRequest& request) {
  const std::string type = media_type(request.http.header("content-type"));
  if (type == "application/json-patch+json") return PatchForm::kJson;
  if (type == "application/merge-patch+json") return PatchForm::kMerge;
  const bool custom = !request.is_built_in();
  if (type == "application/strategic-merge-patch+json" && !custom) return PatchForm::kStrategic;
  return base::fail(
      ErrorCode::kUnsupported,
      fmt::format("the body of the request was in an unknown format - accepted media types include: "
                  "application/json-patch+json, application/merge-patch+json{}, application/apply-patch+yaml",
                  custom ? "" : ", application/strategic-merge-patch+json"));
}

base::Status check_form(PatchForm form, const Json& patch) {
  if (form == PatchForm::kJson && !patch.is_array())
    return base::fail(ErrorCode::kBadRequest, "error decoding patch: a JSON patch must be an array of operations");
  if (form != PatchForm::kJson && !patch.is_object())
    return base::fail(ErrorCode::kBadRequest, "error decoding patch: a merge patch must be a JSON object");
  if (form == PatchForm::kJson && patch.size() > kMaxPatchOperations)
    return base::fail(ErrorCode::kTooLarge, fmt::format("The allowed maximum operations in a JSON patch is {}, got {}",
                                                        kMaxPatchOperations, patch.size()));
  return {};
}

// Members of the operations that RFC 6902 does not know.
void note_unknown_members(const Json& operations, std::vector<std::string>& problems) {
  for (std::size_t i = 0; i < operations.items().size(); ++i)
    for (const auto& [name, value] : operations.items()[i].members())
      if (name != "op" && name != "path" && name != "from" && name != "value")
        problems.push_back(fmt::format("json patch unknown field \"[{}].{}\"", i, name));
}

// What a patch makes of an object, with everything that is wrong with its form.
class Patcher {
 public:
  Patcher(const ResourceRequest& request, PatchForm form, FieldValidation validation, Json patch,
          std::vector<std::string> duplicates)
      : request_(request),
        form_(form),
        validation_(validation),
        patch_(std::move(patch)),
        duplicates_(std::move(duplicates)) {
    if (form == PatchForm::kStrategic) schema_ = request.resource.schema_document();
  }

  base::Result<Json> apply(const Json& current) {
    Json patched = SLIPWAY_TRY(merge(current));
    if (meta::name(patched) != meta::name(current))
      return base::fail(ErrorCode::kBadRequest,
                        fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                                    meta::name(patched), meta::name(current)));
    if (request_.resource.resource->namespaced && meta::ns(patched) != meta::ns(current))
      return base::fail(ErrorCode::kBadRequest,
                        "the namespace of the provided object does not match the namespace sent on the request");
    SLIPWAY_TRY(validate(patched));
    return patched;
  }

  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  base::Result<Json> merge(const Json& current) const {
    if (form_ == PatchForm::kJson) return data::json_patch(current, patch_);
    if (form_ == PatchForm::kStrategic) return strategic_merge(current, patch_, schema_);
    return data::merge_patch(current, patch_);
  }

  base::Status validate(const Json& patched) {
    warnings_.clear();
    if (validation_ == FieldValidation::kIgnore) return {};
    warnings_ = form_problems(request_.resource, patched, duplicates_);
    if (form_ == PatchForm::kJson) note_unknown_members(patch_, warnings_);
    if (validation_ == FieldValidation::kWarn || warnings_.empty()) return {};
    // The patch is shown as what is wrong, except where it may hold what nobody should read.
    const bool secret = request_.resource.resource->group_kind() == meta::GroupKind{"", "Secret"};
    return registry::invalid_object(
        request_.resource.resource->group_kind(), request_.path.name,
        {registry::invalid_value("patch", secret ? "<secret>" : request_.http.body, strict_error(warnings_))});
  }

  const ResourceRequest& request_;
  const PatchForm form_;
  const FieldValidation validation_;
  const Json patch_;
  const std::vector<std::string> duplicates_;
  Json schema_;
  std::vector<std::string> warnings_;
};

}  // namespace

base::Result<net::HttpResponse> patch_object(const ResourceRequest& request) {
  if (media_type(request.http.header("content-type")) == "application/apply-patch+yaml") return apply_object(request);
  registry::WriteOptions options = SLIPWAY_TRY(write_options(request, "PatchOptions"));
  registry::ObjectText text;
  options.written = &text;
  const FieldValidation validation = SLIPWAY_TRY(field_validation(request.http, "PatchOptions"));
  if (request.http.query.contains("force"))
    return invalid_option("PatchOptions",
                          registry::forbidden_value("force", "may not be specified for non-apply patch"));
  const PatchForm form = SLIPWAY_TRY(patch_form(request));
  std::vector<std::string> duplicates;
  Json patch = SLIPWAY_TRY(
      data::parse_json(request.http.body, {.duplicates = &duplicates}).with_context("error decoding patch"));
  SLIPWAY_TRY(check_form(form, patch));
  Patcher patcher(request, form, validation, std::move(patch), std::move(duplicates));
  const auto patched = SLIPWAY_TRY(request.registry.modify(
      request.resource, request.key(), [&](const Json& current) { return patcher.apply(current); }, options));
  auto response = SLIPWAY_TRY(object_response(request, 200, *patched, text));
  add_warnings(response, patcher.warnings());
  add_warnings(response, request.registry.warnings(request.resource, *patched));
  return response;
}

}  // namespace slipway::apiserver
