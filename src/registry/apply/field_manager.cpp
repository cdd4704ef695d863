#include "registry/apply/field_manager.h"

#include <algorithm>
#include <fmt/core.h>

#include "data/json_text.h"
#include "meta/object.h"
#include "registry/apply/fields_v1.h"
#include "registry/apply/json_order.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

constexpr std::string_view kBeforeFirstApply = "before-first-apply";
// Of kubectl, for which client-side apply hands over to server-side apply.
constexpr std::string_view kClientSideApplier = "kubectl";
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::size_t kMaxAnnotationBytes = 256u << 10;

// What identifies an object or only the server sets has no manager.
const FieldSet& unmanaged_fields() {
  static const FieldSet set = [] {
    FieldSet out;
    for (const std::string_view name : {"apiVersion", "kind", "metadata"}) out.insert({PathElement::field(name)});
    for (const std::string_view name : {"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName",
                                        "generation", "managedFields", "resourceVersion"})
      out.insert({PathElement::field("metadata"), PathElement::field(name)});
    return out;
  }();
  return set;
}

// Borrowed for the time of a call.
std::shared_ptr<const Json> borrow(const Json& value) {
  return {std::shared_ptr<const Json>(), &value};
}

// The annotation in which kubectl keeps the configuration, as it would write it.
std::string last_applied_text(Json configuration) {
  if (Json& metadata = configuration.at("metadata"); metadata["annotations"].is_object())
    metadata.at("annotations").erase(kLastApplied);
  std::string out;
  append_value_json(out, configuration);
  return out + "\n";
}

void renew_last_applied(Json& object, const Json& configuration) {
  if (object.text({"metadata", "annotations", kLastApplied}).empty()) return;
  Json& annotations = object.at({"metadata", "annotations"});
  annotations.set(kLastApplied, last_applied_text(configuration));
  std::size_t bytes = 0;
  for (const auto& [name, value] : annotations.members()) bytes += name.size() + value.size();
  if (bytes > kMaxAnnotationBytes) annotations.erase(kLastApplied);
}

std::string gvk_text(const meta::Gvk& gvk) {
  return fmt::format("{}/{}, Kind={}", gvk.group, gvk.version, gvk.kind);
}

}  // namespace

FieldManager::FieldManager(FieldManagerScope scope, VersionConverter& converter)
    : scope_(std::move(scope)), updater_(converter, scope_.gvk.api_version(), scope_.reset) {}

ManagedEntry FieldManager::entry(const std::string& manager, FieldOperation operation) const {
  return {manager.empty() ? "unknown" : manager, operation, scope_.gvk.api_version(), scope_.subresource, "", {}};
}

std::string FieldManager::describe(const Json& object) const {
  return fmt::format("{}/{}; {}", meta::ns(object), meta::name(object), gvk_text(scope_.gvk));
}

std::optional<Json> FieldManager::touch(const Json& before, const Json& after, const std::string& manager) const {
  const Json& list = before["metadata"]["managedFields"];
  const ManagedEntry self = entry(manager, FieldOperation::kUpdate);
  const auto is_own = [&](const Json& item) {
    return item.text({"manager"}) == self.manager && item.text({"operation"}) == "Update" &&
           item.text({"apiVersion"}) == self.api_version && item.text({"subresource"}) == self.subresource;
  };
  if (std::ranges::none_of(list.items(), is_own)) return std::nullopt;
  for (const Json& item : list.items())
    if (item.text({"apiVersion"}) != self.api_version) return std::nullopt;
  if (!type_problem(after, scope_.type, Duplicates::kAllow, Numbers::kKeepIntegers).empty()) return std::nullopt;

  const Comparison difference = compare(before, after, scope_.type);
  const FieldSet changed =
      difference.modified.united(difference.added).without_subtrees(scope_.reset).without(unmanaged_fields());
  const FieldSet removed = difference.removed.without_subtrees(scope_.reset).without(unmanaged_fields());
  if (changed.empty()) return std::nullopt;
  for (const Json& item : list.items()) {
    const Json& fields = item["fieldsV1"];
    const bool stays = is_own(item) ? has_all(fields, changed) : !touches(fields, changed);
    if (!stays || touches(fields, removed)) return std::nullopt;
  }
  Json out = list;
  for (Json& item : out.mutable_items())
    if (is_own(item)) item.set("time", scope_.now);
  sort_managed_fields(out);
  return out;
}

Json FieldManager::update(const Json& before, const Json& after, const Json& sent, const std::string& manager) {
  const bool as_before = sent.is_null() || !scope_.subresource.empty() || sent == before["metadata"]["managedFields"];
  if (as_before)
    if (auto touched = touch(before, after, manager)) return std::move(*touched);
  // A client may replace the managers, but only by a valid list and only through the object itself.
  ManagedFields managed;
  const bool may_replace = scope_.subresource.empty() && !sent.is_null();
  if (may_replace)
    if (auto decoded = decode_managed_fields(sent)) managed = std::move(*decoded);
  if (managed.empty() && !(may_replace && is_reset(sent)))
    if (auto decoded = decode_managed_fields(before["metadata"]["managedFields"])) managed = std::move(*decoded);
  const bool exists = !meta::uid(before).empty();
  if (managed.empty()) return exists ? Json() : track_new(after, manager);
  auto tracked = track_update(before, after, std::move(managed), manager);
  if (!tracked) return {};
  cap_update_entries(*tracked);
  return encode_managed_fields(*tracked);
}

Json FieldManager::track_new(const Json& object, const std::string& manager) const {
  if (!type_problem(object, scope_.type, Duplicates::kAllow, Numbers::kKeepIntegers).empty()) return {};
  ManagedEntry self = entry(manager, FieldOperation::kUpdate);
  self.fields = added_fields(object, scope_.type);
  self.fields.remove_subtrees(scope_.reset);
  self.fields.remove(unmanaged_fields());
  if (self.fields.empty()) return {};
  self.time = scope_.now;
  ManagedFields managed;
  managed.emplace(self.identity(), std::move(self));
  return encode_managed_fields(managed);
}

base::Result<ManagedFields> FieldManager::track_update(const Json& before, const Json& after, ManagedFields managed,
                                                       const std::string& manager) {
  for (const auto& [which, object] : {std::pair{"new", &after}, {"live", &before}}) {
    const std::string problem = type_problem(*object, scope_.type, Duplicates::kAllow, Numbers::kKeepIntegers);
    if (!problem.empty())
      return fail(ErrorCode::kUnknown,
                  fmt::format("failed to convert {} object ({}) to smd typed: {}", which, describe(*object), problem));
  }
  ManagedEntry self = entry(manager, FieldOperation::kUpdate);
  auto updated =
      SLIPWAY_TRY(updater_.update({borrow(before), scope_.type}, {borrow(after), scope_.type}, std::move(managed)));
  FieldSet changed = updated.changed.without(unmanaged_fields());
  if (changed.empty()) return std::move(updated.managed);
  const std::string identity = self.identity();
  if (const auto found = updated.managed.find(identity); found != updated.managed.end())
    changed = changed.united(found->second.fields);
  self.fields = std::move(changed);
  self.time = scope_.now;
  updated.managed.insert_or_assign(identity, std::move(self));
  return std::move(updated.managed);
}

base::Result<FieldManager::Applied> FieldManager::apply(const Json& live, const Json& configuration,
                                                        const std::string& manager, bool force) {
  const meta::GroupVersion sent = meta::parse_api_version(configuration.text({"apiVersion"}));
  const meta::Gvk gvk{sent.group, sent.version, configuration.text({"kind"})};
  if (gvk != scope_.gvk) return fail(ErrorCode::kBadRequest, fmt::format("invalid object type: {}", gvk_text(gvk)));
  ManagedFields managed = SLIPWAY_TRY(
      decode_managed_fields(live["metadata"]["managedFields"]).with_context("failed to decode managed fields"));
  if (managed.empty()) {
    const Json nothing = Json::object({{"apiVersion", live["apiVersion"]}, {"kind", live["kind"]}});
    managed = SLIPWAY_TRY(track_update(nothing, live, {}, std::string(kBeforeFirstApply))
                              .with_context("failed to create manager for existing fields"));
    cap_update_entries(managed);
  }
  if (configuration["metadata"].contains("managedFields") && configuration["metadata"]["managedFields"].is_array())
    return fail(ErrorCode::kBadRequest, "metadata.managedFields must be nil");
  if (const auto problem = type_problem(configuration, scope_.type, Duplicates::kRefuse); !problem.empty())
    return fail(ErrorCode::kUnknown,
                fmt::format("failed to create typed patch object ({}): {}", describe(configuration), problem));
  if (const auto problem = type_problem(live, scope_.type, Duplicates::kAllow, Numbers::kKeepIntegers);
      !problem.empty())
    return fail(ErrorCode::kUnknown,
                fmt::format("failed to create typed live object ({}): {}", describe(live), problem));

  const TypedValue live_value{borrow(live), scope_.type};
  const TypedValue configured{borrow(configuration), scope_.type};
  auto applied = SLIPWAY_TRY(apply_once(live_value, configured, managed, manager, force));
  if (!applied.conflicts.empty() && manager == kClientSideApplier)
    applied = SLIPWAY_TRY(apply_after_client_side(live_value, configured, managed, manager, std::move(applied)));
  if (!applied.conflicts.empty()) return conflict_error(applied.conflicts);

  Applied out;
  out.object = applied.object ? *applied.object->value : live;
  out.object.at("metadata").erase("managedFields");
  if (manager == kClientSideApplier) renew_last_applied(out.object, configuration);
  out.managed_fields = encode_managed_fields(applied.managed);
  return out;
}

base::Result<MergeUpdater::Applied> FieldManager::apply_once(const TypedValue& live, const TypedValue& configuration,
                                                             ManagedFields managed, const std::string& manager,
                                                             bool force) {
  ManagedEntry self = entry(manager, FieldOperation::kApply);
  const std::string identity = self.identity();
  if (const auto found = managed.find(identity); found != managed.end()) self.time = found->second.time;
  auto applied = SLIPWAY_TRY(updater_.apply(live, configuration, std::move(managed), std::move(self), force));
  if (const auto found = applied.managed.find(identity); found != applied.managed.end()) {
    found->second.fields = found->second.fields.without(unmanaged_fields());
    if (applied.object) found->second.time = scope_.now;
    if (found->second.fields.empty()) applied.managed.erase(found);
  }
  return applied;
}

// What kubectl set by client-side apply and nobody changed since is not in conflict with it.
base::Result<MergeUpdater::Applied> FieldManager::apply_after_client_side(const TypedValue& live,
                                                                          const TypedValue& configuration,
                                                                          const ManagedFields& managed,
                                                                          const std::string& manager,
                                                                          MergeUpdater::Applied refused) {
  const auto own = fields_of_last_applied(*live.value);
  if (!own) return refused;
  const bool all_own = std::erase_if(refused.conflicts,
                                     [&](const FieldConflict& conflict) { return own->contains(conflict.path); }) > 0 &&
                       refused.conflicts.empty();
  if (!all_own) return refused;
  return apply_once(live, configuration, managed, manager, true);
}

base::Result<FieldSet> FieldManager::fields_of_last_applied(const Json& live) const {
  const std::string& text = live.text({"metadata", "annotations", kLastApplied});
  if (text.empty()) return fail(ErrorCode::kNotFound, "no last applied annotation");
  const Json last = SLIPWAY_TRY(data::parse_json(text));
  if (last.text({"apiVersion"}) != scope_.gvk.api_version() ||
      !type_problem(last, scope_.type, Duplicates::kRefuse).empty())
    return fail(ErrorCode::kInvalid, "the last applied configuration is of another version or type");
  const Comparison difference = compare(last, live, scope_.type);
  return fields_of(last, scope_.type)
      .without(difference.modified)
      .without(difference.added)
      .without(difference.removed);
}

}  // namespace slipway::registry
