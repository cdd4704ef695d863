#include <fmt/core.h>

#include "data/encoding.h"
#include "data/json_text.h"
#include "meta/object.h"
#include "registry/builtin_kind.h"
#include "registry/builtin_schemas.h"
#include "registry/object_metadata.h"

namespace slipway::registry {

using data::Json;

namespace {

constexpr std::size_t kMaxSecretBytes = 1u << 20;

constexpr std::string_view kServiceAccountSchema = R"({"type":"object","properties":{
  "secrets":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
    "x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"name",
    "items":{"type":"object","x-kubernetes-map-type":"atomic","properties":{"apiVersion":{"type":"string"},"kind":{"type":"string"},"name":{"type":"string"},
    "namespace":{"type":"string"},"uid":{"type":"string"},"resourceVersion":{"type":"string"},
    "fieldPath":{"type":"string"}}}},
  "imagePullSecrets":{"type":"array","x-kubernetes-list-type":"atomic","items":{"type":"object",
    "x-kubernetes-map-type":"atomic","properties":{"name":{"type":"string"}}}},
  "automountServiceAccountToken":{"type":"boolean","nullable":true}}})";

// What the kubelet reports is kept as it comes: nothing here reads it.
constexpr std::string_view kNodeSchema = R"({"type":"object","properties":{
  "spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{
    "podCIDR":{"type":"string"},
    "podCIDRs":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
    "providerID":{"type":"string"},"unschedulable":{"type":"boolean"},
    "taints":{"type":"array","x-kubernetes-list-type":"atomic","items":{"type":"object","required":["key","effect"],
      "properties":{"key":{"type":"string"},"value":{"type":"string"},"effect":{"type":"string"},
      "timeAdded":{"type":"string","format":"date-time","nullable":true}}}}}},
  "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{
    "phase":{"type":"string"},
    "capacity":{"type":"object","additionalProperties":{"x-kubernetes-int-or-string":true}},
    "allocatable":{"type":"object","additionalProperties":{"x-kubernetes-int-or-string":true}},
    "addresses":{"type":"array","x-kubernetes-list-type":"atomic",
      "x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"type","items":{"type":"object",
      "required":["type","address"],"properties":{"type":{"type":"string"},"address":{"type":"string"}}}},
    "conditions":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],
      "items":{"type":"object","required":["type"],"properties":{"type":{"type":"string"}},
        "x-kubernetes-preserve-unknown-fields":true}}}}}})";

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

// k8s.io/kubernetes/pkg/apis/core/validation ValidateSecret: what a Secret of a known type must hold.
void check_secret_type(const Json& object, FieldErrors& errors) {
  const std::string& type = object.text({"type"});
  const Json& data = object["data"];
  const auto require = [&](std::string_view key) {
    if (!data.contains(key)) errors.push_back(required_value(fmt::format("data[{}]", key)));
  };
  const auto require_json = [&](std::string_view key) {
    if (!data.contains(key)) return require(key);
    const auto text = data::base64_decode(data.text({key}));
    if (text && !data::parse_json(*text))
      errors.push_back(invalid_value(fmt::format("data[{}]", key), "<secret contents redacted>", "must be JSON"));
  };
  if (type == "kubernetes.io/service-account-token" &&
      meta::annotation(object, "kubernetes.io/service-account.name").empty())
    errors.push_back(required_value("metadata.annotations[kubernetes.io/service-account.name]"));
  if (type == "kubernetes.io/dockercfg") require_json(".dockercfg");
  if (type == "kubernetes.io/dockerconfigjson") require_json(".dockerconfigjson");
  if (type == "kubernetes.io/ssh-auth" && data.text({"ssh-privatekey"}).empty())
    errors.push_back(required_value("data[ssh-privatekey]"));
  if (type == "kubernetes.io/basic-auth" && !data.contains("username") && !data.contains("password"))
    for (const char* key : {"username", "password"}) require(key);
  if (type == "kubernetes.io/tls")
    for (const char* key : {"tls.crt", "tls.key"}) require(key);
}

void validate_secret(const Json& object, const Json* old, FieldErrors& errors) {
  std::size_t bytes = 0;
  check_keys(object["data"], "data", bytes, errors);
  // Not by the schema's format: its error would show the value.
  for (const auto& [key, value] : object["data"].members())
    if (!data::base64_decode(value.string_or_empty()))
      errors.push_back(invalid_type(fmt::format("data[{}]", key), "<secret>", "must be base64"));
  if (bytes / 4 * 3 > kMaxSecretBytes) errors.push_back(too_long("data", kMaxSecretBytes));
  check_secret_type(object, errors);
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
      errors.push_back(invalid_value(fmt::format("data[{}]", key), key, "duplicate of key present in binaryData"));
  if (bytes > kMaxSecretBytes) errors.push_back(too_long("[]", kMaxSecretBytes));
  if (old != nullptr) check_immutable(object, *old, {"data", "binaryData"}, errors);
}

// k8s.io/kubernetes/pkg/apis/core/validation ValidateNodeUpdate: what says where the machine is stays.
void validate_node(const Json& object, const Json* old, FieldErrors& errors) {
  if (old == nullptr) return;
  for (const char* field : {"providerID", "podCIDR"}) {
    const std::string& before = old->text({"spec", field});
    if (!before.empty() && object.text({"spec", field}) != before)
      errors.push_back(forbidden_value(fmt::format("spec.{}", field), "node updates may not change it once it is set"));
  }
}

}  // namespace

std::vector<BuiltinKind> core_kinds() {
  return {
      {.version = "v1",
       .kind = "Namespace",
       .plural = "namespaces",
       .singular = "namespace",
       .short_names = {"ns"},
       .namespaced = false,
       .has_status = true,
       .schema = kNamespaceSchema,
       .columns = {{"Status", "string", "", "", ".status.phase", 0}, kAgeColumn},
       .selectable_fields = {"status.phase"},
       .strategy = {.unconditional_update = true,
                    .has_generation = false,
                    .name = NameRule::kDnsLabel,
                    .prepare = prepare_namespace}},
      {.version = "v1",
       .kind = "Secret",
       .plural = "secrets",
       .singular = "secret",
       .schema = kSecretSchema,
       .columns = {{"Type", "string", "", "", ".type", 0}, {"Data", "string", "", "", ".data", 0}, kAgeColumn},
       .selectable_fields = {"type"},
       .strategy = {.unconditional_update = true,
                    .has_generation = false,
                    .prepare = prepare_secret,
                    .validate = validate_secret}},
      {.version = "v1",
       .kind = "ConfigMap",
       .plural = "configmaps",
       .singular = "configmap",
       .short_names = {"cm"},
       .schema = kConfigMapSchema,
       .columns = {{"Data", "string", "", "", ".data", 0}, kAgeColumn},
       .strategy = {.unconditional_update = true, .has_generation = false, .validate = validate_config_map}},
      {.version = "v1",
       .kind = "ServiceAccount",
       .plural = "serviceaccounts",
       .singular = "serviceaccount",
       .short_names = {"sa"},
       .schema = kServiceAccountSchema,
       .columns = {{"Secrets", "string", "", "", ".secrets", 0}, kAgeColumn},
       .strategy = {.unconditional_update = true, .has_generation = false}},
      {.version = "v1",
       .kind = "Node",
       .plural = "nodes",
       .singular = "node",
       .short_names = {"no"},
       .namespaced = false,
       .has_status = true,
       .schema = kNodeSchema,
       .columns = {{"Version", "string", "", "", ".status.nodeInfo.kubeletVersion", 0}, kAgeColumn},
       .selectable_fields = {"spec.unschedulable"},
       .strategy = {.unconditional_update = true, .has_generation = false, .validate = validate_node}},
  };
}

}  // namespace slipway::registry
