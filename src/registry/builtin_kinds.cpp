#include "registry/builtin_kinds.h"

#include <fmt/core.h>
#include <memory>

#include "data/encoding.h"
#include "data/json_text.h"
#include "meta/object.h"
#include "registry/builtin_schemas.h"
#include "registry/object_metadata.h"
#include "registry/rbac_kinds.h"
#include "registry/schema.h"

namespace slipway::registry {

using data::Json;

namespace {

constexpr std::size_t kMaxSecretBytes = 1u << 20;

void prepare_namespace(Json& object, const Json* old) {
  // spec.finalizers changes only through the finalize subresource.
  object.set("spec", old != nullptr ? (*old)["spec"] : Json::object({{"finalizers", Json::array({"kubernetes"})}}));
  object.at("status").set("phase", old != nullptr && meta::is_deleting(*old) ? "Terminating" : "Active");
  meta::set_label(object, "kubernetes.io/metadata.name", meta::name(object));
}

void prepare_secret(Json& object, const Json*) {
  for (const auto& [key, value] : object["stringData"].members())
    object.at("data").set(key, data::base64_encode(value.string_or_empty()));
  object.erase("stringData");
  if (object.text({"type"}).empty()) object.set("type", "Opaque");
}

void check_keys(const Json& map, std::string_view path, std::size_t& bytes, FieldErrors& errors) {
  for (const auto& [key, value] : map.members()) {
    bytes += value.string_or_empty().size();
    if (const std::string why = config_key_problem(key); !why.empty())
      errors.push_back(invalid_value(fmt::format("{}[{}]", path, key), key, why));
  }
}

// Data under `immutable: true` stays as it is, and so does the flag.
void check_immutable(const Json& object, const Json& old, std::initializer_list<std::string_view> members,
                     FieldErrors& errors) {
  if (!old["immutable"].bool_or(false)) return;
  if (!object["immutable"].bool_or(false))
    errors.push_back(forbidden_value("immutable", "field is immutable when `immutable` is set"));
  for (const std::string_view member : members)
    if (object[member] != old[member])
      errors.push_back(forbidden_value(member, "field is immutable when `immutable` is set"));
}

void validate_secret(const Json& object, const Json* old, FieldErrors& errors) {
  std::size_t bytes = 0;
  check_keys(object["data"], "data", bytes, errors);
  // Not by the schema's format: its error would show the value.
  for (const auto& [key, value] : object["data"].members())
    if (!data::base64_decode(value.string_or_empty()))
      errors.push_back(invalid_value(fmt::format("data[{}]", key), "<secret>", "must be base64"));
  if (bytes / 4 * 3 > kMaxSecretBytes) errors.push_back(too_long("data", kMaxSecretBytes));
  if (old == nullptr) return;
  if (object.text({"type"}) != old->text({"type"}))
    errors.push_back(invalid_value("type", object["type"], "field is immutable"));
  check_immutable(object, *old, {"data"}, errors);
}

void validate_config_map(const Json& object, const Json* old, FieldErrors& errors) {
  std::size_t bytes = 0;
  check_keys(object["data"], "data", bytes, errors);
  check_keys(object["binaryData"], "binaryData", bytes, errors);
  for (const auto& [key, value] : object["data"].members())
    if (object["binaryData"].contains(key))
      errors.push_back(invalid_value(fmt::format("binaryData[{}]", key), key, "duplicate of key present in data"));
  if (bytes > kMaxSecretBytes) errors.push_back(too_long("", kMaxSecretBytes));
  if (old != nullptr) check_immutable(object, *old, {"data", "binaryData"}, errors);
}

void validate_event(const Json& object, const Json*, FieldErrors& errors) {
  const std::string& involved = object.text({"involvedObject", "namespace"});
  // Events about cluster-scoped objects live in "default".
  if (involved != meta::ns(object) && !(involved.empty() && meta::ns(object) == "default"))
    errors.push_back(invalid_value("involvedObject.namespace", involved, "does not match event.namespace"));
}

void validate_lease(const Json& object, const Json*, FieldErrors& errors) {
  for (const auto& [name, least] : {std::pair{"leaseDurationSeconds", 1}, {"leaseTransitions", 0}}) {
    const Json& value = object.get({"spec", name});
    if (!value.is_null() && value.integer_or(least) < least)
      errors.push_back(invalid_value(fmt::format("spec.{}", name), value,
                                     least == 1 ? "must be greater than 0" : "must be greater than or equal to 0"));
  }
}

const PrinterColumn kAge{"Age", "date", "", "", ".metadata.creationTimestamp", 0};

}  // namespace

void add_builtin_kind(ResourceCatalog& catalog, const BuiltinKind& kind) {
  auto resource = std::make_unique<ResourceInfo>();
  resource->group = kind.group;
  resource->kind = kind.kind;
  resource->list_kind = kind.kind + "List";
  resource->plural = kind.plural;
  resource->singular = kind.singular;
  resource->short_names = kind.short_names;
  resource->namespaced = kind.namespaced;
  resource->storage_version = "v1";
  auto version = std::make_unique<ResourceVersionInfo>();
  version->resource = resource.get();
  version->version = "v1";
  version->has_status = kind.has_status;
  version->columns = kind.columns;
  version->selectable_fields = kind.selectable_fields;
  // The texts above are ours: that they compile is a test, not a condition at run time.
  if (auto json = data::parse_json(kind.schema)) {
    if (auto schema = StructuralSchema::compile(*json)) version->schema = *schema;
    version->set_schema_document(*json);
  }
  resource->versions.push_back(std::move(version));
  catalog.add(std::move(resource));
}

bool is_protected_namespace(std::string_view name) {
  return name == "default" || name == "kube-system";
}

void add_builtin_kinds(ResourceCatalog& catalog, std::map<meta::GroupKind, KindStrategy>& strategies) {
  add_builtin_kind(catalog, {"",
                             "Namespace",
                             "namespaces",
                             "namespace",
                             {"ns"},
                             false,
                             true,
                             kNamespaceSchema,
                             {{"Status", "string", "", "", ".status.phase", 0}, kAge},
                             {"status.phase"}});
  add_builtin_kind(catalog, {"",
                             "Secret",
                             "secrets",
                             "secret",
                             {},
                             true,
                             false,
                             kSecretSchema,
                             {{"Type", "string", "", "", ".type", 0}, {"Data", "string", "", "", ".data", 0}, kAge},
                             {"type"}});
  add_builtin_kind(catalog, {"",
                             "ConfigMap",
                             "configmaps",
                             "configmap",
                             {"cm"},
                             true,
                             false,
                             kConfigMapSchema,
                             {{"Data", "string", "", "", ".data", 0}, kAge},
                             {}});
  add_builtin_kind(catalog, {"",
                             "Event",
                             "events",
                             "event",
                             {"ev"},
                             true,
                             false,
                             kEventSchema,
                             {{"Last Seen", "date", "", "", ".lastTimestamp", 0},
                              {"Type", "string", "", "", ".type", 0},
                              {"Reason", "string", "", "", ".reason", 0},
                              {"Object", "string", "", "", ".involvedObject", 0},
                              {"Message", "string", "", "", ".message", 0}},
                             {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
                              "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
                              "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"}});
  add_builtin_kind(catalog, {"coordination.k8s.io",
                             "Lease",
                             "leases",
                             "lease",
                             {},
                             true,
                             false,
                             kLeaseSchema,
                             {{"Holder", "string", "", "", ".spec.holderIdentity", 0}, kAge},
                             {}});
  strategies[{"", "Namespace"}] = {true, false, NameRule::kDnsLabel, prepare_namespace, {}};
  strategies[{"", "Secret"}] = {true, false, NameRule::kDnsSubdomain, prepare_secret, validate_secret};
  strategies[{"", "ConfigMap"}] = {true, false, NameRule::kDnsSubdomain, {}, validate_config_map};
  strategies[{"", "Event"}] = {true, false, NameRule::kDnsSubdomain, {}, validate_event};
  strategies[{"coordination.k8s.io", "Lease"}] = {false, false, NameRule::kDnsSubdomain, {}, validate_lease};
  add_rbac_kinds(catalog, strategies);
}

}  // namespace slipway::registry
