#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "registry/apply/json_order.h"

namespace slipway::registry {

// One step of a field path: a member of a map ("f:name"), an item of a list map by its keys (`k:{"name":"a"}`), an item
// of a set by its value ("v:1"), an item of a list by its index ("i:0"). Format and order: structured-merge-diff,
// package fieldpath. Fields sort before keys, keys before values, values before indexes.
class PathElement {
 public:
  using Key = std::vector<std::pair<std::string, data::Json>>;  // sorted by name

  static PathElement field(std::string_view name) { return PathElement(Field{std::string(name)}); }
  static PathElement key(Key fields);
  static PathElement value(data::Json value) { return PathElement(Value{std::move(value)}); }
  static PathElement index(std::int64_t index) { return PathElement(Index{index}); }

  // The name of a field, or null for the other forms.
  const std::string* field_name() const;
  bool is_key() const { return std::holds_alternative<KeyFields>(form_); }

  // "f:name". Reading: kBadRequest for a text that is malformed; none for a form of a later version, which is skipped.
  std::string serialize() const;
  static base::Result<std::optional<PathElement>> parse(std::string_view text);

  // ".name", `[name="a"]`, "[=1]", "[0]".
  std::string text(Numbers numbers = Numbers::kFloats) const;

  int compare(const PathElement& other) const;
  friend bool operator<(const PathElement& left, const PathElement& right) { return left.compare(right) < 0; }
  friend bool operator==(const PathElement& left, const PathElement& right) { return left.compare(right) == 0; }

 private:
  struct Field {
    std::string name;
  };
  struct KeyFields {
    Key fields;
  };
  struct Value {
    data::Json value;
  };
  struct Index {
    std::int64_t index;
  };
  using Form = std::variant<Field, KeyFields, Value, Index>;  // in the order of sorting
  explicit PathElement(Form form) : form_(std::move(form)) {}
  Form form_;
};

using FieldPath = std::vector<PathElement>;
std::string path_text(const FieldPath& path);

}  // namespace slipway::registry
