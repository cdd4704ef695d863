#include "apiserver/authorization/default_policy.h"

#include <algorithm>
#include <fmt/core.h>

#include "api/embedded_file.h"
#include "apiserver/authorization/policy_rule.h"
#include "data/yaml.h"
#include "meta/object.h"

extern "C" {
extern const slipway::api::EmbeddedFile slipway_default_policy_begin[];
}

namespace slipway::apiserver {

using base::ErrorCode;
using data::Json;

namespace {

constexpr const char* kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

Json make(const char* kind, const std::string& name) {
  Json object = meta::make_object({kGroup, "v1", kind}, {"", name});
  meta::set_label(object, "kubernetes.io/bootstrapping", "rbac-defaults");
  meta::set_annotation(object, kAutoUpdate, "true");
  return object;
}

Json cluster_role(const Json& entry) {
  Json role = make("ClusterRole", entry.text({"name"}));
  for (const auto& [key, value] : entry["labels"].members()) meta::set_label(role, key, value.string_or_empty());
  if (const std::string& target = entry.text({"aggregate"}); !target.empty()) {
    const Json labels = Json::object({{fmt::format("{}/aggregate-to-{}", kGroup, target), "true"}});
    role.at({"aggregationRule", "clusterRoleSelectors"}).append(Json::object({{"matchLabels", labels}}));
  } else {
    role.set("rules", entry["rules"]);
  }
  return role;
}

Json cluster_role_binding(const Json& entry) {
  const std::string& role = entry.text({"role"});
  Json binding = make("ClusterRoleBinding", role);
  binding.set("roleRef", Json::object({{"apiGroup", kGroup}, {"kind", "ClusterRole"}, {"name", role}}));
  for (const Json& group : entry["groups"].items())
    binding.at("subjects").append(Json::object({{"apiGroup", kGroup}, {"kind", "Group"}, {"name", group}}));
  return binding;
}

// Appends to object[path] the items of `wanted` that are not there.
void append_missing(Json& object, std::initializer_list<std::string_view> path, const Json& wanted) {
  for (const Json& item : wanted.items()) {
    const auto& present = object.get(path).items();
    if (std::ranges::find(present, item) == present.end()) object.at(path).append(item);
  }
}

base::Status write(registry::Registry& registry, const Json& expected) {
  constexpr int kAttempts = 3;  // somebody may make or delete it at the same time
  const meta::Gvk gvk = SLIPWAY_TRY(meta::gvk_of(expected));
  const auto resource = registry.catalog().find_kind(gvk);
  for (int attempt = 1;; ++attempt) {
    const auto present = registry.get(*resource, meta::key_of(expected));
    base::Status written;
    if (present) {
      const std::optional<Json> wanted = reconciled(**present, expected);
      if (!wanted) return {};
      if (const auto updated = registry.update(*resource, *wanted); !updated) written = updated.error();
    } else if (present.error().code() == ErrorCode::kNotFound) {
      if (const auto created = registry.create(*resource, expected); !created) written = created.error();
    } else {
      return present.error();
    }
    if (written || attempt == kAttempts) return written;
    const ErrorCode code = written.error().code();
    if (code != ErrorCode::kNotFound && code != ErrorCode::kAlreadyExists && code != ErrorCode::kConflict)
      return written;
  }
}

}  // namespace

base::Result<std::vector<Json>> default_policy() {
  const Json policy =
      SLIPWAY_TRY(data::parse_yaml(slipway_default_policy_begin[0].content()).with_context("default_policy.yaml"));
  std::vector<Json> objects;
  for (const Json& entry : policy["clusterRoles"].items()) objects.push_back(cluster_role(entry));
  for (const Json& entry : policy["clusterRoleBindings"].items()) objects.push_back(cluster_role_binding(entry));
  return objects;
}

std::optional<Json> reconciled(const Json& present, const Json& expected) {
  if (meta::annotation(present, kAutoUpdate) == "false") return std::nullopt;
  Json object = present;
  for (const std::string_view map : {"labels", "annotations"})
    for (const auto& [key, value] : expected["metadata"][map].members())
      if (!present["metadata"][map].contains(key)) object.at({"metadata", map}).set(key, value);
  const auto missing = compact_rules(uncovered_rules(policy_rules_of(present), policy_rules_of(expected)));
  const Json rules = rules_json(missing);
  for (const Json& rule : rules.items()) object.at("rules").append(rule);
  if (expected.contains("aggregationRule"))
    append_missing(object, {"aggregationRule", "clusterRoleSelectors"},
                   expected.get({"aggregationRule", "clusterRoleSelectors"}));
  else
    object.erase("aggregationRule");
  append_missing(object, {"subjects"}, expected["subjects"]);
  if (object == present) return std::nullopt;
  return object;
}

base::Status write_default_policy(registry::Registry& registry) {
  const std::vector<Json> objects = SLIPWAY_TRY(default_policy());
  for (const Json& object : objects)
    SLIPWAY_TRY(
        write(registry, object).with_context(fmt::format("default {} {}", object.text({"kind"}), meta::name(object))));
  return {};
}

}  // namespace slipway::apiserver
