#include "registry/apply/typed_value.h"

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

FieldSet fit_to_type(const FieldSet& set, const MergeType& type) {
  const bool granular_map = type.may_be_map() && !(type.other_fields().is_deduced() && !type.has_named_fields());
  const bool list = !type.may_be_map() && !type.may_be_scalar() && type.may_be_list();
  if (!granular_map && !list) return set;
  FieldSet out;
  for (const FieldSet::Node& node : set.nodes()) {
    const std::string* name = node.element.field_name();
    MergeType below = MergeType::none();
    if (list)
      below = type.element();
    else
      below = name != nullptr ? type.field(*name) : type.other_fields();
    FieldSet::Node fitted = node;
    const bool has_parts = !node.children.empty();
    const bool is_untyped_map = below.may_be_map() && below.other_fields().is_deduced() && !below.has_named_fields();
    const bool atomic = below.may_be_map()      ? below.is_map_atomic() && !is_untyped_map
                        : below.may_be_scalar() ? false
                                                : below.may_be_list() && below.is_list_atomic();
    if (has_parts && atomic) {
      fitted.member = true;
      fitted.children = FieldSet();
    } else if (has_parts) {
      fitted.children = fit_to_type(node.children, below);
    }
    out.append(std::move(fitted));
  }
  return out;
}

}  // namespace slipway::registry
