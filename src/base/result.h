#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace slipway::base {

// std::expected<T, Error> that must not be ignored (libstdc++ 12 does not mark it nodiscard).
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(Error error)
      : std::expected<T, Error>(std::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  Result(ErrorCode code, std::string message)
      : std::expected<T, Error>(std::unexpect, Error(code, std::move(message))) {}

  // The same result with `context` put in front of the error's message.
  Result with_context(std::string_view context) && {
    if (!this->has_value()) return Result(std::move(this->error()).with_context(context));
    return std::move(*this);
  }
};

using Status = Result<void>;

inline Error fail(ErrorCode code, std::string message) {
  return Error(code, std::move(message));
}

}  // namespace slipway::base

// Evaluates an expression of type Result<T>; returns its error from the enclosing function, or yields the T.
// Not to be used inside a coroutine (it returns), nor as the range of a for or to bind a reference: g++ ends the value
// with the expression.
#define SLIPWAY_TRY(expression)                                                        \
  __extension__({                                                                      \
    auto slipway_try_result = (expression);                                            \
    if (!slipway_try_result.has_value()) return std::move(slipway_try_result.error()); \
    ::slipway::base::detail_take(std::move(slipway_try_result));                       \
  })

namespace slipway::base {
template <typename T>
T detail_take(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
}  // namespace slipway::base
