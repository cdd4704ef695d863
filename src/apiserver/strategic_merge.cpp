#include "apiserver/strategic_merge.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::apiserver {

using data::Json;

namespace {

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

std::string_view merge_key(std::string_view path) {
  if (path == "metadata.ownerReferences") return "uid";
  if (path == "status.conditions") return "type";
  return {};
}

bool is_set(std::string_view path) {
  return path == "metadata.finalizers";
}

std::string join(std::string_view path, std::string_view member) {
  return path.empty() ? std::string(member) : fmt::format("{}.{}", path, member);
}

base::Error bad(std::string_view path, std::string_view what) {
  return base::fail(base::ErrorCode::kBadRequest, fmt::format("invalid strategic merge patch at {}: {}", path, what));
}

base::Result<Json> merge_object(Json target, const Json& patch, const std::string& path);

// Drops directives from a value that is added where nothing was.
Json without_directives(const Json& value) {
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [name, member] : value.members())
    if (!name.starts_with('$') && !member.is_null()) out.set(name, without_directives(member));
  return out;
}

base::Result<Json> merge_list(const Json& target, const Json& patch, const std::string& path, std::string_view key) {
  Json::Array items = target.items();
  for (const Json& change : patch.items()) {
    if (change[kDirective].string_or_empty() == "replace" && !change.contains(key)) {
      items.clear();
      continue;
    }
    if (!change.contains(key)) return bad(path, fmt::format("an item lacks its merge key {}", key));
    const auto same = [&](const Json& item) { return item[key] == change[key]; };
    if (change[kDirective].string_or_empty() == "delete") {
      std::erase_if(items, same);
      continue;
    }
    const auto found = std::ranges::find_if(items, same);
    if (found == items.end()) {
      items.push_back(without_directives(change));
    } else {
      *found = SLIPWAY_TRY(merge_object(*found, change, path));
    }
  }
  return Json(std::move(items));
}

Json merge_set(const Json& target, const Json& patch) {
  Json out = target.is_array() ? target : Json::array();
  for (const Json& item : patch.items())
    if (std::ranges::find(out.items(), item) == out.items().end()) out.append(item);
  return out;
}

void retain_keys(Json& target, const Json& keys) {
  std::vector<std::string> dropped;
  for (const auto& [name, value] : target.members())
    if (std::ranges::find(keys.items(), Json(name)) == keys.items().end()) dropped.push_back(name);
  for (const std::string& name : dropped) target.erase(name);
}

void delete_from_list(Json& target, std::string_view field, const Json& values) {
  if (!target[field].is_array()) return;
  std::erase_if(target.at(field).mutable_items(),
                [&](const Json& item) { return std::ranges::find(values.items(), item) != values.items().end(); });
}

base::Result<Json> merge_object(Json target, const Json& patch, const std::string& path) {
  const std::string directive = patch[kDirective].string_or("merge");
  if (directive == "replace") return without_directives(patch);
  if (directive == "delete") return Json::object();
  if (directive != "merge") return bad(path, fmt::format("unknown $patch directive \"{}\"", directive));
  if (!target.is_object()) target = Json::object();
  if (patch.contains(kRetainKeys)) retain_keys(target, patch[kRetainKeys]);
  for (const auto& [name, change] : patch.members()) {
    if (name.starts_with(kDeleteFromList)) {
      delete_from_list(target, std::string_view(name).substr(kDeleteFromList.size()), change);
    } else if (name == kDirective || name == kRetainKeys || name.starts_with(kElementOrder)) {
      continue;
    } else if (change.is_null()) {
      target.erase(name);
    } else if (const std::string below = join(path, name); change.is_object()) {
      target.set(name, SLIPWAY_TRY(merge_object(target[name], change, below)));
    } else if (change.is_array() && !merge_key(below).empty()) {
      target.set(name, SLIPWAY_TRY(merge_list(target[name], change, below, merge_key(below))));
    } else if (change.is_array() && is_set(below)) {
      target.set(name, merge_set(target[name], change));
    } else {
      target.set(name, change);
    }
  }
  return target;
}

}  // namespace

base::Result<Json> strategic_merge(Json target, const Json& patch) {
  if (!patch.is_object()) return bad("the root", "it is no object");
  return merge_object(std::move(target), patch, "");
}

}  // namespace slipway::apiserver
