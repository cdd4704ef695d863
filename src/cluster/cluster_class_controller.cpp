#include <fmt/core.h>

#include "api/cluster/cluster.h"
#include "cluster/cluster_controllers.h"
#include "cluster/json_patches.h"
#include "cluster/provider_contract.h"
#include "cluster/variables.h"
#include "control/object_patch.h"
#include "meta/conditions.h"

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;
using control::Outcome;
using meta::ConditionStatus;
using meta::ObjectKey;
namespace words = api::cluster;

namespace {

std::string text_of(const FieldErrors& errors) {
  std::string text;
  for (const base::FieldError& error : errors) text += (text.empty() ? "" : ", ") + error.field + ": " + error.message;
  return text;
}

// Whether the templates are referred to by the version that is read and written here.
meta::Condition reference_versions(const Json& cluster_class) {
  meta::Condition result{.type = std::string(words::condition::kRefVersionsUpToDate),
                         .status = ConditionStatus::kTrue,
                         .reason = "RefVersionsUpToDate",
                         .message = ""};
  const Json& spec = cluster_class["spec"];
  for (const Json* reference :
       {&spec.get({"infrastructure", "templateRef"}), &spec.get({"controlPlane", "templateRef"}),
        &spec.get({"controlPlane", "machineInfrastructure", "templateRef"})}) {
    if (!is_set(*reference)) continue;
    const auto known = resolve_reference(*reference);
    if (!known.has_value()) {
      result.status = ConditionStatus::kFalse;
      result.reason = "RefVersionsNotUpToDate";
      result.message += (result.message.empty() ? "* " : "\n* ") + known.error().message();
    } else if (known->api_version() != reference->text({"apiVersion"})) {
      result.status = ConditionStatus::kFalse;
      result.reason = "RefVersionsNotUpToDate";
      result.message += fmt::format("{}Ref {} {} should be {}", result.message.empty() ? "* " : "\n* ",
                                    reference->text({"apiVersion"}), known->kind, known->api_version());
    }
  }
  return result;
}

void report(Json& cluster_class, base::WallTime now) {
  FieldErrors errors;
  validate_definitions(cluster_class, errors);
  validate_patches(cluster_class, errors);
  Json& status = cluster_class.at("status");
  status.set("observedGeneration", meta::generation(cluster_class));
  Json variables = Json::array();
  for (const Json& variable : cluster_class.get({"spec", "variables"}).items())
    variables.append(
        Json::object({{"name", variable["name"]},
                      {"definitionsConflict", false},
                      {"definitions", Json::array({Json::object({{"from", "inline"},
                                                                 {"required", variable["required"].bool_or(false)},
                                                                 {"schema", variable["schema"]}})})}}));
  if (errors.empty() && !variables.empty()) status.set("variables", std::move(variables));
  const bool ready = errors.empty();
  meta::set_condition(
      cluster_class,
      {std::string(words::condition::kVariablesReady), ready ? ConditionStatus::kTrue : ConditionStatus::kFalse,
       std::string(ready ? words::reason::kVariablesReady : words::reason::kVariableDiscoveryFailed), text_of(errors)},
      now);
  meta::set_condition(cluster_class, reference_versions(cluster_class), now);
  meta::set_condition(
      cluster_class,
      {std::string(words::condition::kPaused), ConditionStatus::kFalse, std::string(words::reason::kNotPaused), ""},
      now);
}

}  // namespace

void add_cluster_class_controller(control::Manager& manager) {
  manager.add_controller({.name = "clusterclass", .for_kind = words::kClusterClass, .workers = 1},
                         [&manager](const ObjectKey& key) -> Result<Outcome> {
                           auto read = manager.client().get(words::kClusterClass, key);
                           if (!read.has_value() && read.error().code() == ErrorCode::kNotFound) return Outcome::done();
                           if (!read.has_value()) return std::move(read).error();
                           if (meta::is_deleting(**read)) return Outcome::done();
                           Json wanted = **read;
                           report(wanted, manager.clock().now());
                           SLIPWAY_TRY(control::patch_object(manager.client(), **read, wanted));
                           return Outcome::done();
                         });
}

}  // namespace slipway::cluster
