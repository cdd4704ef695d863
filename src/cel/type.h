#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::cel {

struct Declaration;

enum class TypeKind {
  kDyn,
  kError,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kList,      // of parameters[0]
  kMap,       // from parameters[0] to parameters[1]
  kObject,    // the fields are in `declaration`
  kType,      // the type of types; of parameters[0] when known
  kOptional,  // of parameters[0]
  kOpaque,    // a library's own type, by name
  kParameter  // a type variable of a function or of an empty literal
};

struct Type;
using TypeRef = std::shared_ptr<const Type>;

// A static type of the language. Immutable and shared.
struct Type {
  TypeKind kind = TypeKind::kDyn;
  std::string name;
  std::vector<TypeRef> parameters;
  const Declaration* declaration = nullptr;

  // As messages show it: "int", "list(string)", "map(string, dyn)".
  std::string text() const;
};

bool same_type(const Type& left, const Type& right);

namespace types {
extern const TypeRef dyn, broken, null, boolean, integer, uint, floating, string, bytes, timestamp, duration, meta;
TypeRef list(TypeRef item);
TypeRef map(TypeRef key, TypeRef value);
TypeRef optional(TypeRef value);
TypeRef opaque(std::string_view name);
TypeRef parameter(std::string_view name);
TypeRef type_of(TypeRef of);
}  // namespace types

// What is known about type variables while an expression is checked.
class Substitutions {
 public:
  const TypeRef* find(const Type& variable) const;
  // Whether a value of type `left` may stand where `right` is asked for; learns about variables when it may.
  bool assign(const TypeRef& left, const TypeRef& right);
  bool assign_all(const std::vector<TypeRef>& left, const std::vector<TypeRef>& right);
  // `type` with every known variable replaced; unknown ones become dyn when `unknown_is_dyn`.
  TypeRef apply(const TypeRef& type, bool unknown_is_dyn) const;
  void bind(const Type& variable, TypeRef type) { known_[variable.name] = std::move(type); }

 private:
  bool is_assignable(const TypeRef& left, const TypeRef& right);
  bool are_assignable(const std::vector<TypeRef>& left, const std::vector<TypeRef>& right);
  enum class Bound { kNo, kMismatch, kYes };
  Bound bind_variable(const TypeRef& type, const TypeRef& variable);
  bool occurs(const Type& variable, const TypeRef& in) const;

  std::map<std::string, TypeRef, std::less<>> known_;
};

// The more general of two types that fit each other.
TypeRef most_general(const TypeRef& left, const TypeRef& right);

}  // namespace slipway::cel
