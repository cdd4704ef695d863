#include "cluster/text_template.h"

#include <cctype>
#include <fmt/core.h>

#include "cluster/variable_path.h"
#include "data/json_text.h"

namespace slipway::cluster {

using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is_variable(std::string_view expression) {
  if (!expression.starts_with('.') || expression.size() < 2) return false;
  for (const char character : expression.substr(1))
    if (std::isalnum(static_cast<unsigned char>(character)) == 0 && character != '.' && character != '_') return false;
  return true;
}

Result<std::string> print(std::string_view expression, const Json& variables) {
  if (!is_variable(expression))
    return base::fail(
        ErrorCode::kUnsupported,
        fmt::format("template expression {{{{ {} }}}} is not supported, only {{{{ .variable }}}} is", expression));
  const Json value = SLIPWAY_TRY(find_variable(variables, expression.substr(1)));
  return value.is_string() ? value.string_or_empty() : data::to_json(value);
}

}  // namespace

Result<std::string> render_template(std::string_view text, const Json& variables) {
  std::string result;
  bool trim_next = false;
  while (true) {
    const auto open = text.find("{{");
    std::string_view literal = text.substr(0, open);
    if (trim_next) literal.remove_prefix(std::min(literal.find_first_not_of(kSpace), literal.size()));
    if (open == std::string_view::npos) return result + std::string(literal);
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos)
      return base::fail(ErrorCode::kInvalid, fmt::format("template '{}' has {{{{ without }}}}", text));
    std::string_view expression = text.substr(open + 2, close - open - 2);
    if (expression.starts_with("- ")) {
      expression.remove_prefix(1);
      const auto end = literal.find_last_not_of(kSpace);
      literal = literal.substr(0, end == std::string_view::npos ? 0 : end + 1);
    }
    trim_next = expression.ends_with(" -");
    if (trim_next) expression.remove_suffix(1);
    result += literal;
    result += SLIPWAY_TRY(print(trim(expression), variables));
    text.remove_prefix(close + 2);
  }
}

}  // namespace slipway::cluster
