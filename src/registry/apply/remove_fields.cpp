#include "registry/apply/typed_value.h"

namespace slipway::registry {

using data::Json;

namespace {

Json remove_from_list(const Json& value, const FieldSet& fields, const MergeType& type) {
  if (!value.is_array() || value.empty() || type.is_list_atomic()) return Json();
  Json::Array kept;
  for (const Json& item : value.items()) {
    const auto element = element_of_item(type, item);
    if (!element) continue;
    if (fields.has_member(*element)) continue;
    const FieldSet* below = fields.below(*element);
    kept.push_back(below != nullptr ? remove_fields(item, *below, type.element()) : item);
  }
  return kept.empty() ? Json() : Json(std::move(kept));
}

Json remove_from_map(const Json& value, const FieldSet& fields, const MergeType& type) {
  if (!value.is_object() || value.empty() || type.is_map_atomic()) return Json();
  Json::Object kept;
  for (const auto& [name, member] : value.members()) {
    const PathElement element = PathElement::field(name);
    if (fields.has_member(element)) continue;
    const FieldSet* below = fields.below(element);
    kept.insert_or_assign(name, below != nullptr ? remove_fields(member, *below, type.field(name)) : member);
  }
  return kept.empty() ? Json() : Json(std::move(kept));
}

}  // namespace

Json remove_fields(const Json& value, const FieldSet& fields, const MergeType& type) {
  const Atom atom = atom_of(type, &value);
  if (atom.map) return remove_from_map(value, fields, type);
  if (atom.scalar) return value;
  if (atom.list) return remove_from_list(value, fields, type);
  return Json();
}

}  // namespace slipway::registry
