#include "registry/schema.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "registry/schema_expressions.h"
#include "registry/schema_node.h"
#include "registry/schema_validation.h"

namespace slipway::registry {

using data::Json;

const SchemaNode* SchemaNode::member(std::string_view name) const {
  const auto found = properties.find(name);
  return found != properties.end() ? &found->second : additional.get();
}

namespace {

// Where a walk is, as a chain to the root: a member, or an item where there is no name. A text only when one is asked
// for.
struct Place {
  const Place* above;
  std::string_view name;
  std::size_t index;

  std::string text() const {
    std::string out = above != nullptr ? above->text() : "";
    if (name.data() == nullptr) return out.append("[").append(std::to_string(index)).append("]");
    if (above != nullptr) out += '.';
    return out.append(name);
  }
};

bool is_forbidden_null(const Json& value, const SchemaNode& node) {
  return value.is_null() && !node.nullable;
}

void drop_nulls(Json& value, const SchemaNode& node) {
  if (value.is_object()) {
    Json::Object& members = value.mutable_members();
    for (auto here = members.begin(); here != members.end();) {
      const SchemaNode* child = node.member(here->first);
      if (child != nullptr && is_forbidden_null(here->second, *child) && !child->default_value) {
        here = members.erase(here);
        continue;
      }
      if (child != nullptr) drop_nulls(here->second, *child);
      ++here;
    }
  } else if (value.is_array() && node.items != nullptr) {
    for (Json& item : value.mutable_items()) drop_nulls(item, *node.items);
  }
}

void fill_defaults(Json& value, const SchemaNode& node) {
  if (value.is_object()) {
    for (const auto& [name, child] : node.properties) {
      if (!child.default_value) continue;
      if (!value.contains(name) || is_forbidden_null(value[name], child)) value.set(name, *child.default_value);
    }
    for (auto& [name, member] : value.mutable_members()) {
      const SchemaNode* child = node.member(name);
      if (child == nullptr) continue;
      if (is_forbidden_null(member, *child) && child->default_value) member = *child->default_value;
      fill_defaults(member, *child);
    }
  } else if (value.is_array() && node.items != nullptr) {
    for (Json& item : value.mutable_items()) {
      if (is_forbidden_null(item, *node.items) && node.items->default_value) item = *node.items->default_value;
      fill_defaults(item, *node.items);
    }
  }
}

// Below a value that has no schema of its own, as a list in the place of a string.
void prune_everything(Json& value) {
  if (value.is_object())
    value = Json::object();
  else if (value.is_array())
    for (Json& item : value.mutable_items()) prune_everything(item);
}

bool is_known_member(const SchemaNode& node, std::string_view name) {
  return node.member(name) != nullptr || node.preserve_unknown || node.any_additional ||
         (node.embedded_resource && is_resource_member(name));
}

// The schema by which a known member is pruned, or null.
const SchemaNode* pruned_member(const SchemaNode& node, std::string_view name) {
  return node.embedded_resource && name == "metadata" ? nullptr : node.member(name);
}

void prune_value(Json& value, const SchemaNode& node) {
  if (value.is_object()) {
    Json::Object& members = value.mutable_members();
    for (auto here = members.begin(); here != members.end();) {
      if (!is_known_member(node, here->first)) {
        here = members.erase(here);
        continue;
      }
      if (const SchemaNode* child = pruned_member(node, here->first); child != nullptr)
        prune_value(here->second, *child);
      ++here;
    }
  } else if (value.is_array()) {
    for (Json& item : value.mutable_items()) {
      if (node.items != nullptr)
        prune_value(item, *node.items);
      else if (!node.preserve_unknown)
        prune_everything(item);
    }
  }
}

// The same walk as prune_value(), which notes instead of removing.
class UnknownFields {
 public:
  std::vector<std::string> paths;

  void visit(const Json& value, const SchemaNode& node, const Place* place) {
    for (const auto& [name, member] : value.members()) {
      const Place below{place, name, 0};
      if (!is_known_member(node, name))
        paths.push_back(below.text());
      else if (const SchemaNode* child = pruned_member(node, name); child != nullptr)
        visit(member, *child, &below);
    }
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      const Place below{place, {}, i};
      if (node.items != nullptr)
        visit(value.items()[i], *node.items, &below);
      else if (!node.preserve_unknown)
        visit_everything(value.items()[i], &below);
    }
  }

 private:
  void visit_everything(const Json& value, const Place* place) {
    for (const auto& [name, member] : value.members()) paths.push_back(Place{place, name, 0}.text());
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      const Place below{place, {}, i};
      visit_everything(value.items()[i], &below);
    }
  }
};

}  // namespace

StructuralSchema::StructuralSchema(std::unique_ptr<SchemaNode> node, Root root) : node_(std::move(node)), root_(root) {}
StructuralSchema::~StructuralSchema() = default;

void StructuralSchema::prune(Json& value) const {
  prune_value(value, *node_);
}

std::vector<std::string> StructuralSchema::unknown_fields(const Json& value) const {
  UnknownFields found;
  found.visit(value, *node_, nullptr);
  return std::move(found.paths);
}

void StructuralSchema::apply_defaults(Json& value) const {
  drop_nulls(value, *node_);
  fill_defaults(value, *node_);
}

void StructuralSchema::validate(const Json& value, FieldErrors& errors, std::string_view path) const {
  FieldErrors found;
  validate_structure(value, found, path);
  validate_rules(value, nullptr, found, path);
  errors.insert(errors.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
}

void StructuralSchema::validate_structure(const Json& value, FieldErrors& errors, std::string_view path) const {
  SchemaValidator(errors).validate(value, *node_, std::string(path), root_ == Root::kResource);
}

void StructuralSchema::validate_rules(const Json& value, const Json* old, FieldErrors& errors,
                                      std::string_view path) const {
  if (expressions_ == nullptr) return;
  // Rules rely on types and sizes; kube-apiserver lets other errors pass here.
  static constexpr std::string_view kBlocking[] = {"FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong",
                                                   "FieldValueTooMany", "FieldValueTypeInvalid"};
  const bool is_blocked = std::ranges::any_of(errors, [](const base::FieldError& error) {
    return std::ranges::find(kBlocking, error.reason) != std::end(kBlocking);
  });
  if (is_blocked)
    errors.push_back(invalid_value(
        "<nil>", Json(),
        "some validation rules were not checked because the object was invalid; correct the existing errors "
        "to complete validation"));
  else
    check_expressions(*expressions_, value, old, errors, path);
}

}  // namespace slipway::registry
