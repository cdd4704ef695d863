#include "cel/parser.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

#include "cel/compare.h"
#include "cel/field_names.h"
#include "cel/lexer.h"
#include "cel/macros.h"

namespace slipway::cel {

using base::ErrorCode;
using Kind = Expression::Kind;

ExpressionPtr copy(const Expression& from) {
  auto to = std::make_unique<Expression>();
  to->kind = from.kind;
  to->position = from.position;
  to->depth = from.depth;
  to->is_member = from.is_member;
  to->optional = from.optional;
  to->name = from.name;
  to->constant = from.constant;
  to->is_constant = from.is_constant;
  to->optional_entries = from.optional_entries;
  to->variable = from.variable;
  to->second_variable = from.second_variable;
  to->accumulator = from.accumulator;
  to->grows_accumulator = from.grows_accumulator;
  for (const ExpressionPtr& child : from.children) to->children.push_back(copy(*child));
  return to;
}

namespace {

using Parsed = base::Result<ExpressionPtr>;

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens) : source_(source), tokens_(std::move(tokens)) {}

  Parsed run() {
    ExpressionPtr expression = SLIPWAY_TRY(conditional());
    if (peek().kind != Token::Kind::kEnd) return unexpected();
    return expression;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  Token take() { return tokens_[std::min(at_++, tokens_.size() - 1)]; }
  bool take(std::string_view symbol) {
    if (!peek().is(symbol)) return false;
    ++at_;
    return true;
  }
  base::Error fail(std::uint32_t position, std::string_view message) const {
    return {ErrorCode::kInvalid, error_at(source_, position, message)};
  }
  base::Error unexpected() const {
    const Token& token = peek();
    if (token.kind == Token::Kind::kEnd) return fail(token.position, "Syntax error: mismatched input '<EOF>'");
    const std::string_view shown = source_.substr(token.position, peek(1).position - token.position);
    return fail(token.position, fmt::format("Syntax error: mismatched input '{}'",
                                            shown.substr(0, shown.find_last_not_of(" \t\r\n") + 1)));
  }
  base::Status expect(std::string_view symbol) {
    if (!take(symbol)) return unexpected();
    return {};
  }

  // Sets the depth; refuses what the evaluator should not walk.
  Parsed finish(ExpressionPtr expression) {
    int depth = 0;
    for (const ExpressionPtr& child : expression->children) depth = std::max<int>(depth, child->depth);
    expression->depth = static_cast<std::uint16_t>(depth + 1);
    if (depth + 1 > kDeepestExpression)
      return fail(expression->position, fmt::format("expression recursion limit exceeded: {}", kDeepestExpression));
    return expression;
  }
  Parsed make(Kind kind, std::uint32_t position, std::string_view name, std::vector<ExpressionPtr> children) {
    auto expression = std::make_unique<Expression>();
    expression->kind = kind;
    expression->position = position;
    expression->name = name;
    expression->children = std::move(children);
    return finish(std::move(expression));
  }
  template <typename... Children>
  Parsed call(std::string_view name, std::uint32_t position, Children... children) {
    std::vector<ExpressionPtr> list;
    (list.push_back(std::move(children)), ...);
    return make(Kind::kCall, position, name, std::move(list));
  }
  ExpressionPtr literal(Value value, std::uint32_t position) {
    auto expression = std::make_unique<Expression>();
    expression->position = position;
    expression->constant = std::move(value);
    expression->is_constant = true;
    return expression;
  }

  // Counts the levels of the parser itself, which nests before the tree does.
  struct Level {
    explicit Level(int& the_count) : count(the_count) { ++count; }
    ~Level() { --count; }
    int& count;
  };

  Parsed conditional() {
    const Level level(level_);
    if (level_ > kDeepestExpression)
      return fail(peek().position, fmt::format("expression recursion limit exceeded: {}", kDeepestExpression));
    ExpressionPtr condition = SLIPWAY_TRY(logical(Kind::kOr));
    const std::uint32_t position = peek().position;
    if (!take("?")) return condition;
    ExpressionPtr yes = SLIPWAY_TRY(logical(Kind::kOr));
    SLIPWAY_TRY(expect(":"));
    ExpressionPtr no = SLIPWAY_TRY(conditional());
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(condition));
    children.push_back(std::move(yes));
    children.push_back(std::move(no));
    return make(Kind::kConditional, position, operators::kConditional, std::move(children));
  }

  Parsed logical(Kind kind) {
    const bool is_or = kind == Kind::kOr;
    ExpressionPtr first = SLIPWAY_TRY(is_or ? logical(Kind::kAnd) : relation());
    const std::uint32_t position = peek().position;
    if (!peek().is(is_or ? "||" : "&&")) return first;
    std::vector<ExpressionPtr> terms;
    terms.push_back(std::move(first));
    while (take(is_or ? "||" : "&&")) terms.push_back(SLIPWAY_TRY(is_or ? logical(Kind::kAnd) : relation()));
    return make(kind, position, is_or ? operators::kOr : operators::kAnd, std::move(terms));
  }

  Parsed relation() {
    static constexpr std::pair<std::string_view, std::string_view> kOperators[] = {
        {"==", operators::kEquals},     {"!=", operators::kNotEquals},
        {"<=", operators::kLessEquals}, {">=", operators::kGreaterEquals},
        {"<", operators::kLess},        {">", operators::kGreater},
        {"in", operators::kIn}};
    ExpressionPtr left = SLIPWAY_TRY(sum());
    while (true) {
      const auto found = std::ranges::find_if(kOperators, [&](const auto& item) { return peek().is(item.first); });
      if (found == std::end(kOperators)) return left;
      const std::uint32_t position = take().position;
      ExpressionPtr right = SLIPWAY_TRY(sum());
      left = SLIPWAY_TRY(call(found->second, position, std::move(left), std::move(right)));
    }
  }

  Parsed sum() {
    ExpressionPtr left = SLIPWAY_TRY(product());
    while (peek().is("+") || peek().is("-")) {
      const Token sign = take();
      ExpressionPtr right = SLIPWAY_TRY(product());
      left = SLIPWAY_TRY(call(sign.text == "+" ? operators::kAdd : operators::kSubtract, sign.position, std::move(left),
                              std::move(right)));
    }
    return left;
  }

  Parsed product() {
    ExpressionPtr left = SLIPWAY_TRY(unary());
    while (peek().is("*") || peek().is("/") || peek().is("%")) {
      const Token sign = take();
      ExpressionPtr right = SLIPWAY_TRY(unary());
      const auto name = sign.text == "*"   ? operators::kMultiply
                        : sign.text == "/" ? operators::kDivide
                                           : operators::kModulo;
      left = SLIPWAY_TRY(call(name, sign.position, std::move(left), std::move(right)));
    }
    return left;
  }

  Parsed unary() {
    const std::uint32_t position = peek().position;
    for (const auto& [symbol, name] : {std::pair{"!", operators::kNot}, {"-", operators::kNegate}}) {
      std::size_t count = 0;
      while (peek(count).is(symbol)) ++count;
      const bool is_number = peek(count).kind == Token::Kind::kInt || peek(count).kind == Token::Kind::kDouble;
      if (count == 0 || (*symbol == '-' && count == 1 && is_number)) continue;
      at_ += count;
      ExpressionPtr operand = SLIPWAY_TRY(member());
      // A pair of them does nothing.
      if (count % 2 == 0) return operand;
      return call(name, position, std::move(operand));
    }
    return member();
  }

  Parsed member() {
    ExpressionPtr operand = SLIPWAY_TRY(primary());
    while (true) {
      const std::uint32_t position = peek().position;
      if (take(".")) {
        operand = SLIPWAY_TRY(after_dot(std::move(operand), position));
      } else if (take("[")) {
        const bool optional = take("?");
        ExpressionPtr index = SLIPWAY_TRY(conditional());
        SLIPWAY_TRY(expect("]"));
        std::vector<ExpressionPtr> children;
        children.push_back(std::move(operand));
        children.push_back(std::move(index));
        operand = SLIPWAY_TRY(make(Kind::kIndex, position, optional ? operators::kOptionalIndex : operators::kIndex,
                                   std::move(children)));
        operand->optional = optional;
      } else if (peek().is("{") && is_type_name(*operand)) {
        operand = SLIPWAY_TRY(message(std::move(operand)));
      } else {
        return operand;
      }
    }
  }

  Parsed after_dot(ExpressionPtr operand, std::uint32_t position) {
    const bool optional = take("?");
    if (peek().kind != Token::Kind::kIdentifier) return unexpected();
    const Token name = take();
    if (!optional && peek().is("(")) return member_call(std::move(operand), name);
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(operand));
    ExpressionPtr select = SLIPWAY_TRY(make(Kind::kSelect, position, name.text, std::move(children)));
    select->optional = optional;
    return select;
  }

  base::Result<std::vector<ExpressionPtr>> arguments() {
    std::vector<ExpressionPtr> list;
    SLIPWAY_TRY(expect("("));
    if (take(")")) return list;
    do {
      list.push_back(SLIPWAY_TRY(conditional()));
    } while (take(","));
    SLIPWAY_TRY(expect(")"));
    return list;
  }

  Parsed member_call(ExpressionPtr operand, const Token& name) {
    const std::uint32_t position = peek().position;
    std::vector<ExpressionPtr> list = SLIPWAY_TRY(arguments());
    return call_or_macro(name.text, position, std::move(operand), std::move(list));
  }

  Parsed call_or_macro(std::string_view name, std::uint32_t position, ExpressionPtr target,
                       std::vector<ExpressionPtr> list) {
    ExpressionPtr expanded;
    const auto is_macro = expand_macro(name, target, list, position, expanded);
    if (!is_macro) return fail(is_macro.error().position, is_macro.error().message);
    if (*is_macro) return deepen(std::move(expanded));
    const bool is_member = target != nullptr;
    if (is_member) list.insert(list.begin(), std::move(target));
    ExpressionPtr call = SLIPWAY_TRY(make(Kind::kCall, position, name, std::move(list)));
    call->is_member = is_member;
    return call;
  }

  // Macros put levels of their own around what was parsed.
  Parsed deepen(ExpressionPtr expression) {
    if (set_depth(*expression) > kDeepestExpression)
      return fail(expression->position, fmt::format("expression recursion limit exceeded: {}", kDeepestExpression));
    return expression;
  }
  static int set_depth(Expression& expression) {
    if (expression.depth > 1) return expression.depth;
    int depth = 0;
    for (const ExpressionPtr& child : expression.children) depth = std::max(depth, set_depth(*child));
    expression.depth = static_cast<std::uint16_t>(std::min(depth + 1, kDeepestExpression + 1));
    return expression.depth;
  }

  Parsed primary() {
    const std::uint32_t position = peek().position;
    if (take("(")) {
      ExpressionPtr inner = SLIPWAY_TRY(conditional());
      SLIPWAY_TRY(expect(")"));
      return inner;
    }
    if (take("[")) return list(position);
    if (take("{")) return map(position);
    if (take("true")) return literal(true, position);
    if (take("false")) return literal(false, position);
    if (take("null")) return literal(Value(), position);
    if (peek().is(".") && peek(1).kind == Token::Kind::kIdentifier) {
      take();
      return identifier(".");
    }
    switch (peek().kind) {
      case Token::Kind::kIdentifier:
        return identifier("");
      case Token::Kind::kString:
        return literal(Value::text(take().text), position);
      case Token::Kind::kBytes:
        return literal(Value::bytes(take().text), position);
      case Token::Kind::kInt:
      case Token::Kind::kUint:
      case Token::Kind::kDouble:
        return number(false, position);
      default:
        break;
    }
    if (peek().is("-") && (peek(1).kind == Token::Kind::kInt || peek(1).kind == Token::Kind::kDouble)) {
      take();
      return number(true, position);
    }
    return unexpected();
  }

  Parsed identifier(std::string_view prefix) {
    const Token name = take();
    if (is_reserved_word(name.text)) return fail(name.position, fmt::format("reserved identifier: {}", name.text));
    const std::uint32_t position = peek().position;
    if (peek().is("(")) {
      std::vector<ExpressionPtr> list = SLIPWAY_TRY(arguments());
      return call_or_macro(std::string(prefix) + name.text, position, nullptr, std::move(list));
    }
    return make(Kind::kIdentifier, name.position, std::string(prefix) + name.text, {});
  }

  Parsed number(bool negative, std::uint32_t position) {
    const Token token = take();
    std::string_view digits = token.text;
    if (token.kind == Token::Kind::kDouble) {
      const std::string text = (negative ? "-" : "") + token.text;
      const double value = std::strtod(text.c_str(), nullptr);
      if (value > std::numeric_limits<double>::max() || value < std::numeric_limits<double>::lowest())
        return fail(position, "invalid double literal");
      return literal(value, position);
    }
    const int base = digits.starts_with("0x") || digits.starts_with("0X") ? 16 : 10;
    if (base == 16) digits.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (token.kind == Token::Kind::kUint) {
      if (error != std::errc()) return fail(position, "invalid uint literal");
      return literal(value, position);
    }
    const std::uint64_t limit = (std::uint64_t{1} << 63) - (negative ? 0 : 1);
    if (error != std::errc() || value > limit) return fail(position, "invalid int literal");
    return literal(static_cast<std::int64_t>(negative ? ~value + 1 : value), position);
  }

  Parsed list(std::uint32_t position) {
    std::vector<ExpressionPtr> items;
    std::vector<bool> optional;
    while (!take("]")) {
      optional.push_back(take("?"));
      items.push_back(SLIPWAY_TRY(conditional()));
      if (take(",")) continue;
      SLIPWAY_TRY(expect("]"));
      break;
    }
    ExpressionPtr list = SLIPWAY_TRY(make(Kind::kList, position, "", std::move(items)));
    if (std::ranges::find(optional, true) != optional.end()) list->optional_entries = std::move(optional);
    return list;
  }

  Parsed map(std::uint32_t position) {
    std::vector<ExpressionPtr> items;
    std::vector<bool> optional;
    while (!take("}")) {
      optional.push_back(take("?"));
      items.push_back(SLIPWAY_TRY(conditional()));
      SLIPWAY_TRY(expect(":"));
      items.push_back(SLIPWAY_TRY(conditional()));
      if (take(",")) continue;
      SLIPWAY_TRY(expect("}"));
      break;
    }
    ExpressionPtr map = SLIPWAY_TRY(make(Kind::kMap, position, "", std::move(items)));
    if (std::ranges::find(optional, true) != optional.end()) map->optional_entries = std::move(optional);
    return map;
  }

  static bool is_type_name(const Expression& expression) {
    if (expression.kind == Kind::kIdentifier) return true;
    return expression.kind == Kind::kSelect && !expression.optional && is_type_name(*expression.children[0]);
  }
  static std::string type_name(const Expression& expression) {
    if (expression.kind == Kind::kIdentifier) return expression.name;
    return type_name(*expression.children[0]) + "." + expression.name;
  }

  Parsed message(ExpressionPtr type) {
    const std::uint32_t position = take().position;
    std::vector<ExpressionPtr> values;
    while (!take("}")) {
      take("?");
      if (peek().kind != Token::Kind::kIdentifier) return unexpected();
      take();
      SLIPWAY_TRY(expect(":"));
      values.push_back(SLIPWAY_TRY(conditional()));
      if (take(",")) continue;
      SLIPWAY_TRY(expect("}"));
      break;
    }
    return make(Kind::kMessage, position, type_name(*type), std::move(values));
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int level_ = 0;
};

}  // namespace

base::Result<ExpressionPtr> parse(std::string_view source) {
  const std::int64_t size = count_code_points(source);
  if (size > static_cast<std::int64_t>(kLongestExpression))
    return base::fail(ErrorCode::kInvalid,
                      fmt::format("ERROR: <input>:-1:0: expression code point size exceeds limit: size: {}, limit {}",
                                  size, kLongestExpression));
  std::vector<Token> tokens = SLIPWAY_TRY(tokenize(source));
  return Parser(source, std::move(tokens)).run();
}

}  // namespace slipway::cel
