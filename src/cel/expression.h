#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cel/type.h"
#include "cel/value.h"

namespace slipway::cel {

struct Overload;
struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

// One node of an expression: what the parser found, then what the checker learned about it.
struct Expression {
  enum class Kind {
    kLiteral,        // constant
    kIdentifier,     // name
    kSelect,         // children[0].name; with `optional`: children[0].?name
    kPresence,       // has(children[0].name)
    kCall,           // name(children...), or children[0].name(children[1]...) with is_member
    kIndex,          // children[0][children[1]]; with `optional`: [?...]
    kAnd,            // of all children
    kOr,             // of all children
    kConditional,    // children[0] ? children[1] : children[2]
    kList,           // children; optional_entries
    kMap,            // children: key, value, key, value...; optional_entries by pair
    kMessage,        // name{...}: no message types exist, the checker refuses it
    kComprehension,  // loop; children in the order of the constants below
  };
  // Children of a comprehension.
  enum Part : std::size_t { kRange, kInitial, kCondition, kStep, kResult };

  Kind kind = Kind::kLiteral;
  std::uint32_t position = 0;  // byte in the source
  std::uint16_t depth = 1;     // levels below and including this one
  bool is_member = false;
  bool optional = false;
  std::string name;
  Value constant;
  std::vector<ExpressionPtr> children;
  std::vector<bool> optional_entries;  // empty: none
  // Of a comprehension: its variables; the second iteration variable may be absent.
  std::string variable, second_variable, accumulator;

  // From the checker.
  TypeRef type;
  std::vector<const Overload*> overloads;  // of a call or index: those that fit the static types
  int slot = -1;                           // of an identifier that is a variable
  int first_slot = -1;                     // of a comprehension: accumulator, then iteration variables
  bool is_constant = false;                // `constant` is the value
  // A step `accumulator + [x]`, or an insertion: the accumulator is changed in place.
  bool grows_accumulator = false;
  bool free_membership = false;          // `x in [literals]`: upstream looks it up in a set
  std::shared_ptr<const void> prepared;  // of matches(): the compiled pattern

  bool has_second_variable() const { return !second_variable.empty(); }
};

// The names of the operators as functions, in the words of the language's definition.
namespace operators {
inline constexpr std::string_view kAdd = "_+_", kSubtract = "_-_", kMultiply = "_*_", kDivide = "_/_", kModulo = "_%_",
                                  kNegate = "-_", kNot = "!_", kEquals = "_==_", kNotEquals = "_!=_", kLess = "_<_",
                                  kLessEquals = "_<=_", kGreater = "_>_", kGreaterEquals = "_>=_", kIn = "@in",
                                  kIndex = "_[_]", kOptionalIndex = "_[?_]", kConditional = "_?_:_", kAnd = "_&&_",
                                  kOr = "_||_", kNotStrictlyFalse = "@not_strictly_false",
                                  kMapInsert = "cel.@mapInsert", kSortBy = "@sortByAssociatedKeys";
}
// The accumulator of the macros; no identifier of the source can be called so.
inline constexpr std::string_view kAccumulator = "@result";

// A deep copy of what the parser made.
ExpressionPtr copy(const Expression& expression);

}  // namespace slipway::cel
