#include "api/cluster/conversion_moves.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <functional>
#include <limits>
#include <optional>

#include "api/cluster/cluster.h"
#include "api/cluster/conversion_rules.h"
#include "api/cluster/duration.h"
#include "api/cluster/references.h"
#include "meta/object.h"

namespace slipway::api::cluster {

using base::FieldError;
using data::Json;

namespace {

std::pair<std::string_view, std::string_view> split_first(std::string_view path) {
  const auto dot = path.find('.');
  if (dot == std::string_view::npos) return {path, {}};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

// Removes the value at a path, and the objects that became empty by it; null when there is none.
Json take(Json& object, std::string_view path) {
  const auto [key, rest] = split_first(path);
  if (!object.contains(key)) return {};
  Json taken;
  if (rest.empty()) {
    taken = std::move(object.at(key));
    object.erase(key);
    return taken;
  }
  if (!object[key].is_object()) return {};
  taken = take(object.at(key), rest);
  if (!taken.is_null() && object[key].empty()) object.erase(key);
  return taken;
}

void put(Json& object, std::string_view path, Json value) {
  const auto [key, rest] = split_first(path);
  if (rest.empty()) {
    object.set(key, std::move(value));
  } else {
    put(object.at(key), rest, std::move(value));
  }
}

// Calls `visit` for every object at a place ("spec.workers.machineDeployments[]"), with its path in the whole.
void for_each_at(Json& object, std::string_view place, const std::string& path,
                 const std::function<void(Json&, const std::string&)>& visit) {
  if (place.empty()) {
    if (object.is_object()) visit(object, path);
    return;
  }
  auto [key, rest] = split_first(place);
  const bool list = key.ends_with("[]");
  if (list) key.remove_suffix(2);
  if (!object.contains(key)) return;
  Json& child = object.at(key);
  const std::string child_path = path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  if (!list) {
    if (child.is_object()) for_each_at(child, rest, child_path, visit);
    return;
  }
  if (!child.is_array()) return;
  std::size_t index = 0;
  for (Json& item : child.mutable_items()) for_each_at(item, rest, fmt::format("{}[{}]", child_path, index++), visit);
}

std::string group_of(const std::string& api_version) {
  return meta::parse_api_version(api_version).group;
}

class Upward {
 public:
  Json formed(Json value, Form form, const std::string& path) {
    switch (form) {
      case Form::kSame:
        return value;
      case Form::kNonZero:
        return value.integer_or(1) == 0 ? Json() : value;
      case Form::kSeconds:
        return seconds(value, path);
      case Form::kContractReference:
        return Json::object(
            {{"apiGroup", group_of(value.text({"apiVersion"}))}, {"kind", value["kind"]}, {"name", value["name"]}});
      case Form::kTemplateReference:
        return Json::object({{"apiVersion", value["apiVersion"]}, {"kind", value["kind"]}, {"name", value["name"]}});
      case Form::kNodeReference:
        return Json::object({{"name", value["name"]}});
      case Form::kFailureDomains:
        return failure_domains(value);
      case Form::kTimedConditions:
        return timed_conditions(std::move(value), path);
    }
    return value;
  }

  std::vector<FieldError> errors;

 private:
  Json seconds(const Json& value, const std::string& path) {
    const auto duration = parse_duration(value.string_or_empty());
    if (!value.is_string() || !duration || duration->count() < 0) {
      errors.push_back(
          {path, "FieldValueInvalid",
           fmt::format("Invalid value: \"{}\": must be a duration that is not negative, such as 300s or 5m",
                       value.string_or_empty())});
      return {};
    }
    const auto count = std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
    return std::min<std::int64_t>(count, std::numeric_limits<std::int32_t>::max());
  }

  static Json failure_domains(const Json& value) {
    Json list = Json::array();
    for (const auto& [name, domain] : value.members()) {
      Json item = domain.is_object() ? domain : Json::object();
      item.set("name", name);
      list.append(std::move(item));
    }
    return list;
  }

  Json timed_conditions(Json value, const std::string& path) {
    if (!value.is_array()) return value;
    std::size_t index = 0;
    for (Json& item : value.mutable_items()) {
      const std::string item_path = fmt::format("{}[{}].timeout", path, index++);
      if (!item.contains("timeout")) continue;
      item.set("timeoutSeconds", seconds(item["timeout"], item_path));
      item.erase("timeout");
    }
    return value;
  }
};

class Downward {
 public:
  explicit Downward(std::string ns) : ns_(std::move(ns)) {}

  Json formed(Json value, Form form) const {
    switch (form) {
      case Form::kSame:
      case Form::kNonZero:
        return value;
      case Form::kSeconds:
        return format_duration(std::chrono::seconds(value.integer_or(0)));
      case Form::kContractReference:
        return reference(api_version(value.text({"apiGroup"})), value["kind"], value["name"]);
      case Form::kTemplateReference:
        return reference(value["apiVersion"], value["kind"], value["name"]);
      case Form::kNodeReference:
        return Json::object({{"apiVersion", "v1"}, {"kind", "Node"}, {"name", value["name"]}});
      case Form::kFailureDomains:
        return failure_domains(value);
      case Form::kTimedConditions:
        return timed_conditions(std::move(value));
    }
    return value;
  }

 private:
  static std::string api_version(const std::string& group) {
    return group.empty() ? "v1" : fmt::format("{}/{}", group, version_of_group(group));
  }

  Json reference(Json api_version, Json kind, Json name) const {
    Json result =
        Json::object({{"apiVersion", std::move(api_version)}, {"kind", std::move(kind)}, {"name", std::move(name)}});
    if (!ns_.empty()) result.set("namespace", ns_);
    return result;
  }

  static Json failure_domains(const Json& value) {
    Json map = Json::object();
    for (Json item : value.items()) {
      const std::string name = item.text({"name"});
      item.erase("name");
      map.set(name, std::move(item));
    }
    return map;
  }

  static Json timed_conditions(Json value) {
    if (!value.is_array()) return value;
    for (Json& item : value.mutable_items()) {
      if (!item.contains("timeoutSeconds")) continue;
      item.set("timeout", format_duration(std::chrono::seconds(item["timeoutSeconds"].integer_or(0))));
      item.erase("timeoutSeconds");
    }
    return value;
  }

  std::string ns_;
};

// Under these keys a user's own values live, or an empty one has a meaning.
constexpr std::array<std::string_view, 8> kKeptAsWritten{"value",      "openAPIV3Schema", "labels",     "annotations",
                                                         "attributes", "bootstrap",       "conditions", "settings"};

// v1beta1 clients write empty lists, objects and strings where v1beta2 wants the field left out.
void drop_empty(Json& value) {
  if (value.is_array()) {
    for (Json& item : value.mutable_items()) drop_empty(item);
    return;
  }
  if (!value.is_object()) return;
  auto& members = value.mutable_members();
  for (auto member = members.begin(); member != members.end();) {
    auto& [key, child] = *member;
    const bool kept = std::ranges::find(kKeptAsWritten, key) != kKeptAsWritten.end();
    if (!kept) drop_empty(child);
    const bool empty = (child.is_object() || child.is_array() || child.is_string()) && child.empty();
    member = child.is_null() || (empty && !kept) ? members.erase(member) : std::next(member);
  }
}

}  // namespace

base::Status move_up(Json& object) {
  Upward upward;
  const std::string kind = object.text({"kind"});
  for (const Scope& scope : conversion_scopes(kind)) {
    for_each_at(object, scope.place, "", [&](Json& part, const std::string& path) {
      std::vector<std::pair<std::string_view, Json>> moved;  // all are taken before any is put: some swap places
      for (const Move& move : scope.moves) {
        if (move.old_path.empty()) continue;
        Json value = take(part, move.old_path);
        if (value.is_null() || move.new_path.empty()) continue;
        const std::string from = path.empty() ? std::string(move.old_path) : fmt::format("{}.{}", path, move.old_path);
        moved.emplace_back(move.new_path, upward.formed(std::move(value), move.form, from));
      }
      for (auto& [new_path, value] : moved)
        if (!value.is_null()) put(part, new_path, std::move(value));
    });
  }
  if (!upward.errors.empty()) {
    const FieldError& first = upward.errors.front();
    return base::fail(base::ErrorCode::kInvalid,
                      fmt::format("{} \"{}\" is invalid: {}: {}", kind, meta::name(object), first.field, first.message))
        .with_fields(std::move(upward.errors));
  }
  for (const std::string_view part : {"spec", "status"})
    if (object.contains(part)) drop_empty(object.at(part));
  object.set("apiVersion", fmt::format("{}/{}", kGroup, kVersion));
  return {};
}

void move_down(Json& object) {
  const Downward downward(meta::ns(object));
  for (const Scope& scope : conversion_scopes(object.text({"kind"}))) {
    for_each_at(object, scope.place, "", [&](Json& part, const std::string&) {
      std::vector<std::pair<std::string_view, Json>> moved;
      for (const Move& move : scope.moves) {
        if (move.new_path.empty()) continue;
        Json value = take(part, move.new_path);
        if (!value.is_null() && !move.old_path.empty())
          moved.emplace_back(move.old_path, downward.formed(std::move(value), move.form));
      }
      for (auto& [old_path, value] : moved) put(part, old_path, std::move(value));
    });
  }
  object.set("apiVersion", fmt::format("{}/{}", kGroup, kServedVersion));
}

}  // namespace slipway::api::cluster
