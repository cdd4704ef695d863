#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/declaration.h"
#include "cel/value.h"
#include "data/json.h"

namespace slipway::cel {

struct Expression;

// Bounds of Kubernetes (k8s.io/apiserver/pkg/apis/cel/config.go), in units of the language's cost.
inline constexpr std::uint64_t kCostPerCall = 1'000'000;
inline constexpr std::int64_t kCostPerObject = 10'000'000;
inline constexpr std::size_t kLongestMessage = 5 * 1024;  // bytes of an evaluated messageExpression

enum class ResultType { kBool, kString };

struct Evaluation {
  Value value;  // of the result type, or an error
  std::uint64_t cost = 0;
};

// A compiled expression over `self` and `oldSelf`. Immutable: use from any thread.
class Program {
 public:
  // kInvalid with upstream's words: syntax, types, and everything that this implementation does not have, by name.
  // With `optional_old`, oldSelf is an optional that is none on creation.
  static base::Result<Program> compile(std::string_view source, const DeclarationRef& self, bool optional_old,
                                       ResultType result);
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  // `old` may be null: oldSelf is then none, or (not optional) must not occur.
  Evaluation evaluate(const data::Json& self, const data::Json* old) const;

  bool uses_old() const { return uses_old_; }
  // The most this expression may cost, as upstream estimates it from the bounds of the schema.
  std::uint64_t most_cost() const { return most_cost_; }

 private:
  Program();
  DeclarationRef self_;
  std::unique_ptr<Expression> root_;
  int slots_ = 0;
  bool optional_old_ = false;
  bool uses_old_ = false;
  std::uint64_t most_cost_ = 0;
};

}  // namespace slipway::cel
