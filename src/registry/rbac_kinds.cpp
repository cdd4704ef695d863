#include <fmt/core.h>

#include "meta/name_rules.h"
#include "meta/selector.h"
#include "registry/builtin_kind.h"
#include "registry/rbac_schemas.h"

namespace slipway::registry {

using data::Json;

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

// Lists that are null are absent: an empty list of rules and none mean the same.
void drop_null(Json& object, std::string_view member) {
  if (object.contains(member) && object[member].is_null()) object.erase(member);
}

void prepare_role(Json& object, const Json*) {
  drop_null(object, "rules");
  drop_null(object, "aggregationRule");
}

void prepare_binding(Json& object, const Json*) {
  drop_null(object, "subjects");
  if (object.text({"roleRef", "apiGroup"}).empty()) object.at("roleRef").set("apiGroup", std::string(kGroup));
  if (!object.contains("subjects")) return;
  for (Json& subject : object.at("subjects").mutable_items()) {
    const std::string& kind = subject.text({"kind"});
    if (subject.text({"apiGroup"}).empty() && (kind == "User" || kind == "Group"))
      subject.set("apiGroup", std::string(kGroup));
  }
}

void validate_rule(const Json& rule, bool namespaced, const std::string& path, FieldErrors& errors) {
  if (rule["verbs"].empty()) errors.push_back(required_value(path + ".verbs", "verbs must contain at least one value"));
  const bool names_resources =
      !rule["apiGroups"].empty() || !rule["resources"].empty() || !rule["resourceNames"].empty();
  if (const Json& urls = rule["nonResourceURLs"]; !urls.empty()) {
    if (namespaced)
      errors.push_back(
          invalid_value(path + ".nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs"));
    if (names_resources)
      errors.push_back(invalid_value(path + ".nonResourceURLs", urls,
                                     "rules cannot apply to both regular resources and non-resource URLs"));
    return;
  }
  if (rule["apiGroups"].empty())
    errors.push_back(required_value(path + ".apiGroups", "resource rules must supply at least one api group"));
  if (rule["resources"].empty())
    errors.push_back(required_value(path + ".resources", "resource rules must supply at least one resource"));
}

void validate_rules(const Json& object, bool namespaced, FieldErrors& errors) {
  int index = 0;
  for (const Json& rule : object["rules"].items())
    validate_rule(rule, namespaced, fmt::format("rules[{}]", index++), errors);
}

void validate_role(const Json& object, const Json*, FieldErrors& errors) {
  validate_rules(object, true, errors);
}

void validate_cluster_role(const Json& object, const Json*, FieldErrors& errors) {
  validate_rules(object, false, errors);
  if (!object.contains("aggregationRule")) return;
  const Json& selectors = object["aggregationRule"]["clusterRoleSelectors"];
  constexpr std::string_view kPath = "aggregationRule.clusterRoleSelectors";
  if (selectors.empty())
    errors.push_back(required_value(kPath, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
  int index = 0;
  for (const Json& selector : selectors.items()) {
    const std::string path = fmt::format("{}[{}]", kPath, index++);
    bool valid = meta::LabelSelector::from_json(selector).has_value();
    for (const auto& [key, value] : selector["matchLabels"].members()) {
      const std::string why = meta::qualified_name_problem(key);
      if (!why.empty()) errors.push_back(invalid_value(path + ".matchLabels", key, why));
      valid &= why.empty();
    }
    if (!valid) errors.push_back(invalid_value(path, Json(), "invalid label selector."));
  }
}

void validate_subject(const Json& subject, bool namespaced, const std::string& path, FieldErrors& errors) {
  const std::string& name = subject.text({"name"});
  const std::string& group = subject.text({"apiGroup"});
  const std::string& kind = subject.text({"kind"});
  if (name.empty()) errors.push_back(required_value(path + ".name"));
  if (kind == "ServiceAccount") {
    if (const std::string why = name.empty() ? "" : meta::dns_subdomain_problem(name); !why.empty())
      errors.push_back(invalid_value(path + ".name", name, why));
    if (!group.empty()) errors.push_back(unsupported_value(path + ".apiGroup", group, {""}));
    if (!namespaced && subject.text({"namespace"}).empty()) errors.push_back(required_value(path + ".namespace"));
  } else if (kind == "User" || kind == "Group") {
    if (group != kGroup) errors.push_back(unsupported_value(path + ".apiGroup", group, {kGroup}));
  } else {
    errors.push_back(unsupported_value(path + ".kind", kind, {"ServiceAccount", "User", "Group"}));
  }
}

void validate_any_binding(const Json& object, const Json* old, bool namespaced, FieldErrors& errors) {
  const Json& role = object["roleRef"];
  if (role.text({"apiGroup"}) != kGroup)
    errors.push_back(unsupported_value("roleRef.apiGroup", role["apiGroup"], {kGroup}));
  const std::string& kind = role.text({"kind"});
  if (kind != "ClusterRole" && !(namespaced && kind == "Role"))
    errors.push_back(
        unsupported_value("roleRef.kind", kind,
                          namespaced ? std::vector<Json>{"Role", "ClusterRole"} : std::vector<Json>{"ClusterRole"}));
  const std::string& name = role.text({"name"});
  if (name.empty()) {
    errors.push_back(required_value("roleRef.name"));
  } else if (const std::string why = meta::path_segment_problem(name); !why.empty()) {
    errors.push_back(invalid_value("roleRef.name", name, why));
  }
  int index = 0;
  for (const Json& subject : object["subjects"].items())
    validate_subject(subject, namespaced, fmt::format("subjects[{}]", index++), errors);
  if (old != nullptr && (*old)["roleRef"] != role)
    errors.push_back(invalid_value("roleRef", role, "cannot change roleRef"));
}

void validate_role_binding(const Json& object, const Json* old, FieldErrors& errors) {
  validate_any_binding(object, old, true, errors);
}

void validate_cluster_role_binding(const Json& object, const Json* old, FieldErrors& errors) {
  validate_any_binding(object, old, false, errors);
}

}  // namespace

std::vector<BuiltinKind> rbac_kinds() {
  const PrinterColumn created{
      "Created At", "string", "", "When the object was made.", ".metadata.creationTimestamp", 0};
  const auto row = [&](std::string kind, std::string singular, bool namespaced, std::string_view schema, auto prepare,
                       auto validate) {
    return BuiltinKind{.group = std::string(kGroup),
                       .version = "v1",
                       .kind = std::move(kind),
                       .plural = singular + "s",
                       .singular = singular,
                       .namespaced = namespaced,
                       .schema = schema,
                       .columns = {created},
                       .strategy = {.unconditional_update = true,
                                    .has_generation = false,
                                    .name = NameRule::kPathSegment,
                                    .prepare = prepare,
                                    .validate = validate}};
  };
  return {
      row("Role", "role", true, kRoleSchema, prepare_role, validate_role),
      row("RoleBinding", "rolebinding", true, kRoleBindingSchema, prepare_binding, validate_role_binding),
      row("ClusterRole", "clusterrole", false, kClusterRoleSchema, prepare_role, validate_cluster_role),
      row("ClusterRoleBinding", "clusterrolebinding", false, kClusterRoleBindingSchema, prepare_binding,
          validate_cluster_role_binding),
  };
}

}  // namespace slipway::registry
