#include "cel/literal_checks.h"

#include <fmt/core.h>

#include "cel/library.h"
#include "cel/time_text.h"

namespace slipway::cel {

std::vector<std::string> check_literal_arguments(const Expression& call) {
  if (call.children.empty() || call.children.back()->kind != Expression::Kind::kLiteral) return {};
  const std::string_view* text = call.children.back()->constant.string();
  if (text == nullptr) return {};
  const bool is_first = call.children.size() == 1;
  if (call.name == "duration" && is_first && !parse_duration(*text)) return {"invalid duration argument"};
  if (call.name == "timestamp" && is_first && !parse_timestamp(*text)) return {"invalid timestamp argument"};
  if (call.name == "matches" || call.name == "find" || (call.name == "findAll" && call.children.size() == 2)) {
    std::string problem;
    if (compile_pattern(*text, problem) == nullptr)
      return {call.name == "matches" ? std::string("invalid matches argument")
                                     : fmt::format("invalid {} argument: {}", call.name, problem)};
  }
  return {};
}

}  // namespace slipway::cel
