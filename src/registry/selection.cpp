#include "registry/selection.h"

#include <vector>

#include "data/json_scan.h"
#include "data/json_text.h"

namespace slipway::registry {

namespace {

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto dot = path.find('.');
    parts.push_back(path.substr(0, dot));
    path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
  }
  return parts;
}

// Copies the value at `path` from the text into the object.
void copy_value(std::string_view text, const std::vector<std::string_view>& path, data::Json& object) {
  const auto found = data::find_json_value(text, path);
  if (!found) return;
  auto value = data::parse_json(*found);
  if (!value) return;
  data::Json* here = &object;
  for (const std::string_view part : path) here = &here->at(part);
  *here = std::move(*value);
}

}  // namespace

bool Selection::matches_text(std::string_view text) const {
  if (!labels.empty()) {
    data::Json object = data::Json::object();
    copy_value(text, {"metadata", "labels"}, object);
    if (!labels.matches(object)) return false;
  }
  if (fields.empty()) return true;
  data::Json object = data::Json::object();
  for (const auto& requirement : fields.requirements()) copy_value(text, split_path(requirement.path), object);
  return fields.matches(object);
}

}  // namespace slipway::registry
