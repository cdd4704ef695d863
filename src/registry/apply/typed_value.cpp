#include "registry/apply/typed_value.h"

#include <algorithm>
#include <fmt/core.h>

#include "registry/apply/json_order.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " ") + quoted_text(name);
  return "[" + out + "]";
}

base::Result<PathElement> element_of_map_item(const MergeType& list, const Json& item) {
  if (item.is_null()) return fail(ErrorCode::kInvalid, "associative list with keys may not have a null element");
  if (!item.is_object()) return fail(ErrorCode::kInvalid, "associative list with keys may not have non-map elements");
  const MergeType type = list.element();
  PathElement::Key key;
  for (const std::string& name : list.list_keys()) {
    const auto found = item.members().find(name);
    if (found != item.members().end()) {
      key.emplace_back(name, found->second);
      continue;
    }
    if (!type.may_be_map())
      return fail(ErrorCode::kInvalid, fmt::format("couldn't find default value for {}: associative list may not have "
                                                   "non-map types",
                                                   name));
    if (const Json* value = type.field_default(name); value != nullptr && !value->is_null())
      key.emplace_back(name, *value);
  }
  if (key.empty())
    return fail(ErrorCode::kInvalid, fmt::format("associative list with keys has an element that omits all key fields "
                                                 "{} (and doesn't have default values for any key fields)",
                                                 quoted_list(list.list_keys())));
  return PathElement::key(std::move(key));
}

base::Result<PathElement> element_of_set_item(const Json& item) {
  if (item.is_object())
    return fail(ErrorCode::kInvalid, "associative list without keys has an element that's a map type");
  if (item.is_array()) return fail(ErrorCode::kInvalid, "not supported: associative list with lists as elements");
  if (item.is_null())
    return fail(ErrorCode::kInvalid, "associative list without keys has an element that's an explicit null");
  return PathElement::value(item);
}

}  // namespace

Atom atom_of(const MergeType& type, const Json* value) {
  const Atom all{type.may_be_map(), type.may_be_scalar(), type.may_be_list()};
  if (value == nullptr || value->is_null()) return all;
  if (value->is_object()) return all.map ? Atom{true, false, false} : all;
  if (value->is_array()) return all.list ? Atom{false, false, true} : all;
  return all.scalar ? Atom{false, true, false} : all;
}

base::Result<PathElement> element_of_item(const MergeType& list, const Json& item) {
  return list.list_keys().empty() ? element_of_set_item(item) : element_of_map_item(list, item);
}

namespace {

bool is_untyped_map(const MergeType& type) {
  return type.other_fields().is_deduced() && !type.has_named_fields();
}

// Whether sets tell the parts of this place apart; maps without any schema are left as they are.
bool has_typed_parts(const MergeType& type) {
  if (type.may_be_map()) return !is_untyped_map(type);
  return !type.may_be_scalar() && type.may_be_list();
}

MergeType type_below(const MergeType& type, const PathElement& element) {
  if (!type.may_be_map()) return type.element();
  const std::string* name = element.field_name();
  return name != nullptr ? type.field(*name) : type.other_fields();
}

bool is_whole(const MergeType& type) {
  if (type.may_be_map()) return type.is_map_atomic() && !is_untyped_map(type);
  return !type.may_be_scalar() && type.may_be_list() && type.is_list_atomic();
}

}  // namespace

bool fits_type(const FieldSet& set, const MergeType& type) {
  if (!has_typed_parts(type)) return true;
  return std::ranges::all_of(set.nodes(), [&](const FieldSet::Node& node) {
    if (node.children.empty()) return true;
    const MergeType below = type_below(type, node.element);
    return !is_whole(below) && fits_type(node.children, below);
  });
}

FieldSet fit_to_type(const FieldSet& set, const MergeType& type) {
  if (!has_typed_parts(type)) return set;
  FieldSet out;
  for (const FieldSet::Node& node : set.nodes()) {
    FieldSet::Node fitted{node.element, node.member, {}};
    const MergeType below = type_below(type, node.element);
    if (!node.children.empty() && is_whole(below))
      fitted.member = true;
    else
      fitted.children = node.children.empty() ? node.children : fit_to_type(node.children, below);
    out.append(std::move(fitted));
  }
  return out;
}

}  // namespace slipway::registry
