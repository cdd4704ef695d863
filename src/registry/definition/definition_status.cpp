#include "registry/definition/definition_status.h"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <vector>

#include "meta/object.h"
#include "registry/definition/schema_document.h"
#include "registry/definition/unevaluated_rules.h"

namespace slipway::registry {

using data::Json;

namespace {

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

void insert_text(const Json& value, std::set<std::string>& out) {
  if (!value.string_or_empty().empty()) out.insert(value.string_or_empty());
}

struct Conflict {
  std::string reason;
  std::string message;
};

// Takes over each wanted name that nobody else holds (apiextensions-apiserver's naming controller). The last conflict.
Conflict accept_names(const Json& wanted, Json& accepted, const TakenNames& taken) {
  Conflict conflict;
  const auto accept = [&](const char* member, const std::set<std::string>& used, const char* reason) {
    const std::string& name = wanted.text({member});
    if (name != accepted.text({member}) && used.contains(name))
      conflict = {reason, fmt::format("\"{}\" is already in use", name)};
    else
      accepted.set(member, name);
  };
  accept("plural", taken.resources, "PluralConflict");
  accept("singular", taken.resources, "SingularConflict");
  std::vector<std::string> refused;
  const auto& mine = accepted["shortNames"].items();
  for (const Json& name : wanted["shortNames"].items())
    if (std::ranges::find(mine, name) == mine.end() && taken.resources.contains(name.string_or_empty()))
      refused.push_back(fmt::format("\"{}\" is already in use", name.string_or_empty()));
  if (!refused.empty())
    conflict = {"ShortNamesConflict", refused.size() == 1 ? refused[0] : fmt::format("[{}]", fmt::join(refused, ", "))};
  else if (wanted["shortNames"].empty())
    accepted.erase("shortNames");
  else
    accepted.set("shortNames", wanted["shortNames"]);
  accept("kind", taken.kinds, "KindConflict");
  accept("listKind", taken.kinds, "ListKindConflict");
  if (wanted["categories"].empty())
    accepted.erase("categories");
  else
    accepted.set("categories", wanted["categories"]);
  return conflict;
}

void add_storage_version(Json& definition) {
  for (const Json& version : definition.get({"spec", "versions"}).items()) {
    if (!version["storage"].bool_or(false)) continue;
    const auto& stored = definition.get({"status", "storedVersions"}).items();
    if (std::ranges::find(stored, version["name"]) == stored.end())
      definition.at({"status", "storedVersions"}).append(version["name"]);
    return;
  }
}

void update_approval(Json& definition, const std::string& now) {
  constexpr std::string_view kType = "KubernetesAPIApprovalPolicyConformant";
  if (!is_protected_group(definition.text({"spec", "group"}))) return remove_definition_condition(definition, kType);
  const std::string approval = meta::annotation(definition, "api-approved.kubernetes.io");
  if (approval.starts_with("unapproved"))
    set_definition_condition(definition, kType, "False", "UnapprovedAnnotation",
                             fmt::format("not approved: \"{}\"", approval), now);
  else
    set_definition_condition(definition, kType, "True", "ApprovedAnnotation", "approved in " + approval, now);
}

}  // namespace

void add_accepted_names(const Json& definition, TakenNames& taken) {
  const Json& names = definition.get({"status", "acceptedNames"});
  for (const char* member : {"plural", "singular"}) insert_text(names[member], taken.resources);
  for (const Json& name : names["shortNames"].items()) insert_text(name, taken.resources);
  for (const char* member : {"kind", "listKind"}) insert_text(names[member], taken.kinds);
}

void complete_definition(Json& definition) {
  if (!definition["spec"].is_object()) return;
  Json& spec = definition.at("spec");
  const std::string kind = spec.text({"names", "kind"});
  if (spec["names"].is_object()) {
    Json& names = spec.at("names");
    if (names.text({"singular"}).empty()) names.set("singular", lower(kind));
    if (names.text({"listKind"}).empty() && !kind.empty()) names.set("listKind", kind + "List");
  }
  if (spec["conversion"].is_null()) spec.set("conversion", Json::object({{"strategy", "None"}}));
  if (spec.get({"conversion", "webhook", "clientConfig", "service"}).is_object() &&
      spec.get({"conversion", "webhook", "clientConfig", "service", "port"}).is_null())
    spec.at({"conversion", "webhook", "clientConfig", "service"}).set("port", 443);
  if (spec["preserveUnknownFields"] == Json(false)) spec.erase("preserveUnknownFields");
  if (!spec["versions"].is_array()) return;
  for (Json& version : spec.at("versions").mutable_items())
    if (version.get({"schema", "openAPIV3Schema"}).is_object())
      normalize_schema_document(version.at({"schema", "openAPIV3Schema"}));
}

void update_definition_status(Json& definition, const TakenNames& taken, const std::string& now) {
  add_storage_version(definition);
  Json accepted = definition.get({"status", "acceptedNames"});
  if (!accepted.is_object()) accepted = Json::object({{"plural", ""}, {"kind", ""}});
  const Conflict conflict = accept_names(definition.get({"spec", "names"}), accepted, taken);
  definition.at("status").set("acceptedNames", std::move(accepted));
  if (conflict.reason.empty())
    set_definition_condition(definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
  else
    set_definition_condition(definition, "NamesAccepted", "False", conflict.reason, conflict.message, now);
  if (conflict.reason.empty())
    set_definition_condition(definition, "Established", "True", "InitialNamesAccepted",
                             "the initial names have been accepted", now);
  else if (!is_condition_true(definition, "Established"))
    set_definition_condition(definition, "Established", "False", "NotAccepted", "not all names are accepted", now);
  update_approval(definition, now);
}

void update_rules_condition(Json& definition, const std::string& now) {
  if (const std::string rules = describe_unevaluated_rules(definition); rules.empty())
    remove_definition_condition(definition, kRulesEvaluated);
  else
    set_definition_condition(definition, kRulesEvaluated, "False", "UnsupportedRules", rules, now);
}

void set_definition_condition(Json& definition, std::string_view type, std::string_view status, std::string_view reason,
                              std::string_view message, const std::string& now) {
  Json condition = Json::object({{"type", type}, {"status", status}, {"reason", reason}, {"message", message}});
  if (!definition["status"].is_object()) definition.set("status", Json::object());
  Json& conditions = definition.at({"status", "conditions"});
  const auto found =
      std::ranges::find_if(conditions.mutable_items(), [&](const Json& item) { return item.text({"type"}) == type; });
  const bool is_new = found == conditions.mutable_items().end();
  const bool moved = is_new || found->text({"status"}) != status || found->text({"lastTransitionTime"}).empty();
  condition.set("lastTransitionTime", moved ? now : found->text({"lastTransitionTime"}));
  if (is_new)
    conditions.append(std::move(condition));
  else
    *found = std::move(condition);
}

void remove_definition_condition(Json& definition, std::string_view type) {
  if (definition.get({"status", "conditions"}).empty()) return;
  std::erase_if(definition.at({"status", "conditions"}).mutable_items(),
                [&](const Json& item) { return item.text({"type"}) == type; });
}

bool is_condition_true(const Json& definition, std::string_view type) {
  return std::ranges::any_of(definition.get({"status", "conditions"}).items(), [&](const Json& item) {
    return item.text({"type"}) == type && item.text({"status"}) == "True";
  });
}

bool is_protected_group(std::string_view group) {
  return group == "k8s.io" || group.ends_with(".k8s.io") || group == "kubernetes.io" ||
         group.ends_with(".kubernetes.io");
}

}  // namespace slipway::registry
