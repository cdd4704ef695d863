#include "registry/event_kinds.h"

#include <algorithm>
#include <fmt/core.h>
#include <initializer_list>
#include <utility>

#include "meta/name_rules.h"
#include "meta/object.h"
#include "registry/builtin_kind.h"
#include "registry/builtin_schemas.h"

namespace slipway::registry {

using data::Json;

namespace {

constexpr std::string_view kNewEventSchema = R"({"type":"object","properties":{
  "regarding":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
  "related":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
  "reason":{"type":"string"},"note":{"type":"string"},"type":{"type":"string"},
  "eventTime":{"type":"string","format":"date-time","nullable":true},
  "series":{"type":"object","properties":{"count":{"type":"integer","format":"int32"},
    "lastObservedTime":{"type":"string","format":"date-time","nullable":true}}},
  "action":{"type":"string"},"reportingController":{"type":"string"},"reportingInstance":{"type":"string"},
  "deprecatedSource":{"type":"object","properties":{"component":{"type":"string"},"host":{"type":"string"}}},
  "deprecatedFirstTimestamp":{"type":"string","format":"date-time","nullable":true},
  "deprecatedLastTimestamp":{"type":"string","format":"date-time","nullable":true},
  "deprecatedCount":{"type":"integer","format":"int32"}}})";

// What is called otherwise in the two groups: the core name, the name in events.k8s.io.
constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"reportingComponent", "reportingController"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
};

void rename(Json& object, std::string_view from, std::string_view to) {
  if (!object.contains(from)) return;
  Json value = object[from];
  object.erase(from);
  object.set(to, std::move(value));
}

// The name under which kube-apiserver's internal form, and so its messages, knows a field.
std::string_view reporter_field(bool is_new) {
  return is_new ? "reportingController" : "reportingComponent";
}

void check_length(const Json& event, std::string_view field, std::size_t limit, FieldErrors& errors) {
  if (event.text({field}).size() > limit)
    errors.push_back(invalid_value(field, "", fmt::format("can have at most {} characters", limit)));
}

void check_present(const Json& event, std::string_view field, FieldErrors& errors) {
  if (event.text({field}).empty()) errors.push_back(required_value(field));
}

// The rules for events of either group; `event` is in the core form.
void validate_common(const Json& event, bool is_new, FieldErrors& errors) {
  const std::string& ns = meta::ns(event);
  const std::string& involved = event.text({"involvedObject", "namespace"});
  const auto wrong_namespace = [&] {
    errors.push_back(invalid_value("involvedObject.namespace", involved, "does not match event.namespace"));
  };
  if (event["eventTime"].is_null()) {
    // Events about cluster-scoped objects live in "default".
    if (involved != ns && !(involved.empty() && ns == "default")) wrong_namespace();
    return;
  }
  if (involved.empty() && ns != "default" && ns != "kube-system") wrong_namespace();
  const std::string& reporter = event.text({"reportingComponent"});
  if (reporter.empty()) errors.push_back(required_value(reporter_field(is_new)));
  if (const std::string why = meta::qualified_name_problem(reporter); !why.empty())
    errors.push_back(invalid_value(reporter_field(is_new), reporter, why));
  for (const std::string_view field : {"reportingInstance", "action", "reason"}) {
    check_present(event, field, errors);
    check_length(event, field, 128, errors);
  }
  check_length(event, "message", 1024, errors);
}

void validate_series(const Json& event, FieldErrors& errors) {
  const Json& series = event["series"];
  if (series.is_null()) return;
  if (series["count"].integer_or(0) < 2) errors.push_back(invalid_value("series.count", "", "should be at least 2"));
  if (series["lastObservedTime"].is_null()) errors.push_back(required_value("series.lastObservedTime"));
}

// What only an event made through events.k8s.io must be.
void validate_new(const Json& event, FieldErrors& errors) {
  validate_series(event, errors);
  if (event["eventTime"].is_null()) errors.push_back(required_value("eventTime"));
  const std::string& type = event.text({"type"});
  if (type != "Normal" && type != "Warning")
    errors.push_back(invalid_value("type", "", fmt::format("has invalid value: {}", type)));
  for (const std::string_view field : {"firstTimestamp", "lastTimestamp"})
    if (!event[field].is_null()) errors.push_back(invalid_value(field, "", "needs to be unset"));
  if (event["count"].integer_or(0) != 0) errors.push_back(invalid_value("count", "", "needs to be unset"));
  if (!event.text({"source", "component"}).empty() || !event.text({"source", "host"}).empty())
    errors.push_back(invalid_value("source", "", "needs to be unset"));
}

// Through events.k8s.io only the series of an event grows.
void validate_change(const Json& event, const Json& old, FieldErrors& errors) {
  if (event["series"] != old["series"]) validate_series(event, errors);
  for (const std::string_view field :
       {"involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type",
        "eventTime", "action", "related", "reportingComponent", "reportingInstance"})
    if (event[field] != old[field])
      errors.push_back(invalid_value(field == "reportingComponent" ? "reportingController" : field, event[field],
                                     "field is immutable"));
}

void validate_core_event(const Json& object, const Json*, FieldErrors& errors) {
  validate_common(object, false, errors);
}

void validate_new_event(const Json& object, const Json* old, FieldErrors& errors) {
  const Json event = convert_event(object, "v1");
  validate_common(event, true, errors);
  if (old == nullptr)
    validate_new(event, errors);
  else
    validate_change(event, convert_event(*old, "v1"), errors);
}

}  // namespace

Json convert_event(const Json& event, std::string_view api_version) {
  Json out = event;
  const bool to_core = api_version == "v1";
  for (const auto& [core_name, new_name] : kNames)
    if (to_core)
      rename(out, new_name, core_name);
    else
      rename(out, core_name, new_name);
  out.set("apiVersion", std::string(api_version));
  return out;
}

std::vector<BuiltinKind> event_kinds() {
  return {
      {.version = "v1",
       .kind = "Event",
       .plural = "events",
       .singular = "event",
       .short_names = {"ev"},
       .schema = kEventSchema,
       .columns = {{"Last Seen", "date", "", "", ".lastTimestamp", 0},
                   {"Type", "string", "", "", ".type", 0},
                   {"Reason", "string", "", "", ".reason", 0},
                   {"Object", "string", "", "", ".involvedObject", 0},
                   {"Message", "string", "", "", ".message", 0}},
       .selectable_fields = {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
                             "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
                             "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"},
       .strategy = {.unconditional_update = true, .has_generation = false, .validate = validate_core_event}},
      {.group = "events.k8s.io",
       .version = "v1",
       .kind = "Event",
       .plural = "events",
       .singular = "event",
       .short_names = {"ev"},
       .schema = kNewEventSchema,
       .columns = {{"Last Seen", "date", "", "", ".deprecatedLastTimestamp", 0},
                   {"Type", "string", "", "", ".type", 0},
                   {"Reason", "string", "", "", ".reason", 0},
                   {"Object", "string", "", "", ".regarding", 0},
                   {"Message", "string", "", "", ".note", 0}},
       .selectable_fields = {"regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid",
                             "regarding.apiVersion", "regarding.resourceVersion", "regarding.fieldPath", "reason",
                             "reportingController", "type"},
       .strategy = {.unconditional_update = true, .has_generation = false, .validate = validate_new_event},
       .stored_as = {"", "Event"}},
  };
}

}  // namespace slipway::registry
