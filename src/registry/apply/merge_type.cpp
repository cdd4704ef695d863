#include "registry/apply/merge_type.h"

#include <memory>

#include "data/json_text.h"
#include "registry/schema.h"
#include "registry/schema_node.h"

namespace slipway::registry {

using data::Json;

namespace {

// metav1.ObjectMeta with the merge types of its Go definition, and the root of a resource without schema.
constexpr std::string_view kObjectMeta = R"({"type":"object","properties":{
  "annotations":{"type":"object","additionalProperties":{"type":"string"}},
  "creationTimestamp":{"type":"string","format":"date-time"},
  "deletionGracePeriodSeconds":{"type":"integer"},
  "deletionTimestamp":{"type":"string","format":"date-time"},
  "finalizers":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
  "generateName":{"type":"string"},"generation":{"type":"integer"},
  "labels":{"type":"object","additionalProperties":{"type":"string"}},
  "managedFields":{"type":"array","items":{"type":"object","x-kubernetes-preserve-unknown-fields":true}},
  "name":{"type":"string"},"namespace":{"type":"string"},
  "ownerReferences":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["uid"],
    "items":{"type":"object","x-kubernetes-map-type":"atomic","properties":{
      "apiVersion":{"type":"string","default":""},"blockOwnerDeletion":{"type":"boolean"},
      "controller":{"type":"boolean"},"kind":{"type":"string","default":""},"name":{"type":"string","default":""},
      "uid":{"type":"string","default":""}}}},
  "resourceVersion":{"type":"string"},"selfLink":{"type":"string"},"uid":{"type":"string"}}})";
constexpr std::string_view kAnyResource = R"({"type":"object","x-kubernetes-preserve-unknown-fields":true})";

std::shared_ptr<const StructuralSchema> compile(std::string_view text, StructuralSchema::Root root) {
  // The texts above are ours: that they compile is a test, not a condition at run time.
  return *StructuralSchema::compile(*data::parse_json(text), root);
}

const SchemaNode& object_meta() {
  static const auto schema = compile(kObjectMeta, StructuralSchema::Root::kValue);
  return schema->root_node();
}

const SchemaNode& any_resource() {
  static const auto schema = compile(kAnyResource, StructuralSchema::Root::kResource);
  return schema->root_node();
}

const SchemaNode& string_node() {
  return object_meta().properties.find("name")->second;
}

const std::vector<std::string> kNoKeys;

}  // namespace

MergeType::MergeType(const SchemaNode& node, bool preserve)
    : form_(Form::kNode), preserve_unknown_(preserve || node.preserve_unknown), node_(&node) {}

MergeType MergeType::resource(const StructuralSchema* schema) {
  return MergeType(schema != nullptr ? schema->root_node() : any_resource(), false);
}

MergeType MergeType::child(const SchemaNode& node) const {
  return MergeType(node, preserve_unknown_);
}

bool MergeType::may_be_scalar() const {
  if (form_ != Form::kNode) return form_ != Form::kNone;
  return node_->type != SchemaType::kObject && node_->type != SchemaType::kArray;
}

bool MergeType::may_be_list() const {
  if (form_ != Form::kNode) return form_ != Form::kNone;
  return node_->type == SchemaType::kArray || node_->type == SchemaType::kAny;
}

bool MergeType::may_be_map() const {
  if (form_ != Form::kNode) return form_ != Form::kNone;
  return node_->type == SchemaType::kObject || node_->type == SchemaType::kAny;
}

MergeType::Scalar MergeType::scalar() const {
  if (form_ != Form::kNode) return Scalar::kUntyped;
  switch (node_->type) {
    case SchemaType::kInteger:
    case SchemaType::kNumber:
      return Scalar::kNumeric;
    case SchemaType::kBoolean:
      return Scalar::kBoolean;
    case SchemaType::kString: {
      const bool plain = node_->rules == nullptr || node_->rules->format.empty() || node_->rules->format == "byte";
      return plain ? Scalar::kString : Scalar::kUntyped;
    }
    case SchemaType::kAny:
    case SchemaType::kObject:
    case SchemaType::kArray:
      break;
  }
  return Scalar::kUntyped;
}

bool MergeType::is_map_atomic() const {
  return form_ == Form::kUntyped || (form_ == Form::kNode && node_->map_atomic);
}

bool MergeType::names_field(std::string_view name) const {
  if (form_ != Form::kNode) return false;
  return (node_->embedded_resource && is_resource_member(name)) || node_->properties.contains(name);
}

bool MergeType::has_named_fields() const {
  return form_ == Form::kNode && (node_->embedded_resource || !node_->properties.empty());
}

MergeType MergeType::field(std::string_view name) const {
  if (form_ != Form::kNode) return other_fields();
  if (node_->embedded_resource && is_resource_member(name))
    return MergeType(name == "metadata" ? object_meta() : string_node(), false);
  const auto found = node_->properties.find(name);
  return found != node_->properties.end() ? child(found->second) : other_fields();
}

MergeType MergeType::other_fields() const {
  if (form_ != Form::kNode) return MergeType(form_);
  if (node_->additional != nullptr) return child(*node_->additional);
  if (node_->any_additional || preserve_unknown_ || !has_named_fields()) return deduced();
  return none();
}

bool MergeType::is_list_atomic() const {
  if (form_ != Form::kNode || node_->rules == nullptr) return true;
  return !node_->rules->list_set && node_->rules->list_map_keys.empty();
}

const std::vector<std::string>& MergeType::list_keys() const {
  return form_ == Form::kNode && node_->rules != nullptr ? node_->rules->list_map_keys : kNoKeys;
}

MergeType MergeType::element() const {
  if (form_ == Form::kNone) return none();
  if (form_ == Form::kNode && node_->items != nullptr) return child(*node_->items);
  return MergeType(Form::kUntyped);
}

const Json* MergeType::field_default(std::string_view name) const {
  if (form_ != Form::kNode) return nullptr;
  const auto found = node_->properties.find(name);
  if (found == node_->properties.end() || !found->second.default_value) return nullptr;
  return &*found->second.default_value;
}

}  // namespace slipway::registry
