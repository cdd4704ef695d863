#include "registry/scale.h"

#include <fmt/core.h>
#include <limits>
#include <vector>

#include "meta/object.h"

namespace slipway::registry {

using base::ErrorCode;
using data::Json;

namespace {

constexpr std::int64_t kMostReplicas = std::numeric_limits<std::int32_t>::max();

std::vector<std::string_view> split(std::string_view path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  std::vector<std::string_view> members;
  while (true) {
    const std::size_t dot = path.find('.');
    members.push_back(path.substr(0, dot));
    if (dot == path.npos) return members;
    path.remove_prefix(dot + 1);
  }
}

const Json& at(const Json& object, std::string_view path) {
  const Json* here = &object;
  const std::vector<std::string_view> members = split(path);
  for (const std::string_view member : members) here = &(*here)[member];
  return *here;
}

base::Error wrong_type(std::string_view path, const Json& value, std::string_view expected) {
  return base::fail(ErrorCode::kInternal, fmt::format("Internal error occurred: {} accessor error: the value is of the "
                                                      "type {}, expected {}",
                                                      path, data::kind_name(value.kind()), expected));
}

base::Result<std::int64_t> count_at(const Json& object, std::string_view path) {
  const Json& value = at(object, path);
  if (!value.is_null() && !value.is_integer()) return wrong_type(path, value, "int64");
  return value.integer_or(0);
}

void validate_count(const Json& object, std::string_view path, FieldErrors& errors) {
  const Json& value = at(object, path);
  if (value.is_null()) return;
  if (!value.is_integer())
    errors.push_back(invalid_value(path, 0, wrong_type(path, value, "int64").message()));
  else if (value.integer_or(0) < 0)
    errors.push_back(invalid_value(path, value, "should be a non-negative integer"));
  else if (value.integer_or(0) > kMostReplicas)
    errors.push_back(invalid_value(path, value, fmt::format("should be less than or equal to {}", kMostReplicas)));
}

}  // namespace

base::Result<Json> scale_of(const ScalePaths& paths, const Json& object) {
  Json scale = Json::object({{"kind", "Scale"}, {"apiVersion", "autoscaling/v1"}, {"spec", Json::object()}});
  for (const std::string_view name : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const Json& value = object["metadata"][name]; !value.is_null()) scale.at("metadata").set(name, value);
  const std::int64_t wanted = SLIPWAY_TRY(count_at(object, paths.spec_replicas));
  if (!at(object, paths.spec_replicas).is_null()) scale.at("spec").set("replicas", wanted);
  scale.at("status").set("replicas", SLIPWAY_TRY(count_at(object, paths.status_replicas)));
  if (paths.label_selector.empty()) return scale;
  const Json& selector = at(object, paths.label_selector);
  if (!selector.is_null() && !selector.is_string()) return wrong_type(paths.label_selector, selector, "string");
  if (!selector.string_or_empty().empty()) scale.at("status").set("selector", selector);
  return scale;
}

void set_spec_replicas(const ScalePaths& paths, Json& object, std::int64_t replicas) {
  Json* here = &object;
  const std::vector<std::string_view> members = split(paths.spec_replicas);
  for (const std::string_view member : members) here = &here->at(member);
  *here = replicas;
}

void validate_scale(const ScalePaths& paths, const Json& object, FieldErrors& errors) {
  validate_count(object, paths.spec_replicas, errors);
  validate_count(object, paths.status_replicas, errors);
  if (paths.label_selector.empty()) return;
  const Json& selector = at(object, paths.label_selector);
  if (!selector.is_null() && !selector.is_string())
    errors.push_back(
        invalid_value(paths.label_selector, "", wrong_type(paths.label_selector, selector, "string").message()));
}

}  // namespace slipway::registry
