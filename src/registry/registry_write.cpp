#include <algorithm>
#include <fmt/core.h>

#include "base/log.h"
#include "data/patch.h"
#include "meta/name_rules.h"
#include "registry/apply/managed_fields.h"
#include "registry/object_limits.h"
#include "registry/object_metadata.h"
#include "registry/registry_state.h"
#include "registry/scale.h"
#include "registry/schema.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;

namespace {

constexpr int kWriteAttempts = 10;
constexpr std::size_t kMaxPatchOperations = 10'000;
constexpr std::string_view kFinalize = "finalize";

base::Status check_spec_finalizers(const ResourceVersionInfo& version, const Json& object) {
  constexpr std::string_view kPath = "spec.finalizers";
  FieldErrors errors;
  std::size_t index = 0;
  for (const Json& item : object["spec"]["finalizers"].items()) {
    if (const std::string why = meta::qualified_name_problem(item.string_or_empty()); !why.empty())
      errors.push_back(invalid_value(fmt::format("{}[{}]", kPath, index), item, why));
    ++index;
  }
  validate_finalizer_names(object["spec"]["finalizers"], kPath, errors);
  if (errors.empty()) return {};
  return invalid_object(version.resource->group_kind(), meta::name(object), std::move(errors));
}

bool has_subresource(const ResourceVersionInfo& version, std::string_view name) {
  if (name.empty()) return true;
  if (name == "status") return version.has_status;
  return name == kFinalize && version.resource->group_kind() == meta::GroupKind{"", "Namespace"};
}

void put_or_erase(Json& object, std::string_view member, Json value) {
  if (value.is_null())
    object.erase(member);
  else
    object.set(member, std::move(value));
}

// `object` has no managedFields.
bool is_same_but_for_managers(const Json& object, const Json& before) {
  const Json::Object& left = object["metadata"].members();
  const Json::Object& right = before["metadata"].members();
  if (left.size() + right.count("managedFields") != right.size()) return false;
  const auto same_in = [](const Json::Object& other) {
    return [&other](const auto& member) {
      const auto found = other.find(member.first);
      return found != other.end() && found->second == member.second;
    };
  };
  if (!std::ranges::all_of(left, same_in(right)) || object.size() != before.size()) return false;
  return std::ranges::all_of(object.members(), [&](const auto& member) {
    return member.first == "metadata" || before[member.first] == member.second;
  });
}

// Whether the part of the object that metadata.generation counts is another one.
bool is_spec_changed(const Json& object, const Json& old, bool has_status) {
  const auto counts = [&](const auto& member) {
    return member.first != "metadata" && !(has_status && member.first == "status");
  };
  const auto covers = [&](const Json& left, const Json& right) {
    return std::ranges::all_of(
        left.members(), [&](const auto& member) { return !counts(member) || right[member.first] == member.second; });
  };
  return !covers(object, old) || !covers(old, object);
}

}  // namespace

base::Status check_kind(const ResourceVersionInfo& version, const Json& object) {
  if (!object.is_object()) return fail(ErrorCode::kBadRequest, "the object must be a JSON object");
  const meta::Gvk gvk = version.gvk();
  if (object.text({"kind"}) != gvk.kind)
    return fail(ErrorCode::kBadRequest, fmt::format("the kind in the data ({}) does not match the expected kind ({})",
                                                    object.text({"kind"}), gvk.kind));
  if (object.text({"apiVersion"}) != gvk.api_version())
    return fail(ErrorCode::kBadRequest,
                fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                            object.text({"apiVersion"}), gvk.api_version()));
  return {};
}

Json sent_managers(const ResourceInfo& resource, const Json& object) {
  const Json& sent = object["metadata"]["managedFields"];
  return !resource.built_in && sent.is_array() && sent.empty() ? Json() : sent;
}

void apply_schema(const ResourceVersionInfo& version, Json& object) {
  if (version.schema == nullptr) return;
  version.schema->prune(object);
  version.schema->apply_defaults(object);
}

bool is_write_race(const base::Error& error) {
  return error.code() == ErrorCode::kConflict && error.message().empty();
}
base::Error write_race() {
  return {ErrorCode::kConflict, ""};
}

bool has_pending_finalizers(const Json& object) {
  return !object.get({"metadata", "finalizers"}).empty() ||
         (object.text({"kind"}) == "Namespace" && object.text({"apiVersion"}) == "v1" &&
          !object.get({"spec", "finalizers"}).empty());
}

base::Result<Json> Registry::State::to_storage(const ResourceVersionInfo& version, Json object) const {
  const ResourceInfo& resource = *version.resource;
  if (&version == &resource.storage()) return object;
  object = SLIPWAY_TRY(convert(resource, resource.storage(), object));
  object.set("apiVersion", resource.storage().gvk().api_version());
  apply_schema(resource.storage(), object);
  return object;
}

base::Status Registry::State::admit(const ResourceVersionInfo& version, const Json* old, Json& object,
                                    std::string_view subresource) {
  const auto found = admissions.find(version.resource->group_kind());
  if (found == admissions.end()) return {};
  for (const Admission& admission : found->second) {
    AdmissionRequest request{*version.resource, old, object, std::string(subresource)};
    SLIPWAY_TRY(admission(request));
  }
  return {};
}

base::Status Registry::State::validate(const ResourceVersionInfo& version, const Json& object, const Json* old) const {
  const KindStrategy& rules = strategy(*version.resource);
  FieldErrors errors;
  if (version.schema != nullptr) version.schema->validate_structure(object, errors);
  if (old != nullptr && !errors.empty() && version.schema != nullptr) {
    // An object that broke a later rule must stay editable: what was wrong before is not held against an update.
    FieldErrors before;
    version.schema->validate_structure(*old, before);
    std::erase_if(errors, [&](const auto& error) { return std::ranges::find(before, error) != before.end(); });
  }
  if (version.schema != nullptr) version.schema->validate_rules(object, old, errors);
  FieldErrors all;
  validate_metadata(object, rules.name, all);
  if (old != nullptr) validate_metadata_update(object, *old, all);
  // Kinds of Kubernetes itself ask for more than custom resources, definitions among these.
  if (old == nullptr && version.resource->built_in && !Definitions::concerns(*version.resource))
    validate_finalizer_names(object["metadata"]["finalizers"], "metadata.finalizers", all);
  all.insert(all.end(), errors.begin(), errors.end());
  if (version.scale) validate_scale(*version.scale, object, all);
  if (rules.validate) rules.validate(object, old, all);
  if (all.empty()) return {};
  return invalid_object(version.resource->group_kind(), meta::name(object), std::move(all));
}

bool Registry::State::is_current(const ResourceInfo& resource) const {
  const ResourcePtr current = catalog.find_resource(resource.group, resource.plural);
  return current != nullptr && current->form == resource.form;
}

void Registry::State::settle_names(const std::string& group) {
  const ResourcePtr kind = catalog.find_group_kind({"apiextensions.k8s.io", "CustomResourceDefinition"});
  const std::vector<std::string> waiting = definitions.waiting_for_names(group);
  for (const std::string& name : waiting) {
    const auto stored = read(*kind, {"", name});
    if (!stored) continue;
    Json object = *stored->object;
    definitions.prepare(object, stored->object.get());
    if (object == *stored->object) continue;
    // This definition is no longer among those that wait when the next round looks: it ends.
    if (const auto written = store_replacement(*kind, {"", name}, stored->entry, std::move(object), false); !written)
      base::log_error("registry", "{}: names cannot be accepted: {}", name, written.error().message());
  }
}

ObjectPtr Registry::State::finish_write(const store::Entry& entry, Json object, bool keep) {
  object.at("metadata").set("resourceVersion", std::to_string(entry.revision));
  auto shared = std::make_shared<const Json>(std::move(object));
  if (keep && entry.value != nullptr) cache.remember(entry.value, shared);
  return shared;
}

void Registry::State::note_text(const ResourceVersionInfo& version, const store::Entry& entry,
                                const WriteOptions& options) const {
  if (options.written != nullptr && is_text_of(version, entry.revision)) *options.written = entry.value;
}

base::Status Registry::State::check_subresource(const ResourceVersionInfo& version, std::string_view name) const {
  if (has_subresource(version, name)) return {};
  return fail(ErrorCode::kNotFound, "the server could not find the requested resource");
}

void Registry::State::set_managers(const ResourceVersionInfo& version, const Json& before, Json& object,
                                   const Json& sent, const WriteOptions& options, const Json* applied) const {
  const Json& current = before["metadata"]["managedFields"];
  object.at("metadata").erase("managedFields");
  const bool client_changes_them = !sent.is_null() && options.subresource.empty() && sent != current;
  const bool same_object = is_same_but_for_managers(object, before);
  // New times alone are no change.
  if (applied != nullptr)
    put_or_erase(object.at("metadata"), "managedFields",
                 same_object && same_but_for_times(*applied, current) ? current : *applied);
  else if (!same_object || client_changes_them)
    put_or_erase(object.at("metadata"), "managedFields", track_managers(version, before, object, sent, options));
  else
    put_or_erase(object.at("metadata"), "managedFields", current);
}

base::Result<EncodedObject> Registry::State::encode(Json& object) const {
  EncodedObject encoded(object);
  if (check_size(encoded.size())) return encoded;
  if (!object.at("metadata").erase("managedFields")) return check_size(encoded.size()).error();
  EncodedObject bare(object);
  SLIPWAY_TRY(check_size(bare.size()));
  return bare;
}

base::Result<ObjectPtr> Registry::State::modify(const ResourceVersionInfo& version, const ObjectKey& key,
                                                const Change& change, const WriteOptions& options) {
  const ResourceInfo& resource = *version.resource;
  SLIPWAY_TRY(check_subresource(version, options.subresource));
  for (int attempt = 0; attempt < kWriteAttempts; ++attempt) {
    const StoredObject stored = SLIPWAY_TRY(read(resource, key));
    const ObjectPtr current = SLIPWAY_TRY(to_version(version, stored.object));
    Json object = SLIPWAY_TRY(change(*current));
    auto result = replace(version, key, stored, *current, std::move(object), options);
    if (result || !is_write_race(result.error())) return result;
  }
  return modified_conflict(resource.group_resource(), key.name);
}

base::Result<ObjectPtr> Registry::State::replace(const ResourceVersionInfo& version, const ObjectKey& key,
                                                 const StoredObject& stored, const Json& current, Json object,
                                                 const WriteOptions& options, const Json* applied) {
  const ResourceInfo& resource = *version.resource;
  std::unique_lock<StructureLock> alone(structure_lock, std::defer_lock);
  if (Definitions::concerns(resource)) alone.lock();
  object = SLIPWAY_TRY(prepare_replacement(version, current, std::move(object), options, applied));
  if (object == current) {
    note_text(version, stored.entry, options);
    return to_version(version, stored.object);
  }
  const bool erase = meta::is_deleting(object) && !has_pending_finalizers(object);
  Json to_store = SLIPWAY_TRY(to_storage(version, std::move(object)));
  if (options.dry_run) return to_version(version, std::make_shared<const Json>(std::move(to_store)));
  StoredObject written = SLIPWAY_TRY(store_replacement(resource, key, stored.entry, std::move(to_store), erase));
  note_text(version, written.entry, options);
  return to_version(version, std::move(written.object));
}

base::Result<Json> Registry::State::prepare_replacement(const ResourceVersionInfo& version, const Json& current,
                                                        Json object, const WriteOptions& options, const Json* applied) {
  const ResourceInfo& resource = *version.resource;
  const KindStrategy& rules = strategy(resource);
  SLIPWAY_TRY(check_kind(version, object));
  SLIPWAY_TRY(make_storable(object));
  const Json sent = sent_managers(resource, object);
  SLIPWAY_TRY(normalize_metadata(object));
  if (!resource.namespaced) object.at("metadata").erase("namespace");
  const std::string& resource_version = meta::resource_version(object);
  // kube-apiserver names the resource where other errors name the kind.
  if (resource_version.empty() && !rules.unconditional_update)
    return invalid_object({resource.group, resource.plural}, meta::name(current),
                          {invalid_value("metadata.resourceVersion", 0, "must be specified for an update")});
  if (!resource_version.empty() && resource_version != meta::resource_version(current))
    return modified_conflict(resource.group_resource(), meta::name(current));
  if (!meta::uid(object).empty() && meta::uid(object) != meta::uid(current))
    return conflict(resource.group_resource(), meta::name(current),
                    fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}",
                                meta::uid(object), meta::uid(current)));

  Json wanted_finalizers;
  if (options.subresource == "status") {
    const Json status = object["status"];
    object = current;
    put_or_erase(object, "status", status);
  } else if (options.subresource == kFinalize) {
    wanted_finalizers = object.get({"spec", "finalizers"});
    object = current;
  } else if (version.has_status) {
    put_or_erase(object, "status", current["status"]);
  }
  carry_over_metadata(object, current);
  object.at("metadata").set("resourceVersion", meta::resource_version(current));
  apply_schema(version, object);
  if (rules.prepare) rules.prepare(object, &current);
  if (options.subresource == kFinalize) {
    put_or_erase(object.at("spec"), "finalizers", wanted_finalizers);
    SLIPWAY_TRY(check_spec_finalizers(version, object));
  }
  if (Definitions::concerns(resource) && !options.by_server) SLIPWAY_TRY(definitions.check_change(current, object));
  SLIPWAY_TRY(validate(version, object, &current));
  set_managers(version, current, object, sent, options, applied);
  SLIPWAY_TRY(admit(version, &current, object, options.subresource));
  if (options.check) SLIPWAY_TRY(options.check(&current, object));
  if (rules.has_generation && is_spec_changed(object, current, version.has_status))
    object.at("metadata").set("generation", meta::generation(current) + 1);
  return object;
}

base::Result<StoredObject> Registry::State::store_replacement(const ResourceInfo& resource, const ObjectKey& key,
                                                              const store::Entry& entry, Json object, bool erase) {
  const EncodedObject encoded = SLIPWAY_TRY(encode(object));
  const bool defines = Definitions::concerns(resource);
  const bool locked = defines || resource.group_kind() == meta::GroupKind{"", "Namespace"};
  std::shared_lock<StructureLock> lock(structure_lock, std::defer_lock);
  if (!locked) {
    lock.lock();
    if (!is_current(resource)) return write_race();
  }
  Definitions::Change definition = SLIPWAY_TRY(definitions.stage(resource, key.name, erase ? nullptr : &object));
  const auto written = erase ? store.remove(entry.key, entry.revision, encoded.encoder())
                             : store.update(entry.key, entry.revision, encoded.encoder());
  if (written) {
    definition.keep();
    if (defines) settle_names(object.text({"spec", "group"}));
    ObjectPtr finished = finish_write(*written, std::move(object), true);
    return StoredObject{*written, std::move(finished)};
  }
  if (written.error().code() == ErrorCode::kConflict) return write_race();
  if (written.error().code() == ErrorCode::kNotFound) return not_found(resource.group_resource(), key.name);
  return written.error();
}

std::vector<std::string> Registry::warnings(const ResourceVersionInfo& resource, const Json& object) const {
  const KindStrategy& rules = state_->strategy(*resource.resource);
  return rules.warn ? rules.warn(object) : std::vector<std::string>();
}

base::Result<ObjectPtr> Registry::update(const ResourceVersionInfo& resource, Json object,
                                         const WriteOptions& options) {
  ObjectKey key = meta::key_of(object);
  if (!resource.resource->namespaced) key.ns.clear();
  return state_->modify(resource, key, [&](const Json&) -> base::Result<Json> { return object; }, options);
}

base::Result<ObjectPtr> Registry::modify(const ResourceVersionInfo& resource, const ObjectKey& key,
                                         const Change& change, const WriteOptions& options) {
  return state_->modify(resource, key, change, options);
}

base::Result<ObjectPtr> Registry::patch(const ResourceVersionInfo& resource, const ObjectKey& key, PatchType type,
                                        const Json& patch, const WriteOptions& options) {
  if (type == PatchType::kMerge && !patch.is_object())
    return fail(ErrorCode::kBadRequest, "a merge patch must be a JSON object");
  if (type == PatchType::kJson && patch.size() > kMaxPatchOperations)
    return fail(ErrorCode::kTooLarge, fmt::format("The allowed maximum operations in a JSON patch is {}, got {}",
                                                  kMaxPatchOperations, patch.size()));
  const auto change = [&](const Json& current) -> base::Result<Json> {
    Json patched =
        type == PatchType::kMerge ? data::merge_patch(current, patch) : SLIPWAY_TRY(data::json_patch(current, patch));
    if (meta::name(patched) != meta::name(current))
      return fail(ErrorCode::kBadRequest,
                  fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                              meta::name(patched), meta::name(current)));
    if (resource.resource->namespaced && meta::ns(patched) != meta::ns(current))
      return fail(ErrorCode::kBadRequest,
                  "the namespace of the provided object does not match the namespace sent on the request");
    return patched;
  };
  return state_->modify(resource, key, change, options);
}

}  // namespace slipway::registry
