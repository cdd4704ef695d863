#include <map>
#include <vector>

#include "registry/apply/typed_value.h"

namespace slipway::registry {

using data::Json;

namespace {

// What a value has: fields below it, and whether it is a leaf, that is a member of the set by itself.
struct Found {
  FieldSet below;
  bool leaf = false;
};

Found find_fields(const Json& value, const MergeType& type);

FieldSet find_in_map(const Json& value, const MergeType& type) {
  FieldSet out;
  for (const auto& [name, member] : value.members()) {
    Found found = find_fields(member, type.field(name));
    const bool is_empty = member.is_null() || (member.is_object() && member.empty());
    out.append({PathElement::field(name), found.leaf || is_empty || !type.names_field(name), std::move(found.below)});
  }
  return out;
}

// Items that are there more than once are only named: their parts have no owner.
FieldSet find_in_list(const Json& value, const MergeType& type) {
  const MergeType element_type = type.element();
  std::map<PathElement, int> counts;
  std::vector<PathElement> elements;
  for (const Json& item : value.items()) {
    auto element = element_of_item(type, item);
    elements.push_back(element ? std::move(*element) : PathElement::key({}));
    ++counts[elements.back()];
  }
  FieldSet out;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    FieldSet::Node& node = out.node(elements[i]);
    node.member = true;
    if (counts[elements[i]] == 1) node.children = find_fields(value.items()[i], element_type).below;
  }
  return out;
}

Found find_fields(const Json& value, const MergeType& type) {
  const Atom atom = atom_of(type, &value);
  if (atom.map) {
    if (type.is_map_atomic()) return {{}, true};
    return {find_in_map(value, type), false};
  }
  if (atom.scalar) return {{}, true};
  if (atom.list) {
    if (type.is_list_atomic()) return {{}, true};
    return {find_in_list(value, type), false};
  }
  return {};
}

FieldSet added_in_list(const Json& value, const MergeType& type) {
  std::map<PathElement, std::vector<const Json*>> groups;
  for (const Json& item : value.items())
    if (auto element = element_of_item(type, item)) groups[std::move(*element)].push_back(&item);
  FieldSet out;
  for (const auto& [element, items] : groups) {
    // Items that are there more than once are one value.
    FieldSet below = items.size() == 1 ? added_fields(*items.front(), type.element()) : FieldSet();
    out.append({element, true, std::move(below)});
  }
  return out;
}

}  // namespace

FieldSet added_fields(const Json& value, const MergeType& type) {
  const Atom atom = atom_of(type, &value);
  FieldSet out;
  if (atom.map && value.is_object() && !type.is_map_atomic()) {
    for (const auto& [name, member] : value.members())
      out.append({PathElement::field(name), true, added_fields(member, type.field(name))});
  } else if (!atom.map && !atom.scalar && atom.list && value.is_array() && !type.is_list_atomic()) {
    out = added_in_list(value, type);
  }
  return out;
}

FieldSet fields_of(const Json& value, const MergeType& type) {
  return find_fields(value, type).below;
}

}  // namespace slipway::registry
