#include "cel/literal_checks.h"

#include "cel/library.h"
#include "cel/time_text.h"

namespace slipway::cel {

std::vector<std::string> check_literal_arguments(const Expression& call) {
  if (call.children.empty() || call.children.back()->kind != Expression::Kind::kLiteral) return {};
  const Value& literal = call.children.back()->constant;
  const bool is_first = call.children.size() == 1;
  if (const auto* seconds = literal.get<std::int64_t>();
      seconds != nullptr && call.name == "timestamp" && is_first && (*seconds < kFirstSecond || *seconds > kLastSecond))
    return {"invalid timestamp argument"};
  const std::string_view* text = literal.string();
  if (text == nullptr) return {};
  if (call.name == "duration" && is_first && !parse_duration(*text)) return {"invalid duration argument"};
  if (call.name == "timestamp" && is_first && !parse_timestamp(*text)) return {"invalid timestamp argument"};
  std::string ignored;
  if (call.name == "matches" && compile_pattern(*text, ignored) == nullptr) return {"invalid matches argument"};
  return {};
}

}  // namespace slipway::cel
