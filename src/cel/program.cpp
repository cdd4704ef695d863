#include "cel/program.h"

#include "cel/checker.h"
#include "cel/cost_estimate.h"
#include "cel/evaluator.h"
#include "cel/parser.h"
#include "cel/prepare.h"

namespace slipway::cel {

using base::ErrorCode;

Program::Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

base::Result<Program> Program::compile(std::string_view source, const DeclarationRef& self, bool optional_old,
                                       ResultType result) {
  const std::vector<Variable> variables = {{"self", self->type},
                                           {"oldSelf", optional_old ? types::optional(self->type) : self->type}};
  ExpressionPtr parsed = SLIPWAY_TRY(parse(source));
  CheckedExpression checked = SLIPWAY_TRY(check(source, std::move(parsed), variables, kubernetes_library()));
  const TypeKind wanted = result == ResultType::kBool ? TypeKind::kBool : TypeKind::kString;
  if (checked.root->type->kind != wanted)
    return base::fail(ErrorCode::kInvalid, result == ResultType::kBool ? "cel expression must evaluate to a bool"
                                                                       : "messageExpression must evaluate to a string");
  const std::uint64_t most_cost = estimate_cost(*checked.root, *self);
  SLIPWAY_TRY(prepare(*checked.root));
  Program program;
  program.self_ = self;
  program.root_ = std::move(checked.root);
  program.slots_ = checked.slots;
  program.optional_old_ = optional_old;
  program.uses_old_ = checked.uses[1];
  program.most_cost_ = most_cost;
  return program;
}

Evaluation Program::evaluate(const data::Json& self, const data::Json* old) const {
  Evaluator evaluator(slots_, kCostPerCall);
  evaluator.slot(0) = Value::of_json(self, self_.get());
  if (uses_old_) {
    Value before = old != nullptr ? Value::of_json(*old, self_.get()) : Value::error("no such attribute(s): oldSelf");
    if (optional_old_) before = old != nullptr ? Value::some(std::move(before)) : Value::none();
    evaluator.slot(1) = std::move(before);
  }
  Evaluation evaluation;
  evaluation.value = evaluator.run(*root_);
  evaluation.cost = evaluator.cost();
  return evaluation;
}

}  // namespace slipway::cel
