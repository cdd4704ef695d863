#include "cel/type.h"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>

namespace slipway::cel {

namespace {

TypeRef simple(TypeKind kind, std::string_view name) {
  auto type = std::make_shared<Type>();
  type->kind = kind;
  type->name = name;
  return type;
}

TypeRef composed(TypeKind kind, std::string_view name, std::vector<TypeRef> parameters) {
  auto type = std::make_shared<Type>();
  type->kind = kind;
  type->name = name;
  type->parameters = std::move(parameters);
  return type;
}

bool is_wildcard(const Type& type) {
  return type.kind == TypeKind::kDyn || type.kind == TypeKind::kError;
}

// null stands for these, as in the original type checker of the language.
bool takes_null(const Type& type) {
  switch (type.kind) {
    case TypeKind::kNull:
    case TypeKind::kOpaque:
    case TypeKind::kOptional:
    case TypeKind::kObject:
    case TypeKind::kDuration:
    case TypeKind::kTimestamp:
      return true;
    default:
      return false;
  }
}

bool is_equal_or_less_specific(const Type& left, const Type& right) {
  if (left.kind == TypeKind::kDyn || left.kind == TypeKind::kParameter) return true;
  if (right.kind == TypeKind::kDyn || right.kind == TypeKind::kParameter) return false;
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case TypeKind::kOpaque:
    case TypeKind::kOptional:
    case TypeKind::kList:
    case TypeKind::kMap:
      return left.name == right.name &&
             std::ranges::equal(left.parameters, right.parameters,
                                [](const TypeRef& a, const TypeRef& b) { return is_equal_or_less_specific(*a, *b); });
    case TypeKind::kType:
      return true;
    default:
      return same_type(left, right);
  }
}

}  // namespace

namespace types {
const TypeRef dyn = simple(TypeKind::kDyn, "dyn");
const TypeRef broken = simple(TypeKind::kError, "!error!");
const TypeRef null = simple(TypeKind::kNull, "null_type");
const TypeRef boolean = simple(TypeKind::kBool, "bool");
const TypeRef integer = simple(TypeKind::kInt, "int");
const TypeRef uint = simple(TypeKind::kUint, "uint");
const TypeRef floating = simple(TypeKind::kDouble, "double");
const TypeRef string = simple(TypeKind::kString, "string");
const TypeRef bytes = simple(TypeKind::kBytes, "bytes");
const TypeRef timestamp = simple(TypeKind::kTimestamp, "google.protobuf.Timestamp");
const TypeRef duration = simple(TypeKind::kDuration, "google.protobuf.Duration");
const TypeRef meta = simple(TypeKind::kType, "type");

TypeRef list(TypeRef item) {
  return composed(TypeKind::kList, "list", {std::move(item)});
}
TypeRef map(TypeRef key, TypeRef value) {
  return composed(TypeKind::kMap, "map", {std::move(key), std::move(value)});
}
TypeRef optional(TypeRef value) {
  return composed(TypeKind::kOptional, "optional_type", {std::move(value)});
}
TypeRef opaque(std::string_view name) {
  return simple(TypeKind::kOpaque, name);
}
TypeRef parameter(std::string_view name) {
  return simple(TypeKind::kParameter, name);
}
TypeRef type_of(TypeRef of) {
  return composed(TypeKind::kType, "type", {std::move(of)});
}
}  // namespace types

std::string Type::text() const {
  if (kind == TypeKind::kObject) return "object";
  if (kind == TypeKind::kTimestamp) return "timestamp";
  if (kind == TypeKind::kDuration) return "duration";
  if (parameters.empty()) return name;
  std::vector<std::string> parts;
  for (const TypeRef& part : parameters) parts.push_back(part->text());
  return fmt::format("{}({})", name, fmt::join(parts, ", "));
}

bool same_type(const Type& left, const Type& right) {
  if (&left == &right) return true;
  return left.kind == right.kind && left.name == right.name && left.declaration == right.declaration &&
         std::ranges::equal(left.parameters, right.parameters,
                            [](const TypeRef& a, const TypeRef& b) { return same_type(*a, *b); });
}

TypeRef most_general(const TypeRef& left, const TypeRef& right) {
  return is_equal_or_less_specific(*left, *right) ? left : right;
}

const TypeRef* Substitutions::find(const Type& variable) const {
  if (variable.kind != TypeKind::kParameter) return nullptr;
  const auto found = known_.find(variable.name);
  return found == known_.end() ? nullptr : &found->second;
}

bool Substitutions::assign(const TypeRef& left, const TypeRef& right) {
  Substitutions attempt = *this;
  if (!attempt.is_assignable(left, right)) return false;
  *this = std::move(attempt);
  return true;
}

bool Substitutions::assign_all(const std::vector<TypeRef>& left, const std::vector<TypeRef>& right) {
  Substitutions attempt = *this;
  if (!attempt.are_assignable(left, right)) return false;
  *this = std::move(attempt);
  return true;
}

bool Substitutions::are_assignable(const std::vector<TypeRef>& left, const std::vector<TypeRef>& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i)
    if (!is_assignable(left[i], right[i])) return false;
  return true;
}

bool Substitutions::occurs(const Type& variable, const TypeRef& in) const {
  if (same_type(variable, *in)) return true;
  if (in->kind == TypeKind::kParameter) {
    const TypeRef* known = find(*in);
    return known != nullptr && occurs(variable, *known);
  }
  return std::ranges::any_of(in->parameters, [&](const TypeRef& part) { return occurs(variable, part); });
}

Substitutions::Bound Substitutions::bind_variable(const TypeRef& type, const TypeRef& variable) {
  if (same_type(*type, *variable)) return Bound::kYes;
  if (const TypeRef* found = find(*variable); found != nullptr) {
    const TypeRef known = *found;
    if (same_type(*type, *known)) return Bound::kYes;
    if (!is_assignable(type, known)) return Bound::kMismatch;
    const TypeRef general = most_general(type, known);
    if (!occurs(*variable, general)) bind(*variable, general);
    return Bound::kYes;
  }
  if (occurs(*variable, type)) return Bound::kNo;
  bind(*variable, type);
  return Bound::kYes;
}

bool Substitutions::is_assignable(const TypeRef& left, const TypeRef& right) {
  if (right->kind == TypeKind::kParameter) {
    const Bound bound = bind_variable(left, right);
    if (bound == Bound::kYes) return true;
    if (bound == Bound::kMismatch) return false;
  }
  if (left->kind == TypeKind::kParameter) return bind_variable(right, left) == Bound::kYes;
  if (is_wildcard(*left) || is_wildcard(*right)) return true;
  if (left->kind == TypeKind::kNull) return takes_null(*right);
  if (right->kind == TypeKind::kNull) return takes_null(*left);
  if (left->kind != right->kind) return false;
  switch (left->kind) {
    case TypeKind::kType:
      return true;
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kOptional:
    case TypeKind::kOpaque:
      return left->name == right->name && are_assignable(left->parameters, right->parameters);
    default:
      return same_type(*left, *right);
  }
}

TypeRef Substitutions::apply(const TypeRef& type, bool unknown_is_dyn) const {
  if (const TypeRef* known = find(*type); known != nullptr) return apply(*known, unknown_is_dyn);
  if (type->kind == TypeKind::kParameter) return unknown_is_dyn ? types::dyn : type;
  if (type->parameters.empty()) return type;
  auto copy = std::make_shared<Type>(*type);
  for (TypeRef& part : copy->parameters) part = apply(part, unknown_is_dyn);
  return copy;
}

}  // namespace slipway::cel
