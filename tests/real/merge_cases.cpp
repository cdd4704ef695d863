#include "real/merge_cases.h"

#include <algorithm>
#include <vector>

namespace slipway::real {

using data::Json;

namespace {

constexpr int kDeepest = 3;
const std::vector<std::string> kNames = {"a", "b", "c", "d"};
const std::vector<std::string> kWords = {"x", "y", "<&>", "w\"q", "\xE2\x82\xAC", ""};
const std::vector<std::string> kManagers = {"alpha", "beta", "gamma", "kubectl", "kubectl-client-side-apply", "delta"};

}  // namespace

MergeCase::MergeCase(std::uint64_t seed) : random_(seed) {
  broken_values_ = chance(15);
  schema_ = Json::object({{"type", "object"}, {"properties", Json::object()}});
  schema_.at("properties").set("spec", chance(85) ? make_map_schema(0) : make_schema(0));
  if (chance(50)) schema_.at("properties").set("status", make_map_schema(1));
  if (chance(10)) schema_.set("x-kubernetes-preserve-unknown-fields", true);
}

Json MergeCase::make_scalar_schema() {
  switch (below(6)) {
    case 0:
      return Json::object({{"type", "integer"}});
    case 1:
      return Json::object({{"type", "boolean"}});
    case 2:
      return Json::object({{"type", "number"}});
    case 3:
      return Json::object({{"x-kubernetes-int-or-string", true}});
    case 4:
      return Json::object({{"type", "string"}, {"format", "date-time"}});
    default:
      return Json::object({{"type", "string"}});
  }
}

Json MergeCase::make_map_schema(int depth) {
  Json schema = Json::object({{"type", "object"}});
  switch (below(8)) {
    case 0:
      schema.set("additionalProperties", make_schema(depth + 1));
      break;
    case 1:
      schema.set("x-kubernetes-preserve-unknown-fields", true);
      [[fallthrough]];
    default:
      for (const std::string& name : kNames)
        if (chance(75)) schema.at({"properties", name}) = make_schema(depth + 1);
  }
  if (chance(15)) schema.set("x-kubernetes-map-type", chance(70) ? "atomic" : "granular");
  return schema;
}

Json MergeCase::make_list_schema(int depth) {
  Json schema = Json::object({{"type", "array"}});
  switch (below(4)) {
    case 0:
      schema.set("items", make_schema(depth + 1));
      if (chance(50)) schema.set("x-kubernetes-list-type", "atomic");
      break;
    case 1:
      schema.set("items", Json::object({{"type", chance(60) ? "string" : "integer"}}));
      schema.set("x-kubernetes-list-type", "set");
      break;
    default: {
      Json item = make_map_schema(depth + 1);
      item.erase("additionalProperties");
      item.erase("x-kubernetes-map-type");
      if (chance(10)) item.set("x-kubernetes-map-type", "atomic");
      Json keys = Json::array({"key"});
      item.at({"properties", "key"}) = Json::object({{"type", chance(70) ? "string" : "integer"}});
      if (chance(40)) {
        keys.append("kind");
        item.at({"properties", "kind"}) = Json::object({{"type", "string"}, {"default", "x"}});
      }
      schema.set("items", std::move(item));
      schema.set("x-kubernetes-list-type", "map");
      schema.set("x-kubernetes-list-map-keys", std::move(keys));
    }
  }
  return schema;
}

Json MergeCase::make_schema(int depth) {
  if (depth >= kDeepest || chance(35)) return make_scalar_schema();
  if (chance(8)) return Json::object({{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}});
  if (chance(5)) return Json::object({{"x-kubernetes-preserve-unknown-fields", true}});
  return chance(50) ? make_map_schema(depth) : make_list_schema(depth);
}

Json MergeCase::make_scalar(const std::string& type) {
  if (type == "integer") return chance(10) ? Json(1000000 + below(3)) : Json(below(4));
  if (type == "boolean") return chance(50);
  if (type == "number") return chance(50) ? Json(below(3)) : Json(0.5 + below(3));
  return kWords[static_cast<std::size_t>(below(static_cast<int>(kWords.size())))];
}

Json MergeCase::make_free_value(int depth) {
  if (depth >= kDeepest + 1 || chance(50))
    return make_scalar(chance(50) ? "string" : chance(50) ? "integer" : "boolean");
  if (chance(10)) return Json();
  Json value = chance(65) ? Json::object() : Json::array();
  for (int i = below(3); i > 0; --i) {
    if (value.is_object())
      value.set(kNames[static_cast<std::size_t>(below(4))], make_free_value(depth + 1));
    else
      value.append(make_free_value(depth + 1));
  }
  return value;
}

Json MergeCase::make_list(const Json& schema, int depth) {
  Json list = Json::array();
  const std::string& type = schema.text({"x-kubernetes-list-type"});
  for (int i = below(4); i > 0; --i) {
    Json item = make_value(schema["items"], depth + 1);
    if (type == "map" && item.is_object() && !item.contains("key") && !(broken_values_ && chance(10)))
      item.set("key", make_scalar(schema.get({"items", "properties", "key"}).text({"type"})));
    bool is_new = true;
    for (const Json& other : list.items()) {
      const bool same_keys = item["key"] == other["key"] && item["kind"].string_or("x") == other["kind"].string_or("x");
      if (type == "map" ? same_keys : item == other) is_new = false;
    }
    if (is_new || type.empty() || chance(broken_values_ ? 30 : 3)) list.append(std::move(item));
  }
  return list;
}

Json MergeCase::make_value(const Json& schema, int depth) {
  if (broken_values_ && chance(3)) return make_free_value(depth);
  if (chance(2)) return Json();
  const std::string& type = schema.text({"type"});
  if (type == "array") return make_list(schema, depth);
  if (type != "object") {
    if (schema.contains("x-kubernetes-int-or-string")) return make_scalar(chance(50) ? "integer" : "string");
    return type.empty() ? make_free_value(depth) : make_scalar(type);
  }
  Json value = Json::object();
  const Json& properties = schema["properties"];
  for (const auto& [name, below_schema] : properties.members())
    if (chance(name == "key" ? 97 : 45)) value.set(name, make_value(below_schema, depth + 1));
  const Json& additional = schema["additionalProperties"];
  const bool open = schema["x-kubernetes-preserve-unknown-fields"].bool_or(false);
  const bool breaks = broken_values_ && chance(5);
  for (int i = below(3); i > 0; --i) {
    const std::string& name = kNames[static_cast<std::size_t>(below(4))];
    if (properties.contains(name)) continue;
    if (additional.is_object())
      value.set(name, make_value(additional, depth + 1));
    else if (open || breaks || properties.empty())
      value.set(name, make_free_value(depth + 1));
  }
  return value;
}

void MergeCase::mutate(Json& value, const Json& schema, int depth) {
  if (value.is_object() && !value.empty()) {
    for (auto here = value.mutable_members().begin(); here != value.mutable_members().end();) {
      const bool is_key = here->first == "key" || here->first == "kind";
      if (!is_key && chance(10)) {
        here = value.mutable_members().erase(here);
        continue;
      }
      const Json& named = schema["properties"][here->first];
      const Json& below_schema = named.is_null() ? schema["additionalProperties"] : named;
      if (below_schema.is_object() && (!is_key || chance(5))) {
        if (chance(15))
          here->second = make_value(below_schema, depth + 1);
        else
          mutate(here->second, below_schema, depth + 1);
      } else if (!is_key && chance(20)) {
        here->second = make_free_value(depth);
      }
      ++here;
    }
    const Json& properties = schema["properties"];
    for (const auto& [name, below_schema] : properties.members())
      if (!value.contains(name) && chance(15)) value.set(name, make_value(below_schema, depth + 1));
  } else if (value.is_array() && !value.empty() && chance(60)) {
    Json::Array& items = value.mutable_items();
    if (chance(25)) items.erase(items.begin() + below(static_cast<int>(items.size())));
    for (Json& item : items) mutate(item, schema["items"], depth + 1);
    if (chance(20)) std::shuffle(items.begin(), items.end(), random_);
  } else if (chance(15)) {
    value = make_value(schema, depth);
  }
}

Json MergeCase::make_metadata() {
  Json metadata = Json::object({{"name", "a"}, {"namespace", "default"}});
  for (const char* member : {"labels", "annotations"}) {
    if (!chance(30)) continue;
    Json map = Json::object();
    for (const std::string& name : kNames)
      if (chance(40)) map.set(name, make_scalar("string"));
    metadata.set(member, std::move(map));
  }
  if (chance(20)) {
    Json list = Json::array();
    for (const std::string& name : kNames)
      if (chance(40)) list.append("example.com/" + name);
    metadata.set("finalizers", std::move(list));
  }
  if (chance(20)) {
    Json list = Json::array();
    for (const std::string& name : kNames)
      if (chance(40))
        list.append(
            Json::object({{"apiVersion", "v1"}, {"kind", "K"}, {"name", make_scalar("string")}, {"uid", name}}));
    metadata.set("ownerReferences", std::move(list));
  }
  return metadata;
}

void MergeCase::mutate_metadata(Json& metadata) {
  Json fresh = make_metadata();
  for (const char* member : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    if (!chance(25)) continue;
    if (fresh.contains(member))
      metadata.set(member, fresh[member]);
    else
      metadata.erase(member);
  }
}

Json MergeCase::next_operation(const Json& live) {
  const bool exists = live["metadata"].contains("uid");
  Json operation = Json::object();
  const bool is_apply = chance(60);
  operation.set("operation", is_apply ? "Apply" : "Update");
  operation.set("manager", kManagers[static_cast<std::size_t>(below(static_cast<int>(kManagers.size())))]);
  operation.set("version", chance(80) ? "v1" : "v1beta1");
  operation.set("subresource", exists && chance(20) ? "status" : "");
  operation.set("force", chance(35));
  const std::string api_version = "example.com/" + operation.text({"version"});
  Json object = Json::object({{"apiVersion", api_version}, {"kind", "Thing"}});
  if (is_apply) {
    object.set("metadata", make_metadata());
    for (const auto& [name, schema] : schema_["properties"].members())
      if (chance(75)) object.set(name, make_value(schema, 0));
    // Of parts of what is there, so that managers share fields.
    if (exists && chance(40))
      for (const auto& [name, schema] : schema_["properties"].members())
        if (live.contains(name)) object.set(name, live[name]);
  } else if (exists) {
    object = live;
    object.set("apiVersion", api_version);
    for (const auto& [name, schema] : schema_["properties"].members()) {
      if (chance(60)) mutate(object.at(name), schema, 0);
      if (object[name].is_null() && chance(80)) object.erase(name);
    }
    mutate_metadata(object.at("metadata"));
    if (chance(4)) object.at("metadata").set("managedFields", Json::array());
  } else {
    object.set("metadata", make_metadata());
    for (const auto& [name, schema] : schema_["properties"].members())
      if (chance(75)) object.set(name, make_value(schema, 0));
  }
  if (!is_apply) object.at("metadata").set("uid", "1");
  operation.set("object", std::move(object));
  return operation;
}

}  // namespace slipway::real
