#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "registry/apply/field_set.h"
#include "registry/apply/merge_type.h"

// What server-side apply does with a value of a type: check it, say which fields it has, compare, merge, take parts
// away. Rules: structured-merge-diff, package typed. Pure functions.
namespace slipway::registry {

// A value that many may hold, with its type. Cheap to copy.
struct TypedValue {
  std::shared_ptr<const data::Json> value;
  MergeType type = MergeType::none();
};

// Which of its forms a type takes for a value: exactly one where that is clear; all that are open where it is not
// (null, absent, or a value of none of the forms).
struct Atom {
  bool map = false, scalar = false, list = false;
  friend bool operator==(const Atom&, const Atom&) = default;
};
Atom atom_of(const MergeType& type, const data::Json* value);

// The path element of an item of a set or list map. kInvalid in upstream's words when it has none.
base::Result<PathElement> element_of_item(const MergeType& list, const data::Json& item);

// Empty when the value fits the type, otherwise what is wrong in upstream's words (".spec.x: field not declared in
// schema"). kAllow is for live objects: several items of a set or list map may be the same. `numbers`: how messages
// show them; live objects keep their integers.
enum class Duplicates { kRefuse, kAllow };
std::string type_problem(const data::Json& value, const MergeType& type, Duplicates duplicates,
                         Numbers numbers = Numbers::kFloats);

// Every leaf and item that the value has.
FieldSet fields_of(const data::Json& value, const MergeType& type);

// What compare() calls added when there was nothing before: every field and item, each level itself included.
FieldSet added_fields(const data::Json& value, const MergeType& type);

// How `after` differs from `before`; no path is in more than one of the sets.
struct Comparison {
  FieldSet added, modified, removed;
  bool is_same() const { return added.empty() && modified.empty() && removed.empty(); }
};
Comparison compare(const data::Json& before, const data::Json& after, const MergeType& type);

// `configuration` put over `live`: its leaves win, nothing goes away. Items come in the configuration's order.
data::Json merge(const data::Json& live, const data::Json& configuration, const MergeType& type);

// Without the fields and items of the set. What becomes empty turns into null.
data::Json remove_fields(const data::Json& value, const FieldSet& fields, const MergeType& type);

// A set that was written under another schema: parts of what is atomic now become the whole.
FieldSet fit_to_type(const FieldSet& set, const MergeType& type);
bool fits_type(const FieldSet& set, const MergeType& type);

}  // namespace slipway::registry
