#include "apiserver/table.h"

#include <fmt/core.h>

#include "apiserver/human_duration.h"
#include "data/json_text.h"
#include "meta/object.h"

namespace slipway::apiserver {

using data::Json;
using registry::PrinterColumn;

namespace {

std::string cell_text(const Json& value) {
  return value.is_string() ? value.string_or_empty() : data::to_json(value);
}

// apiextensions-apiserver/pkg/registry/customresource/tableconvertor: a value of another type is an empty cell.
Json cell_of(const std::vector<const Json*>& found, const std::string& type, base::WallTime now) {
  if (found.empty() || found.front()->is_null()) return nullptr;
  const Json& value = *found.front();
  if (type == "string") {
    std::string text;
    for (const Json* item : found) text += (text.empty() ? "" : " ") + cell_text(*item);
    return text;
  }
  if (type == "integer") {
    if (value.is_integer()) return value;
    if (value.is_number()) return static_cast<std::int64_t>(value.number_or(0));
    return nullptr;
  }
  if (type == "number") return value.is_number() ? value : Json(nullptr);
  if (type == "boolean") return value.is_bool() ? value : Json(nullptr);
  if (type == "date") return human_age(value.string_or_empty(), now);
  return nullptr;
}

Json age(const Json& object, base::WallTime now) {
  return human_age(object.text({"metadata", "creationTimestamp"}), now);
}

// The last time an event was seen: of its series, its count, or its only time.
std::string event_time(const Json& event, std::initializer_list<std::initializer_list<std::string_view>> candidates) {
  for (const auto path : candidates)
    if (const std::string& time = event.text(path); !time.empty()) return time;
  return {};
}

std::string event_source(const Json& event) {
  const std::string& old_style = event.text({"source", "component"});
  const std::string& component = old_style.empty() ? event.text({"reportingComponent"}) : old_style;
  const std::string& host = event.text({"source", "host"});
  return host.empty() ? component : component + ", " + host;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// "a, b": the subjects of this kind; ServiceAccounts with their namespace.
std::string subjects_text(const Json& binding, std::string_view kind) {
  std::string text;
  for (const Json& subject : binding["subjects"].items()) {
    if (subject.text({"kind"}) != kind) continue;
    const std::string prefix = kind == "ServiceAccount" ? subject.text({"namespace"}) + "/" : "";
    text += (text.empty() ? "" : ", ") + prefix + subject.text({"name"});
  }
  return text;
}

}  // namespace

Json partial_object(const Json& object) {
  return Json::object(
      {{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}, {"metadata", object["metadata"]}});
}

TableFormat::TableFormat(const registry::ResourceVersionInfo& resource) {
  const registry::ResourceInfo& info = *resource.resource;
  const PrinterColumn name{
      "Name", "string", "name", "Name must be unique within a namespace. Is required when creating resources.", "", 0};
  const PrinterColumn age_column{"Age", "string", "", "Time since the object was created.", "", 0};
  if (info.group_kind() != meta::GroupKind{"", "Event"})
    add(name, [](const Json& object, base::WallTime) { return Json(meta::name(object)); });
  if (add_builtin_columns(info)) return;
  for (const PrinterColumn& column : resource.columns) add_path_column(column);
  // Kubernetes' own kinds call their ages strings.
  for (Column& column : columns_)
    if (info.built_in && column.definition.type == "date") column.definition.type = "string";
  if (resource.columns.empty()) add(age_column, age);
}

void TableFormat::add(PrinterColumn definition, std::function<Json(const Json&, base::WallTime)> cell) {
  columns_.push_back({std::move(definition), std::move(cell)});
}

void TableFormat::add_path_column(const PrinterColumn& definition) {
  auto path = JsonPath::compile(definition.json_path);
  // A path we do not understand is an empty column, as with kube-apiserver.
  if (!path) return add(definition, [](const Json&, base::WallTime) { return Json(nullptr); });
  add(definition, [path = std::move(*path), type = definition.type](const Json& object, base::WallTime now) {
    return cell_of(path.find(object), type, now);
  });
}

void TableFormat::add_binding_columns() {
  add({"Role", "string", "", "The role that is given.", "", 0}, [](const Json& binding, base::WallTime) {
    return Json(binding.text({"roleRef", "kind"}) + "/" + binding.text({"roleRef", "name"}));
  });
  add({"Age", "string", "", "Time since the object was created.", "", 0}, age);
  for (const auto& [title, kind] :
       {std::pair{"Users", "User"}, {"Groups", "Group"}, {"ServiceAccounts", "ServiceAccount"}})
    add({title, "string", "", "Who gets the role.", "", 1},
        [kind](const Json& binding, base::WallTime) { return Json(subjects_text(binding, kind)); });
}

bool TableFormat::add_builtin_columns(const registry::ResourceInfo& resource) {
  if (resource.group == "rbac.authorization.k8s.io" && resource.kind.ends_with("Binding")) {
    add_binding_columns();
    return true;
  }
  if (!resource.group.empty()) return false;
  const PrinterColumn data_column{"Data", "string", "", "How many keys the object holds.", "", 0};
  const PrinterColumn age_column{"Age", "string", "", "Time since the object was created.", "", 0};
  if (resource.kind == "Secret") {
    add_path_column({"Type", "string", "", "Used to facilitate programmatic handling of secret data.", ".type", 0});
    add(data_column,
        [](const Json& object, base::WallTime) { return Json(static_cast<std::int64_t>(object["data"].size())); });
    add(age_column, age);
    return true;
  }
  if (resource.kind == "ConfigMap") {
    add(data_column, [](const Json& object, base::WallTime) {
      return Json(static_cast<std::int64_t>(object["data"].size() + object["binaryData"].size()));
    });
    add(age_column, age);
    return true;
  }
  if (resource.kind != "Event") return false;
  add({"Last Seen", "string", "", "Time since the event was last seen.", "", 0}, [](const Json& event,
                                                                                    base::WallTime now) {
    return Json(human_age(event_time(event, {{"series", "lastObservedTime"}, {"lastTimestamp"}, {"eventTime"}}), now));
  });
  add_path_column({"Type", "string", "", "Normal or Warning.", ".type", 0});
  add_path_column({"Reason", "string", "", "Why the event happened, for machines.", ".reason", 0});
  add({"Object", "string", "", "What the event is about.", "", 0}, [](const Json& event, base::WallTime) {
    return Json(lower(event.text({"involvedObject", "kind"})) + "/" + event.text({"involvedObject", "name"}));
  });
  add_path_column({"Subobject", "string", "", "A part of the object.", ".involvedObject.fieldPath", 1});
  add({"Source", "string", "", "Who reports.", "", 1},
      [](const Json& event, base::WallTime) { return Json(event_source(event)); });
  add({"Message", "string", "", "What happened, for people.", "", 0}, [](const Json& event, base::WallTime) {
    std::string text = event.text({"message"});
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return Json(std::move(text));
  });
  add({"First Seen", "string", "", "Time since the event was first seen.", "", 1},
      [](const Json& event, base::WallTime now) {
        return Json(human_age(event_time(event, {{"firstTimestamp"}, {"eventTime"}}), now));
      });
  add({"Count", "string", "", "How often it was seen.", "", 1}, [](const Json& event, base::WallTime) {
    return Json(event.get({"series", "count"}).integer_or(event["count"].integer_or(1)));
  });
  add({"Name", "string", "name", "The event's name.", "", 1},
      [](const Json& event, base::WallTime) { return Json(meta::name(event)); });
  return true;
}

Json TableFormat::table(const std::vector<const Json*>& objects, const Json& list_metadata, IncludeObject include,
                        bool with_columns, base::WallTime now) const {
  Json columns = Json::array();
  for (const Column& column : columns_) {
    if (!with_columns) break;
    columns.append(Json::object({{"name", column.definition.name},
                                 {"type", column.definition.type},
                                 {"format", column.definition.format},
                                 {"description", column.definition.description},
                                 {"priority", column.definition.priority}}));
  }
  Json rows = Json::array();
  for (const Json* object : objects) {
    Json cells = Json::array();
    for (const Column& column : columns_) cells.append(column.cell(*object, now));
    Json row = Json::object({{"cells", std::move(cells)}});
    if (include == IncludeObject::kMetadata) row.set("object", partial_object(*object));
    if (include == IncludeObject::kObject) row.set("object", *object);
    rows.append(std::move(row));
  }
  return Json::object({{"kind", "Table"},
                       {"apiVersion", "meta.k8s.io/v1"},
                       {"metadata", list_metadata.is_null() ? Json::object() : list_metadata},
                       {"columnDefinitions", with_columns ? std::move(columns) : Json(nullptr)},
                       {"rows", std::move(rows)}});
}

std::shared_ptr<const TableFormat> TableFormats::get(const registry::ResourceVersionInfo& resource) {
  const std::lock_guard lock(mutex_);
  const auto found = formats_.find(&resource);
  if (found != formats_.end() && !found->second.resource.expired()) return found->second.format;
  std::erase_if(formats_, [](const auto& item) { return item.second.resource.expired(); });
  auto format = std::make_shared<const TableFormat>(resource);
  formats_[&resource] = {resource.resource->weak_from_this(), format};
  return format;
}

}  // namespace slipway::apiserver
