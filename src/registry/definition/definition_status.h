#pragma once

#include <set>
#include <string>
#include <string_view>

#include "data/json.h"

// The status of a CustomResourceDefinition and the defaults of its spec. Pure.
namespace slipway::registry {

inline constexpr std::string_view kCleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

// The names that the other definitions of a group hold already.
struct TakenNames {
  std::set<std::string> resources;  // plural, singular, short names
  std::set<std::string> kinds;      // kinds and list kinds
};
void add_accepted_names(const data::Json& definition, TakenNames& taken);

// Defaults of the spec (singular, listKind, conversion), unknown keywords of its schemas dropped.
void complete_definition(data::Json& definition);

// acceptedNames, storedVersions and the conditions NamesAccepted, Established and KubernetesAPIApprovalPolicyConformant
// for what spec says, beside `taken`. `now`: RFC 3339, for conditions that change.
void update_definition_status(data::Json& definition, const TakenNames& taken, const std::string& now);

// The condition ValidationRulesEvaluated, which is there when it is False: it names rules that are not evaluated.
inline constexpr std::string_view kRulesEvaluated = "ValidationRulesEvaluated";
void update_rules_condition(data::Json& definition, const std::string& now);

// Adds the condition, or changes it; lastTransitionTime moves with the status.
void set_definition_condition(data::Json& definition, std::string_view type, std::string_view status,
                              std::string_view reason, std::string_view message, const std::string& now);
void remove_definition_condition(data::Json& definition, std::string_view type);
bool is_condition_true(const data::Json& definition, std::string_view type);

// "k8s.io", "*.k8s.io", "kubernetes.io", "*.kubernetes.io": need an approval annotation.
bool is_protected_group(std::string_view group);

}  // namespace slipway::registry
