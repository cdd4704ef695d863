#include "meta/object.h"

#include <algorithm>

namespace slipway::meta {

using data::Json;

const std::string& name(const Json& object) {
  return object.text({"metadata", "name"});
}
const std::string& ns(const Json& object) {
  return object.text({"metadata", "namespace"});
}
const std::string& uid(const Json& object) {
  return object.text({"metadata", "uid"});
}
const std::string& resource_version(const Json& object) {
  return object.text({"metadata", "resourceVersion"});
}
std::int64_t generation(const Json& object) {
  return object.get({"metadata", "generation"}).integer_or(0);
}
bool is_deleting(const Json& object) {
  return !object.text({"metadata", "deletionTimestamp"}).empty();
}

const std::string& label(const Json& object, std::string_view key) {
  return object.text({"metadata", "labels", key});
}
const std::string& annotation(const Json& object, std::string_view key) {
  return object.text({"metadata", "annotations", key});
}
void set_label(Json& object, std::string_view key, std::string_view value) {
  object.at({"metadata", "labels"}).set(key, value);
}
void set_annotation(Json& object, std::string_view key, std::string_view value) {
  object.at({"metadata", "annotations"}).set(key, value);
}

bool has_finalizer(const Json& object, std::string_view finalizer) {
  const auto& all = object.get({"metadata", "finalizers"}).items();
  return std::ranges::any_of(all, [&](const Json& item) { return item.string_or_empty() == finalizer; });
}

bool add_finalizer(Json& object, std::string_view finalizer) {
  if (has_finalizer(object, finalizer)) return false;
  object.at({"metadata", "finalizers"}).append(finalizer);
  return true;
}

bool remove_finalizer(Json& object, std::string_view finalizer) {
  if (!has_finalizer(object, finalizer)) return false;
  auto& all = object.at({"metadata", "finalizers"}).mutable_items();
  std::erase_if(all, [&](const Json& item) { return item.string_or_empty() == finalizer; });
  if (all.empty()) object.at("metadata").erase("finalizers");
  return true;
}

std::vector<OwnerReference> owner_references(const Json& object) {
  std::vector<OwnerReference> owners;
  for (const Json& item : object.get({"metadata", "ownerReferences"}).items()) {
    owners.push_back({item.text({"apiVersion"}), item.text({"kind"}), item.text({"name"}), item.text({"uid"}),
                      item["controller"].bool_or(false), item["blockOwnerDeletion"].bool_or(false)});
  }
  return owners;
}

const Json* controller_reference(const Json& object) {
  for (const Json& item : object.get({"metadata", "ownerReferences"}).items())
    if (item["controller"].bool_or(false)) return &item;
  return nullptr;
}

const Json* owner_of_kind(const Json& object, const GroupKind& kind) {
  for (const Json& item : object.get({"metadata", "ownerReferences"}).items())
    if (item.text({"kind"}) == kind.kind && parse_api_version(item.text({"apiVersion"})).group == kind.group)
      return &item;
  return nullptr;
}

bool set_owner_reference(Json& object, const Json& owner, bool controller) {
  Json reference = Json::object({{"apiVersion", owner.text({"apiVersion"})},
                                 {"kind", owner.text({"kind"})},
                                 {"name", name(owner)},
                                 {"uid", uid(owner)}});
  if (controller) {
    reference.set("controller", true);
    reference.set("blockOwnerDeletion", true);
  }
  auto& all = object.at({"metadata", "ownerReferences"}).mutable_items();
  for (Json& item : all) {
    if (item.text({"uid"}) != uid(owner)) continue;
    if (item == reference) return false;
    item = std::move(reference);
    return true;
  }
  all.push_back(std::move(reference));
  return true;
}

Json make_object(const Gvk& gvk, const ObjectKey& key) {
  Json metadata = Json::object({{"name", key.name}});
  if (!key.ns.empty()) metadata.set("namespace", key.ns);
  return Json::object({{"apiVersion", gvk.api_version()}, {"kind", gvk.kind}, {"metadata", std::move(metadata)}});
}

}  // namespace slipway::meta
