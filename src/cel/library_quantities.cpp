#include "cel/library.h"
#include "cel/quantity.h"

// Kubernetes' quantity library.
namespace slipway::cel {

namespace {

using Arguments = std::span<const Value>;

const TypeRef& quantity_type() {
  static const TypeRef type = types::opaque("kubernetes.Quantity");
  return type;
}

struct QuantityValue final : Extension {
  explicit QuantityValue(const Quantity& the_quantity) : quantity(the_quantity) {}
  const TypeRef& type() const override { return quantity_type(); }
  bool equals(const Extension& other) const override {
    return compare(quantity, static_cast<const QuantityValue&>(other).quantity) == 0;
  }
  Quantity quantity;
};

const Quantity& quantity_of(Arguments arguments, std::size_t index = 0) {
  return static_cast<const QuantityValue&>(**arguments[index].get<ExtensionRef>()).quantity;
}

Value parse(Arguments a, CallContext&) {
  Quantity quantity;
  switch (parse_quantity(*a[0].string(), quantity)) {
    case QuantityProblem::kNone:
      return ExtensionRef(std::make_shared<QuantityValue>(quantity));
    case QuantityProblem::kFormat:
      return Value::error(
          "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    case QuantityProblem::kNumber:
      return Value::error("unable to parse numeric part of quantity");
    case QuantityProblem::kSuffix:
      return Value::error("unable to parse quantity's suffix");
  }
  return Value();
}

template <bool kNegate>
Value sum(Arguments a, CallContext&) {
  Quantity right;
  if (const auto* number = a[1].get<std::int64_t>())
    right.value = *number;
  else
    right = quantity_of(a, 1);
  if (kNegate) right.value = -right.value;
  const auto result = add(quantity_of(a), right);
  if (!result) return Value::error("quantity overflow: the sum has more than 38 digits");
  return ExtensionRef(std::make_shared<QuantityValue>(*result));
}

}  // namespace

void add_quantities(Library& library) {
  using namespace types;
  const TypeRef& quantity = quantity_type();
  library.add("quantity", "string_to_quantity", {string}, quantity, parse, CostRule::kParse);
  library.add(
      "isQuantity", "is_quantity_string", {string}, boolean,
      [](Arguments a, CallContext&) -> Value {
        Quantity ignored;
        return parse_quantity(*a[0].string(), ignored) == QuantityProblem::kNone;
      },
      CostRule::kParse);
  library.add_member("isInteger", "quantity_is_integer", {quantity}, boolean,
                     [](Arguments a, CallContext&) -> Value { return quantity_of(a).as_integer().has_value(); });
  library.add_member("asInteger", "quantity_get_int", {quantity}, integer, [](Arguments a, CallContext&) -> Value {
    const auto value = quantity_of(a).as_integer();
    return value ? Value(*value) : Value::error("cannot convert value to integer");
  });
  library.add_member("asApproximateFloat", "quantity_get_float", {quantity}, floating,
                     [](Arguments a, CallContext&) -> Value { return quantity_of(a).approximate(); });
  library.add("sign", "quantity_sign", {quantity}, integer,
              [](Arguments a, CallContext&) -> Value { return std::int64_t{quantity_of(a).sign()}; });
  library.add_member("isGreaterThan", "quantity_is_greater_than", {quantity, quantity}, boolean,
                     [](Arguments a, CallContext&) -> Value { return compare(quantity_of(a), quantity_of(a, 1)) > 0; });
  library.add_member("isLessThan", "quantity_is_less_than", {quantity, quantity}, boolean,
                     [](Arguments a, CallContext&) -> Value { return compare(quantity_of(a), quantity_of(a, 1)) < 0; });
  library.add_member("compareTo", "quantity_compare_to", {quantity, quantity}, integer,
                     [](Arguments a, CallContext&) -> Value {
                       const auto order = compare(quantity_of(a), quantity_of(a, 1));
                       return std::int64_t{order < 0 ? -1 : order > 0 ? 1 : 0};
                     });
  library.add_member("add", "quantity_add", {quantity, quantity}, quantity, sum<false>);
  library.add_member("add", "quantity_add_int", {quantity, integer}, quantity, sum<false>);
  library.add_member("sub", "quantity_sub", {quantity, quantity}, quantity, sum<true>);
  library.add_member("sub", "quantity_sub_int", {quantity, integer}, quantity, sum<true>);
}

}  // namespace slipway::cel
