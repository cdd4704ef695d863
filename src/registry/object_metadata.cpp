#include "registry/object_metadata.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "meta/name_rules.h"
#include "meta/object.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

constexpr std::size_t kMaxAnnotationBytes = 256u << 10;
constexpr std::size_t kMaxGeneratedBase = 58;  // leaves five characters of 63

enum class Shape { kString, kTime, kInteger, kStringMap, kStringList, kObjectList };

struct Member {
  std::string_view name;
  Shape shape;
};

constexpr std::array kMembers = {
    Member{"annotations", Shape::kStringMap},
    Member{"creationTimestamp", Shape::kTime},
    Member{"deletionGracePeriodSeconds", Shape::kInteger},
    Member{"deletionTimestamp", Shape::kTime},
    Member{"finalizers", Shape::kStringList},
    Member{"generateName", Shape::kString},
    Member{"generation", Shape::kInteger},
    Member{"labels", Shape::kStringMap},
    Member{"name", Shape::kString},
    Member{"namespace", Shape::kString},
    Member{"ownerReferences", Shape::kObjectList},
    Member{"resourceVersion", Shape::kString},
    Member{"uid", Shape::kString},
};

bool has_shape(const Json& value, Shape shape) {
  const auto all_strings = [](const auto& range, auto get) {
    return std::ranges::all_of(range, [&](const auto& item) { return get(item).is_string(); });
  };
  switch (shape) {
    case Shape::kString:
      return value.is_string();
    case Shape::kTime:
      return value.is_string() && base::parse_rfc3339(value.string_or_empty()).has_value();
    case Shape::kInteger:
      return value.is_integer();
    case Shape::kStringMap:
      return value.is_object() &&
             all_strings(value.members(), [](const auto& item) -> const Json& { return item.second; });
    case Shape::kStringList:
      return value.is_array() && all_strings(value.items(), [](const auto& item) -> const Json& { return item; });
    case Shape::kObjectList:
      return value.is_array() && std::ranges::all_of(value.items(), [](const Json& item) { return item.is_object(); });
  }
  return false;
}

std::string_view shape_name(Shape shape) {
  switch (shape) {
    case Shape::kString:
      return "a string";
    case Shape::kTime:
      return "an RFC 3339 time";
    case Shape::kInteger:
      return "an integer";
    case Shape::kStringMap:
      return "a map of strings to strings";
    case Shape::kStringList:
      return "a list of strings";
    case Shape::kObjectList:
      return "a list of objects";
  }
  return "";
}

void validate_owners(const Json& metadata, FieldErrors& errors) {
  constexpr std::string_view kPath = "metadata.ownerReferences";
  std::string controller;
  const auto& owners = metadata["ownerReferences"].items();
  for (std::size_t i = 0; i < owners.size(); ++i) {
    for (const std::string_view member : {"apiVersion", "kind", "name", "uid"})
      if (owners[i].text({member}).empty() ||
          (member == "apiVersion" && std::ranges::count(owners[i].text({member}), '/') > 1))
        errors.push_back(invalid_value(fmt::format("{}.{}", kPath, member), owners[i].text({member}),
                                       member == "apiVersion" ? "version must not be empty" : "must not be empty"));
    if (owners[i].text({"apiVersion"}) == "v1" && owners[i].text({"kind"}) == "Event")
      errors.push_back(invalid_value(kPath, owners[i], "/v1, Kind=Event is disallowed from being an owner"));
    if (!owners[i]["controller"].bool_or(false)) continue;
    const std::string name = owners[i].text({"kind"}) + "/" + owners[i].text({"name"});
    if (!controller.empty())
      errors.push_back(invalid_value(
          kPath, metadata["ownerReferences"],
          fmt::format("Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
                      controller, name)));
    controller = name;
  }
}

void validate_maps(const Json& metadata, FieldErrors& errors) {
  for (const auto& [key, value] : metadata["labels"].members()) {
    if (const std::string why = meta::qualified_name_problem(key); !why.empty())
      errors.push_back(invalid_value("metadata.labels", key, why));
    if (const std::string why = meta::label_value_problem(value.string_or_empty()); !why.empty())
      errors.push_back(invalid_value("metadata.labels", value, why));
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : metadata["annotations"].members()) {
    bytes += key.size() + value.size();
    std::string lower = key;
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    if (const std::string why = meta::qualified_name_problem(lower); !why.empty())
      errors.push_back(invalid_value("metadata.annotations", key, why));
  }
  if (bytes > kMaxAnnotationBytes) errors.push_back(too_long("metadata.annotations", kMaxAnnotationBytes));
}

void validate_finalizers(const Json& metadata, FieldErrors& errors) {
  bool orphan = false, foreground = false;
  for (const Json& item : metadata["finalizers"].items()) {
    orphan |= item.string_or_empty() == "orphan";
    foreground |= item.string_or_empty() == "foregroundDeletion";
    if (const std::string why = meta::qualified_name_problem(item.string_or_empty()); !why.empty())
      errors.push_back(invalid_value("metadata.finalizers", item, why));
  }
  if (orphan && foreground)
    errors.push_back(invalid_value("metadata.finalizers", metadata["finalizers"],
                                   "finalizer orphan and foregroundDeletion cannot be both set"));
}

}  // namespace

base::Status normalize_metadata(Json& object) {
  Json& metadata = object.at("metadata");
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) return fail(ErrorCode::kBadRequest, "metadata must be an object");
  Json kept = Json::object();
  for (const Member& member : kMembers) {
    const Json& value = metadata[member.name];
    if (value.is_null()) continue;
    if (!has_shape(value, member.shape))
      return fail(ErrorCode::kBadRequest, fmt::format("metadata.{} must be {}", member.name, shape_name(member.shape)));
    if (value.empty() && member.shape != Shape::kInteger) continue;
    kept.set(member.name, std::move(metadata.at(member.name)));
  }
  metadata = std::move(kept);
  return {};
}

void stamp_new_metadata(Json& object, base::Clock& clock, base::Random& random, bool has_generation) {
  Json& metadata = object.at("metadata");
  for (const std::string_view name : {"deletionTimestamp", "deletionGracePeriodSeconds", "generation"})
    metadata.erase(name);
  if (metadata.text({"name"}).empty() && !metadata.text({"generateName"}).empty())
    metadata.set("name", metadata.text({"generateName"}).substr(0, kMaxGeneratedBase) + random.name_suffix());
  metadata.set("uid", random.uuid());
  metadata.set("creationTimestamp", base::format_rfc3339(clock.now()));
  if (has_generation) metadata.set("generation", 1);
}

void carry_over_metadata(Json& object, const Json& old) {
  Json& metadata = object.at("metadata");
  const Json& before = old["metadata"];
  for (const std::string_view name : {"creationTimestamp", "generation"}) {
    if (before.contains(name))
      metadata.set(name, before[name]);
    else
      metadata.erase(name);
  }
  for (const std::string_view name : {"uid", "deletionGracePeriodSeconds", "generateName"})
    if (!metadata.contains(name) && before.contains(name)) metadata.set(name, before[name]);
  if (before.contains("deletionTimestamp")) metadata.set("deletionTimestamp", before["deletionTimestamp"]);
}

namespace {
std::string name_problem(std::string_view name, NameRule rule) {
  switch (rule) {
    case NameRule::kDnsSubdomain:
      return meta::dns_subdomain_problem(name);
    case NameRule::kDnsLabel:
      return meta::dns_label_problem(name);
    case NameRule::kPathSegment:
      return meta::path_segment_problem(name);
  }
  return {};
}

// A name that begins like this may go on after a dash.
std::string as_whole_name(std::string base) {
  if (base.size() > 1 && base.back() == '-') base.replace(base.size() - 2, 2, "a");
  return base;
}

bool is_standard_finalizer(std::string_view name) {
  return name == "kubernetes" || name == "orphan" || name == "foregroundDeletion";
}
}  // namespace

void validate_finalizer_names(const Json& finalizers, std::string_view path, FieldErrors& errors) {
  std::size_t index = 0;
  for (const Json& item : finalizers.items()) {
    const std::string& name = item.string_or_empty();
    if (name.find('/') == name.npos && !is_standard_finalizer(name))
      errors.push_back(invalid_value(fmt::format("{}[{}]", path, index), item,
                                     "name is neither a standard finalizer name nor is it fully qualified"));
    ++index;
  }
}

std::vector<std::string> unknown_metadata_fields(const Json& object) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : object["metadata"].members()) {
    const auto is_name = [&name](const Member& member) { return member.name == name; };
    if (std::ranges::none_of(kMembers, is_name) && name != "managedFields" && name != "selfLink")
      unknown.push_back("metadata." + name);
  }
  return unknown;
}

void validate_metadata(const Json& object, NameRule name_rule, FieldErrors& errors) {
  const Json& metadata = object["metadata"];
  const std::string& name = metadata.text({"name"});
  if (name.empty()) {
    errors.push_back(required_value("metadata.name", "name or generateName is required"));
  } else if (const std::string why = name_problem(name, name_rule); !why.empty()) {
    errors.push_back(invalid_value("metadata.name", name, why));
  }
  if (const std::string& base = metadata.text({"generateName"}); !base.empty())
    if (const std::string why = name_problem(as_whole_name(base), name_rule); !why.empty())
      errors.push_back(invalid_value("metadata.generateName", base, why));
  if (const std::string& ns = metadata.text({"namespace"}); !ns.empty())
    if (const std::string why = meta::dns_label_problem(ns); !why.empty())
      errors.push_back(invalid_value("metadata.namespace", ns, why));
  validate_maps(metadata, errors);
  validate_owners(metadata, errors);
  validate_finalizers(metadata, errors);
}

void validate_metadata_update(const Json& object, const Json& old, FieldErrors& errors) {
  const Json& metadata = object["metadata"];
  const Json& before = old["metadata"];
  for (const std::string_view name :
       {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    if (metadata[name] != before[name])
      errors.push_back(invalid_value(fmt::format("metadata.{}", name), metadata[name], "field is immutable"));
  }
  if (!meta::is_deleting(old)) return;
  std::string added;
  for (const Json& item : metadata["finalizers"].items())
    if (!meta::has_finalizer(old, item.string_or_empty()))
      added += fmt::format("{}\"{}\"", added.empty() ? "" : ", ", item.string_or_empty());
  if (!added.empty())
    errors.push_back(forbidden_value(
        "metadata.finalizers",
        fmt::format(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            added)));
}

std::string config_key_problem(std::string_view key) {
  if (key.size() > 253) return "must be no more than 253 characters";
  if (key == "." || key == "..") return fmt::format("must not be '{}'", key);
  if (key.starts_with("..")) return "must not start with '..'";
  const bool fits = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (fits) return "";
  return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
         "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
}

}  // namespace slipway::registry
