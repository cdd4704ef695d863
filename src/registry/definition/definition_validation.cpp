#include "registry/definition/definition_validation.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <string_view>

#include "meta/name_rules.h"
#include "meta/object.h"
#include "registry/definition/definition_status.h"
#include "registry/definition/schema_document.h"

namespace slipway::registry {

using data::Json;

namespace {

constexpr std::size_t kMaxSelectableFields = 8;
constexpr std::string_view kApproval = "api-approved.kubernetes.io";

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

void check_label(const Json& value, const std::string& path, FieldErrors& errors) {
  if (const std::string why = meta::dns_1035_label_problem(value.string_or_empty()); !why.empty())
    errors.push_back(invalid_value(path, value, why));
}

void check_names(const Json& names, const std::string& path, FieldErrors& errors) {
  for (const char* name : {"plural", "singular"})
    if (!names.text({name}).empty()) check_label(names[name], fmt::format("{}.{}", path, name), errors);
  for (const char* name : {"kind", "listKind"}) {
    const std::string& text = names.text({name});
    if (const std::string why = text.empty() ? "" : meta::dns_1035_label_problem(lower(text)); !why.empty())
      errors.push_back(invalid_value(fmt::format("{}.{}", path, name), text,
                                     "may have mixed case, but should otherwise match: " + why));
  }
  for (const char* list : {"shortNames", "categories"})
    for (std::size_t i = 0; i < names[list].items().size(); ++i)
      check_label(names[list].items()[i], fmt::format("{}.{}[{}]", path, list, i), errors);
  if (!names.text({"kind"}).empty() && names.text({"kind"}) == names.text({"listKind"}))
    errors.push_back(invalid_value(path + ".listKind", names["listKind"], "kind and listKind may not be the same"));
}

// Paths are told apart by their text only, as upstream does: ".a[0]" passes.
bool check_simple_path(const Json& value, const std::string& path, FieldErrors& errors) {
  if (value.string_or_empty().starts_with('.')) return true;
  errors.push_back(invalid_value(path, value, "must be a simple json path starting with ."));
  return false;
}

void check_columns(const Json& columns, const std::string& path, FieldErrors& errors) {
  constexpr std::string_view kTypes[] = {"boolean", "date", "integer", "number", "string"};
  constexpr std::string_view kTypesText = "must be one of boolean,date,integer,number,string";
  constexpr std::string_view kFormats[] = {"byte",  "date",  "date-time", "double",
                                           "float", "int32", "int64",     "password"};
  for (std::size_t i = 0; i < columns.items().size(); ++i) {
    const Json& column = columns.items()[i];
    const std::string here = fmt::format("{}[{}]", path, i);
    if (column.text({"name"}).empty()) errors.push_back(required_value(here + ".name"));
    const std::string& type = column.text({"type"});
    if (type.empty())
      errors.push_back(required_value(here + ".type", kTypesText));
    else if (std::ranges::find(kTypes, type) == std::end(kTypes))
      errors.push_back(invalid_value(here + ".type", type, kTypesText));
    const std::string& format = column.text({"format"});
    if (!format.empty() && std::ranges::find(kFormats, format) == std::end(kFormats))
      errors.push_back(invalid_value(here + ".format", format,
                                     "must be one of byte,date,date-time,double,float,int32,int64,password"));
    if (column.text({"jsonPath"}).empty())
      errors.push_back(required_value(here + ".JSONPath"));
    else
      check_simple_path(column["jsonPath"], here + ".JSONPath", errors);
  }
}

void check_scale_path(const Json& scale, const char* member, std::initializer_list<std::string_view> prefixes,
                      std::string_view where, const std::string& path, FieldErrors& errors) {
  const std::string here = fmt::format("{}.scale.{}", path, member);
  const std::string& text = scale.text({member});
  if (text.empty()) {
    if (std::string_view(member) != "labelSelectorPath") errors.push_back(required_value(here));
    return;
  }
  if (!check_simple_path(scale[member], here, errors)) return;
  if (std::ranges::none_of(prefixes, [&](std::string_view prefix) { return text.starts_with(prefix); }))
    errors.push_back(invalid_value(here, text, fmt::format("should be a json path under {}", where)));
}

void check_subresources(const Json& subresources, const std::string& path, FieldErrors& errors) {
  const Json& scale = subresources["scale"];
  if (scale.is_null()) return;
  check_scale_path(scale, "specReplicasPath", {".spec."}, ".spec", path, errors);
  check_scale_path(scale, "statusReplicasPath", {".status."}, ".status", path, errors);
  check_scale_path(scale, "labelSelectorPath", {".spec.", ".status."}, "either .spec or .status", path, errors);
}

// The schema that a selectable field's path leads to, or null with the reason.
const Json* find_field(const Json& schema, std::string_view path, std::string& why) {
  const Json* here = &schema;
  while (!path.empty()) {
    if (path.front() != '.' || path.find('[') != path.npos) {
      why = path.find('[') != path.npos ? "array notation is not allowed" : "expected . but got: " + std::string(path);
      return nullptr;
    }
    path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(name.size());
    here = &(*here)["properties"][name];
    if (here->is_null()) {
      why = "does not refer to a valid field";
      return nullptr;
    }
  }
  return here;
}

void check_selectable_fields(const Json& fields, const Json& schema, const std::string& path, FieldErrors& errors) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < fields.items().size(); ++i) {
    const Json& value = fields.items()[i]["jsonPath"];
    const std::string& text = value.string_or_empty();
    const std::string here = fmt::format("{}[{}].jsonPath", path, i);
    if (text.empty()) {
      errors.push_back(required_value(here));
      continue;
    }
    std::string why;
    const Json* field = find_field(schema, text, why);
    if (field == nullptr) {
      errors.push_back(invalid_value(here, value, "is an invalid path: " + why));
      continue;
    }
    if (text == ".metadata" || text.starts_with(".metadata."))
      errors.push_back(invalid_value(here, value, "must not point to fields in metadata"));
    const std::string& type = field->text({"type"});
    if (type != "string" && type != "boolean" && type != "integer")
      errors.push_back(invalid_value(here, value,
                                     "must point to a field of type string, boolean or integer. Enum string fields and "
                                     "strings with formats are allowed."));
    if (!seen.insert(text).second) errors.push_back(duplicate_value(here, value));
  }
  if (seen.size() > kMaxSelectableFields)
    errors.push_back(too_many(path, static_cast<std::int64_t>(seen.size()), kMaxSelectableFields));
}

void check_deprecation(const Json& version, const std::string& path, FieldErrors& errors) {
  const Json& warning = version["deprecationWarning"];
  if (warning.is_null()) return;
  const std::string here = path + ".deprecationWarning";
  const std::string& text = warning.string_or_empty();
  if (!version["deprecated"].bool_or(false))
    errors.push_back(invalid_value(here, warning, "can only be set for deprecated versions"));
  else if (text.empty())
    errors.push_back(invalid_value(here, warning, "must not be an empty string"));
  else if (text.size() > 256)
    errors.push_back(invalid_value(here, warning, "must be <= 256 characters long"));
  const auto control =
      std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (control != text.end())
    errors.push_back(invalid_value(
        here, warning,
        fmt::format("must only contain printable UTF-8 characters; non-printable character found at index {}",
                    control - text.begin())));
}

// A member of all versions, with the path under which upstream speaks of it: once under spec when they are all alike.
template <typename Check>
void for_each_distinct(const Json& versions, std::string_view member, std::string_view shared_name, Check check) {
  const auto& items = versions.items();
  if (items.empty()) return;
  const bool alike = std::ranges::all_of(items, [&](const Json& item) { return item[member] == items[0][member]; });
  if (alike) return check(items[0], fmt::format("spec.{}", shared_name));
  for (std::size_t i = 0; i < items.size(); ++i) check(items[i], fmt::format("spec.versions[{}].{}", i, member));
}

void check_versions(const Json& versions, FieldErrors& errors) {
  const auto& items = versions.items();
  std::set<std::string> names;
  bool unique = true;
  int storage = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string path = fmt::format("spec.versions[{}]", i);
    storage += items[i]["storage"].bool_or(false) ? 1 : 0;
    unique &= names.insert(items[i].text({"name"})).second;
    check_label(items[i]["name"].is_string() ? items[i]["name"] : Json(""), path + ".name", errors);
    if (items[i].get({"schema", "openAPIV3Schema"}).is_null())
      errors.push_back(required_value(path + ".schema.openAPIV3Schema"));
    check_deprecation(items[i], path, errors);
  }
  if (!unique) errors.push_back(invalid_value("spec.versions", versions, "must contain unique version names"));
  if (storage != 1)
    errors.push_back(
        invalid_value("spec.versions", versions, "must have exactly one version marked as storage version"));
  const bool any_status =
      std::ranges::any_of(items, [](const Json& item) { return item.get({"subresources", "status"}).is_object(); });
  for_each_distinct(versions, "schema", "validation", [&](const Json& version, const std::string& path) {
    const Json& schema = version.get({"schema", "openAPIV3Schema"});
    const bool shared = path == "spec.validation";
    const bool has_status = shared ? any_status : version.get({"subresources", "status"}).is_object();
    if (!schema.is_null()) validate_schema_document(schema, path + ".openAPIV3Schema", has_status, errors);
  });
  for_each_distinct(versions, "subresources", "subresources", [&](const Json& version, const std::string& path) {
    check_subresources(version["subresources"], path, errors);
  });
  for_each_distinct(versions, "additionalPrinterColumns", "additionalPrinterColumns",
                    [&](const Json& version, const std::string& path) {
                      check_columns(version["additionalPrinterColumns"], path, errors);
                    });
  for_each_distinct(
      versions, "selectableFields", "selectableFields", [&](const Json& version, const std::string& path) {
        check_selectable_fields(version["selectableFields"], version.get({"schema", "openAPIV3Schema"}), path, errors);
      });
}

void check_review_versions(const Json& versions, const std::string& path, FieldErrors& errors) {
  if (versions.empty()) return errors.push_back(required_value(path));
  std::set<std::string> seen;
  for (std::size_t i = 0; i < versions.items().size(); ++i) {
    const Json& version = versions.items()[i];
    const std::string here = fmt::format("{}[{}]", path, i);
    if (!seen.insert(version.string_or_empty()).second)
      errors.push_back(invalid_value(here, version, "duplicate version"));
    else
      check_label(version, here, errors);
  }
  if (!seen.contains("v1") && !seen.contains("v1beta1"))
    errors.push_back(invalid_value(path, versions, "must include at least one of v1, v1beta1"));
}

void check_webhook_url(const Json& value, const std::string& path, FieldErrors& errors) {
  const std::string& url = value.string_or_empty();
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme))
    errors.push_back(
        invalid_value(path, url, "'https' is the only allowed URL scheme; desired format: https://host[/path]"));
  const std::string_view rest = std::string_view(url).substr(std::min(url.size(), kScheme.size()));
  if (rest.empty() || rest.front() == '/')
    errors.push_back(invalid_value(path, url, "host must be specified; desired format: https://host[/path]"));
  if (rest.substr(0, rest.find('/')).find('@') != rest.npos)
    errors.push_back(invalid_value(path, url, "user information is not permitted in the URL"));
  for (const auto& [mark, name] : {std::pair{'#', "fragments"}, {'?', "query parameters"}})
    if (rest.find(mark) != rest.npos)
      errors.push_back(invalid_value(path, url, fmt::format("{} are not permitted in the URL", name)));
}

void check_conversion(const Json& conversion, FieldErrors& errors) {
  const std::string path = "spec.conversion";
  const std::string& strategy = conversion.text({"strategy"});
  const Json& webhook = conversion["webhook"];
  const Json& client = webhook["clientConfig"];
  const Json& reviews = webhook["conversionReviewVersions"];
  if (strategy != "None" && strategy != "Webhook") {
    errors.push_back(strategy.empty() ? required_value(path + ".strategy")
                                      : unsupported_value(path + ".strategy", strategy, {"None", "Webhook"}));
    return;
  }
  if (strategy == "None") {
    if (!client.is_null())
      errors.push_back(
          forbidden_value(path + ".webhookClientConfig", "should not be set when strategy is not set to Webhook"));
    if (!reviews.empty())
      errors.push_back(
          forbidden_value(path + ".conversionReviewVersions", "should not be set when strategy is not set to Webhook"));
    return;
  }
  const std::string client_path = path + ".webhookClientConfig";
  if (client.is_null()) {
    errors.push_back(required_value(client_path, "required when strategy is set to Webhook"));
  } else if (client["url"].is_null() == client["service"].is_null()) {
    errors.push_back(required_value(client_path, "exactly one of url or service is required"));
  } else if (!client["url"].is_null()) {
    check_webhook_url(client["url"], client_path + ".url", errors);
  } else {
    for (const char* member : {"name", "namespace"})
      if (client.text({"service", member}).empty())
        errors.push_back(required_value(fmt::format("{}.service.{}", client_path, member),
                                        fmt::format("service {} is required", member)));
  }
  check_review_versions(reviews, path + ".conversionReviewVersions", errors);
}

void check_approval(const Json& definition, const Json* old, FieldErrors& errors) {
  if (!is_protected_group(definition.text({"spec", "group"}))) return;
  const std::string approval = meta::annotation(definition, kApproval);
  const std::string path = fmt::format("metadata.annotations[{}]", kApproval);
  const auto state = [](const std::string& text) {
    return text.empty() ? 0 : text.starts_with("unapproved") ? 1 : text.find("://") != text.npos ? 2 : 3;
  };
  if (old != nullptr && state(meta::annotation(*old, kApproval)) == state(approval)) return;
  if (state(approval) == 0)
    errors.push_back(required_value(path, fmt::format("protected groups must have approval annotation \"{}\", see "
                                                      "https://github.com/kubernetes/enhancements/pull/1111",
                                                      kApproval)));
  else if (state(approval) == 3)
    errors.push_back(invalid_value(
        path, approval,
        fmt::format("protected groups must have approval annotation \"{}\" with either a URL or a reason starting with "
                    "\"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111",
                    kApproval)));
}

void check_stored_versions(const Json& definition, FieldErrors& errors) {
  const Json& stored = definition.get({"status", "storedVersions"});
  const Json& versions = definition.get({"spec", "versions"});
  const std::string path = "status.storedVersions";
  if (stored.empty()) return errors.push_back(invalid_value(path, stored, "must have at least one stored version"));
  for (const Json& version : versions.items())
    if (version["storage"].bool_or(false) && std::ranges::find(stored.items(), version["name"]) == stored.items().end())
      errors.push_back(invalid_value(path, stored, "must have the storage version " + version.text({"name"})));
  for (std::size_t i = 0; i < stored.items().size(); ++i) {
    const Json& name = stored.items()[i];
    if (std::ranges::any_of(versions.items(), [&](const Json& version) { return version["name"] == name; })) continue;
    errors.push_back(invalid_value(
        fmt::format("{}[{}]", path, i), name,
        fmt::format("missing from spec.versions; {0} was previously a storage version, and must remain in "
                    "spec.versions until a storage migration ensures no data remains persisted in {0} and removes {0} "
                    "from status.storedVersions",
                    name.string_or_empty())));
  }
}

void check_immutable(const Json& definition, const Json& old, FieldErrors& errors) {
  const auto check = [&](std::initializer_list<std::string_view> path, const std::string& text) {
    if (definition.get(path) != old.get(path))
      errors.push_back(invalid_value(text, definition.get(path), "field is immutable"));
  };
  if (is_condition_true(old, "Established")) {
    check({"spec", "scope"}, "spec.scope");
    check({"spec", "names", "kind"}, "spec.names.kind");
  }
  check({"spec", "group"}, "spec.group");
  check({"spec", "names", "plural"}, "spec.names.plural");
}

void check_group(const std::string& group, FieldErrors& errors) {
  if (group.empty())
    errors.push_back(required_value("spec.group"));
  else if (const std::string why = meta::dns_subdomain_problem(group); !why.empty())
    errors.push_back(invalid_value("spec.group", group, why));
  else if (group.find('.') == group.npos)
    errors.push_back(invalid_value("spec.group", group, "should be a domain with at least one dot"));
}

}  // namespace

void validate_definition(const Json& definition, const Json* old, FieldErrors& errors) {
  const Json& spec = definition["spec"];
  const Json& names = spec["names"];
  if (old == nullptr && meta::name(definition) != names.text({"plural"}) + "." + spec.text({"group"}))
    errors.push_back(
        invalid_value("metadata.name", meta::name(definition), "must be spec.names.plural+\".\"+spec.group"));
  check_group(spec.text({"group"}), errors);
  const std::string& scope = spec.text({"scope"});
  if (scope.empty())
    errors.push_back(required_value("spec.scope"));
  else if (scope != "Cluster" && scope != "Namespaced")
    errors.push_back(unsupported_value("spec.scope", scope, {"Cluster", "Namespaced"}));
  // Unchanged versions were looked at when they came: a rule added since must not keep them from being edited.
  if (old == nullptr || (*old)["spec"]["versions"] != spec["versions"]) check_versions(spec["versions"], errors);
  for (const char* name : {"plural", "singular", "kind", "listKind"})
    if (names.text({name}).empty()) errors.push_back(required_value(fmt::format("spec.names.{}", name)));
  check_names(names, "spec.names", errors);
  check_conversion(spec["conversion"], errors);
  if (old != nullptr) check_immutable(definition, *old, errors);
  check_stored_versions(definition, errors);
  check_approval(definition, old, errors);
  if (spec["preserveUnknownFields"].bool_or(false))
    errors.push_back(invalid_value("spec.preserveUnknownFields", true,
                                   "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
                                   "spec.versions[*].schema instead"));
}

}  // namespace slipway::registry
