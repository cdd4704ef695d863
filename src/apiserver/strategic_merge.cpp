#include "apiserver/strategic_merge.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>
#include <vector>

#include "apiserver/openapi/meta_types.h"

namespace slipway::apiserver {

using data::Json;

namespace {

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

const Json& object_meta_schema() {
  static const Json types = meta_types("", "v1");
  static const Json& schema = types[fmt::format("{}ObjectMeta", kMetaTypes)];
  return schema;
}

// How one member of an object merges.
struct Strategy {
  const Json& schema;
  std::string key;   // lists of objects are merged by it; "" = replaced whole
  bool set = false;  // lists of plain values are united
};

Strategy strategy_of(const Json& schema, const std::string& name, bool is_root) {
  if (is_root && name == "metadata") return {object_meta_schema(), "", false};
  const Json& named = schema["properties"][name];
  const Json& member = named.is_null() ? schema["additionalProperties"] : named;
  const bool merges = member.text({"x-kubernetes-patch-strategy"}).find("merge") != std::string::npos;
  const std::string& type = member.text({"x-kubernetes-list-type"});
  std::string key = member.text({"x-kubernetes-patch-merge-key"});
  if (key.empty() && type == "map" && member["x-kubernetes-list-map-keys"].size() == 1)
    key = member["x-kubernetes-list-map-keys"].items()[0].string_or_empty();
  const bool set = key.empty() && (merges || type == "set");
  return {member, std::move(key), set};
}

base::Error bad(std::string_view path, std::string_view what) {
  return base::fail(base::ErrorCode::kBadRequest, fmt::format("invalid strategic merge patch at {}: {}", path, what));
}

base::Result<Json> merge_object(Json target, const Json& patch, const Json& schema, const std::string& path);

// Drops directives from a value that is added where nothing was.
Json without_directives(const Json& value) {
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [name, member] : value.members())
    if (!name.starts_with('$') && !member.is_null()) out.set(name, without_directives(member));
  return out;
}

base::Result<Json> merge_list(const Json& target, const Json& patch, const Strategy& strategy,
                              const std::string& path) {
  const std::string& key = strategy.key;
  Json::Array items = target.items();
  for (const Json& change : patch.items()) {
    const std::string& directive = change[kDirective].string_or_empty();
    if (directive == "replace" && !change.contains(key)) {
      items.clear();
      continue;
    }
    if (!change.contains(key)) return bad(path, fmt::format("an item lacks its merge key {}", key));
    const auto same = [&](const Json& item) { return item[key] == change[key]; };
    if (directive == "delete") {
      std::erase_if(items, same);
      continue;
    }
    const auto found = std::ranges::find_if(items, same);
    if (found == items.end())
      items.push_back(without_directives(change));
    else
      *found = SLIPWAY_TRY(merge_object(*found, change, strategy.schema["items"], path));
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

// The place of an item in a list, by its merge key or as a whole; the list's size when it is not there.
std::size_t place_of(const Json& item, const Json& list, const std::string& key) {
  const auto found = std::ranges::find_if(
      list.items(), [&](const Json& other) { return key.empty() ? other == item : other[key] == item[key]; });
  return static_cast<std::size_t>(found - list.items().begin());
}

// Items that are not in `list` come last, in the order they had.
void sort_by_place(Json::Array& items, const Json& list, const std::string& key) {
  std::vector<std::pair<std::size_t, std::size_t>> places;  // in `list`, in `items`
  for (std::size_t i = 0; i < items.size(); ++i) places.emplace_back(place_of(items[i], list, key), i);
  std::ranges::sort(places);
  Json::Array sorted;
  for (const auto& [place, index] : places) sorted.push_back(std::move(items[index]));
  items = std::move(sorted);
}

// $setElementOrder: items that the patch orders stand in its order, the others keep their places in `before` among
// them.
void set_order(Json& list, const Json& order, const Json& before, const std::string& key) {
  Json::Array ordered, others, out;
  for (const Json& item : list.items()) (place_of(item, order, key) < order.size() ? ordered : others).push_back(item);
  sort_by_place(ordered, order, key);
  sort_by_place(others, before, key);
  auto other = others.begin();
  for (Json& item : ordered) {
    const std::size_t place = place_of(item, before, key);
    while (other != others.end() && place < before.size() && place_of(*other, before, key) < place)
      out.push_back(std::move(*other++));
    out.push_back(std::move(item));
  }
  while (other != others.end()) out.push_back(std::move(*other++));
  list = Json(std::move(out));
}

base::Status merge_member(Json& target, const std::string& name, const Json& change, const Strategy& strategy,
                          const std::string& path) {
  if (change.is_null()) {
    target.erase(name);
  } else if (change.is_object()) {
    target.set(name, SLIPWAY_TRY(merge_object(target[name], change, strategy.schema, path)));
  } else if (change.is_array() && !strategy.key.empty()) {
    target.set(name, SLIPWAY_TRY(merge_list(target[name], change, strategy, path)));
  } else if (change.is_array() && strategy.set) {
    target.set(name, merge_set(target[name], change));
  } else {
    target.set(name, change);
  }
  return {};
}

base::Result<Json> merge_object(Json target, const Json& patch, const Json& schema, const std::string& path) {
  const std::string directive = patch[kDirective].string_or("merge");
  if (directive == "replace") return without_directives(patch);
  if (directive == "delete") return Json::object();
  if (directive != "merge") return bad(path, fmt::format("unknown $patch directive \"{}\"", directive));
  if (!target.is_object()) target = Json::object();
  const Json before = target;
  if (patch.contains(kRetainKeys)) retain_keys(target, patch[kRetainKeys]);
  for (const auto& [name, change] : patch.members())
    if (name.starts_with(kDeleteFromList))
      delete_from_list(target, std::string_view(name).substr(kDeleteFromList.size()), change);
  for (const auto& [name, change] : patch.members()) {
    if (name.starts_with('$')) continue;
    const std::string below = path.empty() ? name : fmt::format("{}.{}", path, name);
    SLIPWAY_TRY(merge_member(target, name, change, strategy_of(schema, name, path.empty()), below));
  }
  for (const auto& [name, order] : patch.members()) {
    if (!name.starts_with(kElementOrder)) continue;
    const std::string field = name.substr(kElementOrder.size());
    const Strategy strategy = strategy_of(schema, field, path.empty());
    if (target[field].is_array() && (strategy.set || !strategy.key.empty()))
      set_order(target.at(field), order, before[field], strategy.key);
  }
  return target;
}

}  // namespace

base::Result<Json> strategic_merge(Json target, const Json& patch, const Json& schema) {
  if (!patch.is_object()) return bad("the root", "it is no object");
  return merge_object(std::move(target), patch, schema, "");
}

}  // namespace slipway::apiserver
