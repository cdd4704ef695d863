#pragma once

#include <cstdint>
#include <vector>

#include "cel/cost.h"
#include "cel/expression.h"

namespace slipway::cel {

// Walks a checked expression once. The language's cost is counted as upstream counts it, and ends the evaluation when
// it passes the limit.
class Evaluator {
 public:
  Evaluator(int slots, std::uint64_t cost_limit) : slots_(static_cast<std::size_t>(slots)), cost_limit_(cost_limit) {}

  Value& slot(std::size_t index) { return slots_[index]; }
  Value run(const Expression& root);
  std::uint64_t cost() const { return cost_; }

 private:
  Value evaluate(const Expression& expression);
  Value evaluate_branch(const Expression& expression);
  Value select(const Expression& expression);
  Value has_member(const Expression& expression);
  Value index(const Expression& expression);
  Value plain_member(const Value& target, const Value& key);
  Value optional_member(const Value& target, const Value& key);
  Value call(const Expression& expression);
  Value dispatch(const Expression& expression, std::span<const Value> arguments);
  Value logical(const Expression& expression);
  Value make_list(const Expression& expression);
  Value make_map(const Expression& expression);
  Value loop(const Expression& expression);
  bool run_steps(const Expression& expression, const Value& range, Value& problem);
  bool step(const Expression& expression);
  Value grow(const Expression& expression);
  Value insert(const Expression& expression, Value& accumulator);
  Value choose_optional(const Expression& expression);

  // False when the limit is passed: every value from then on is that error.
  bool charge(std::uint64_t cost);
  Value cancelled() const;
  bool is_cancelled() const { return cost_ > cost_limit_ || work_.is_exhausted(); }

  std::vector<Value> slots_;
  std::uint64_t cost_limit_;
  std::uint64_t cost_ = 0;
  WorkMeter work_;
};

}  // namespace slipway::cel
