#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"

namespace slipway::registry {

class StructuralSchema;
struct SchemaNode;

// How one place in an object merges: what it may hold, and whether a map or list is one value (atomic) or has parts
// that different managers may own. Read from the resource's schema as kube-apiserver reads it (kube-openapi's
// schemaconv): lists are atomic unless x-kubernetes-list-type says set or map, maps are granular unless
// x-kubernetes-map-type says atomic, and where no schema says anything maps are granular and lists atomic.
// A light handle; the schema must outlive it.
class MergeType {
 public:
  enum class Scalar { kUntyped, kNumeric, kString, kBoolean };

  static MergeType none() { return MergeType(Form::kNone); }        // nothing may be here
  static MergeType deduced() { return MergeType(Form::kDeduced); }  // no schema
  // An object of a resource; `schema` may be null. apiVersion, kind and metadata have Kubernetes' own types.
  static MergeType resource(const StructuralSchema* schema);

  bool is_none() const { return form_ == Form::kNone; }
  bool is_deduced() const { return form_ == Form::kDeduced; }

  // What may stand here; several where the schema leaves it open.
  bool may_be_scalar() const;
  bool may_be_list() const;
  bool may_be_map() const;
  Scalar scalar() const;

  // Maps.
  bool is_map_atomic() const;
  bool names_field(std::string_view name) const;  // by itself, not by additionalProperties
  MergeType field(std::string_view name) const;   // named, or the type of all others
  bool has_named_fields() const;
  MergeType other_fields() const;

  // Lists.
  bool is_list_atomic() const;
  const std::vector<std::string>& list_keys() const;  // of a list map; empty: the items themselves are the keys
  MergeType element() const;
  // The schema's default of a field of this map, or null: stands in for a key that an item does not have.
  const data::Json* field_default(std::string_view name) const;

 private:
  enum class Form : unsigned char { kNone, kDeduced, kUntyped, kNode };
  explicit MergeType(Form form) : form_(form) {}
  MergeType(const SchemaNode& node, bool preserve);
  MergeType child(const SchemaNode& node) const;

  Form form_;
  bool preserve_unknown_ = false;  // here or above
  const SchemaNode* node_ = nullptr;
};

}  // namespace slipway::registry
