#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "meta/gvk.h"

// Accessors of the metadata of a Kubernetes object held as Json (metav1.ObjectMeta).
namespace slipway::meta {

// An object as informers and clients hand it out: shared, never changed after it was published.
using ObjectPtr = std::shared_ptr<const data::Json>;

const std::string& name(const data::Json& object);
const std::string& ns(const data::Json& object);
const std::string& uid(const data::Json& object);
const std::string& resource_version(const data::Json& object);
std::int64_t generation(const data::Json& object);
bool is_deleting(const data::Json& object);
const std::string& label(const data::Json& object, std::string_view key);       // "" when absent
const std::string& annotation(const data::Json& object, std::string_view key);  // "" when absent
void set_label(data::Json& object, std::string_view key, std::string_view value);
void set_annotation(data::Json& object, std::string_view key, std::string_view value);

bool has_finalizer(const data::Json& object, std::string_view finalizer);
bool add_finalizer(data::Json& object, std::string_view finalizer);     // true when it changed the object
bool remove_finalizer(data::Json& object, std::string_view finalizer);  // true when it changed the object

// metadata.ownerReferences entries.
struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;
};
std::vector<OwnerReference> owner_references(const data::Json& object);
// The owner with controller: true, or none.
const data::Json* controller_reference(const data::Json& object);
// First owner of this group and kind (any version), or none.
const data::Json* owner_of_kind(const data::Json& object, const GroupKind& kind);
// Adds or refreshes the reference to `owner` (same uid replaces); true when it changed the object.
bool set_owner_reference(data::Json& object, const data::Json& owner, bool controller);

// Makes {apiVersion, kind, metadata{namespace,name}}; an empty namespace is left out.
data::Json make_object(const Gvk& gvk, const ObjectKey& key);

}  // namespace slipway::meta
