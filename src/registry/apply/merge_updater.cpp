#include "registry/apply/merge_updater.h"

namespace slipway::registry {

using data::Json;

namespace {

void filter(Comparison& comparison, const FieldSet& reset) {
  if (reset.empty()) return;
  comparison.added = comparison.added.without_subtrees(reset);
  comparison.modified = comparison.modified.without_subtrees(reset);
  comparison.removed = comparison.removed.without_subtrees(reset);
}

TypedValue without_fields(const TypedValue& object, const FieldSet& fields) {
  return {std::make_shared<const Json>(remove_fields(*object.value, fields, object.type)), object.type};
}

// The fields of a value, and the named fields above them.
FieldSet named_fields_of(const TypedValue& object) {
  return fields_of(*object.value, object.type).with_named_fields(object.type);
}

}  // namespace

base::Result<std::optional<TypedValue>> MergeUpdater::convert(const TypedValue& object,
                                                              const std::string& api_version) {
  if (object.value->text({"apiVersion"}) == api_version) return std::optional(object);
  auto converted = SLIPWAY_TRY(converter_.convert(object, api_version));
  if (!converted) return converted;
  const std::string problem =
      type_problem(*converted->value, converted->type, Duplicates::kRefuse, Numbers::kKeepIntegers);
  if (!problem.empty()) return base::fail(base::ErrorCode::kUnknown, problem);
  return converted;
}

base::Result<ManagedFields> MergeUpdater::fit_to_schema(const TypedValue& live, ManagedFields managed) {
  for (auto here = managed.begin(); here != managed.end();) {
    ManagedEntry& entry = here->second;
    MergeType type = live.type;
    if (entry.api_version != api_version_) {
      const auto converted = SLIPWAY_TRY(convert(live, entry.api_version));
      if (!converted) {
        here = managed.erase(here);
        continue;
      }
      type = converted->type;
    }
    if (!fits_type(entry.fields, type)) entry.fields = fit_to_type(entry.fields, type);
    ++here;
  }
  return managed;
}

base::Result<std::optional<Comparison>> MergeUpdater::compare_in(const std::string& api_version,
                                                                 const TypedValue& before, const TypedValue& after) {
  const auto old_object = SLIPWAY_TRY(convert(before, api_version).with_context("failed to convert old object"));
  if (!old_object) return std::optional<Comparison>();
  const auto new_object = SLIPWAY_TRY(convert(after, api_version).with_context("failed to convert new object"));
  if (!new_object) return std::optional<Comparison>();
  return std::optional(compare(*old_object->value, *new_object->value, new_object->type));
}

base::Result<MergeUpdater::Settled> MergeUpdater::settle(const TypedValue& before, const TypedValue& after,
                                                         ManagedFields managed, const std::string& writer, bool force) {
  Settled out;
  out.difference = compare(*before.value, *after.value, after.type);
  filter(out.difference, reset_);
  std::map<std::string, Comparison> versions;
  std::map<std::string, std::pair<FieldSet, FieldSet>> losses;  // conflicting and removed fields by manager
  for (auto here = managed.begin(); here != managed.end();) {
    const ManagedEntry& entry = here->second;
    if (here->first == writer) {
      ++here;
      continue;
    }
    const Comparison* difference = &out.difference;
    if (entry.api_version != api_version_) {
      auto found = versions.find(entry.api_version);
      if (found == versions.end()) {
        auto compared = SLIPWAY_TRY(compare_in(entry.api_version, before, after));
        if (!compared) {
          here = managed.erase(here);
          continue;
        }
        found = versions.emplace(entry.api_version, std::move(*compared)).first;
      }
      difference = &found->second;
    }
    FieldSet lost = entry.fields.intersected(difference->modified).united(entry.fields.intersected(difference->added));
    lost.for_each([&](const FieldPath& path) {
      out.conflicts.push_back({{entry.manager, entry.operation, entry.api_version, entry.subresource, "", {}}, path});
    });
    if (!lost.empty() || !difference->removed.empty())
      losses.emplace(here->first, std::pair{std::move(lost), difference->removed});
    ++here;
  }
  if (!force && !out.conflicts.empty()) return out;
  out.conflicts.clear();
  for (const auto& [identity, lost] : losses) {
    FieldSet& fields = managed.at(identity).fields;
    if (!lost.first.empty()) fields = fields.without(lost.first);
    if (!lost.second.empty()) fields = fields.without(lost.second);
  }
  std::erase_if(managed, [](const auto& item) { return item.second.fields.empty(); });
  out.managed = std::move(managed);
  return out;
}

base::Result<MergeUpdater::Updated> MergeUpdater::update(const TypedValue& before, const TypedValue& after,
                                                         ManagedFields managed) {
  managed = SLIPWAY_TRY(fit_to_schema(before, std::move(managed)));
  Settled settled = SLIPWAY_TRY(settle(before, after, std::move(managed), "", true));
  return Updated{std::move(settled.managed),
                 settled.difference.modified.united(settled.difference.added).without_subtrees(reset_)};
}

base::Result<MergeUpdater::Applied> MergeUpdater::apply(const TypedValue& live, const TypedValue& configuration,
                                                        ManagedFields managed, ManagedEntry self, bool force) {
  managed = SLIPWAY_TRY(fit_to_schema(live, std::move(managed)));
  TypedValue merged{std::make_shared<const Json>(merge(*live.value, *configuration.value, live.type)), live.type};
  const std::string identity = self.identity();
  const auto found = managed.find(identity);
  const ManagedEntry last = found != managed.end() ? found->second : ManagedEntry();
  self.fields = fields_of(*configuration.value, configuration.type).without_subtrees(reset_);
  managed.insert_or_assign(identity, self);
  if (!last.fields.empty()) merged = SLIPWAY_TRY(prune(merged, managed, last).with_context("failed to prune fields"));
  Settled settled = SLIPWAY_TRY(settle(live, merged, std::move(managed), identity, force));
  Applied out;
  out.conflicts = std::move(settled.conflicts);
  if (!out.conflicts.empty()) return out;
  out.managed = std::move(settled.managed);
  if (*live.value != *merged.value) out.object = std::move(merged);
  return out;
}

// Takes away what the applier set last time and does not set now, unless somebody else owns it.
base::Result<TypedValue> MergeUpdater::prune(const TypedValue& merged, const ManagedFields& managed,
                                             const ManagedEntry& last) {
  const auto converted = SLIPWAY_TRY(
      convert(merged, last.api_version).with_context("failed to convert merged object to last applied version"));
  if (!converted) return merged;
  TypedValue pruned = without_fields(*converted, last.fields.with_named_fields(converted->type));
  pruned = SLIPWAY_TRY(
      keep_owned(*converted, std::move(pruned), last.api_version, managed).with_context("failed add back owned items"));
  pruned = SLIPWAY_TRY(keep_dangling(*converted, pruned, last).with_context("failed add back dangling items"));
  auto back = SLIPWAY_TRY(convert(pruned, api_version_));
  return back ? std::move(*back) : merged;
}

base::Result<TypedValue> MergeUpdater::keep_owned(const TypedValue& merged, TypedValue pruned,
                                                  const std::string& pruned_version, const ManagedFields& managed) {
  std::map<std::string, FieldSet> owned;
  for (const auto& [identity, entry] : managed) {
    FieldSet& set = owned[entry.api_version];
    set = set.united(entry.fields);
  }
  TypedValue whole = merged;
  // The pruned version first: a field that went may be what a conversion needs.
  if (const auto found = owned.find(pruned_version); found != owned.end()) {
    SLIPWAY_TRY(keep_owned_in(pruned_version, found->second, whole, pruned));
    owned.erase(found);
  }
  for (const auto& [version, set] : owned) SLIPWAY_TRY(keep_owned_in(version, set, whole, pruned));
  return pruned;
}

base::Status MergeUpdater::keep_owned_in(const std::string& api_version, const FieldSet& owned, TypedValue& merged,
                                         TypedValue& pruned) {
  auto whole = SLIPWAY_TRY(
      convert(merged, api_version).with_context("failed to convert merged object at version " + api_version));
  if (!whole) return {};
  merged = std::move(*whole);
  auto rest = SLIPWAY_TRY(
      convert(pruned, api_version).with_context("failed to convert pruned object at version " + api_version));
  if (!rest) return {};
  const FieldSet kept = named_fields_of(*rest).united(owned.with_named_fields(merged.type));
  pruned = without_fields(merged, named_fields_of(merged).without(kept));
  return {};
}

// What fell away with its parent although the applier never owned it comes back.
base::Result<TypedValue> MergeUpdater::keep_dangling(const TypedValue& merged, const TypedValue& pruned,
                                                     const ManagedEntry& last) {
  const auto converted = SLIPWAY_TRY(
      convert(pruned, last.api_version).with_context("failed to convert pruned object to last applied version"));
  if (!converted) return merged;
  const FieldSet gone = named_fields_of(merged).without(named_fields_of(*converted));
  return without_fields(merged, gone.intersected(last.fields.with_named_fields(merged.type)));
}

}  // namespace slipway::registry
