#include "cel/lexer.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "cel/compare.h"
#include "cel/string_escapes.h"

namespace slipway::cel {

using base::ErrorCode;

namespace {

constexpr std::array<std::string_view, 26> kSymbols = {"==", "!=", "<=", ">=", "&&", "||", "<", ">", "[",
                                                       "]",  "{",  "}",  "(",  ")",  ".",  ",", "-", "!",
                                                       "?",  ":",  "+",  "*",  "/",  "%",  "=", "&"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hexadecimal(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  base::Result<std::vector<Token>> run() {
    while (true) {
      skip_blank();
      if (at_ >= source_.size()) break;
      SLIPWAY_TRY(next());
    }
    add(Token::Kind::kEnd, at_, "");
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  base::Error fail(std::size_t position, std::string_view message) const {
    return {ErrorCode::kInvalid, error_at(source_, static_cast<std::uint32_t>(position), message)};
  }
  void add(Token::Kind kind, std::size_t position, std::string text) {
    tokens_.push_back({kind, static_cast<std::uint32_t>(position), std::move(text)});
  }

  void skip_blank() {
    while (at_ < source_.size()) {
      if (std::string_view(" \t\r\n\f").find(peek()) != std::string_view::npos)
        ++at_;
      else if (source_.substr(at_).starts_with("//"))
        at_ = std::min(source_.find('\n', at_), source_.size());
      else
        break;
    }
  }

  base::Status next() {
    const char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (is_string_start()) return string();
    if (starts_name(c)) {
      const std::size_t start = at_;
      while (starts_name(peek()) || is_digit(peek())) ++at_;
      const std::string_view word = source_.substr(start, at_ - start);
      const bool is_symbol = word == "in" || word == "true" || word == "false" || word == "null";
      add(is_symbol ? Token::Kind::kSymbol : Token::Kind::kIdentifier, start, std::string(word));
      return {};
    }
    for (const std::string_view symbol : kSymbols)
      if (source_.substr(at_).starts_with(symbol) && symbol != "=" && symbol != "&") {
        add(Token::Kind::kSymbol, at_, std::string(symbol));
        at_ += symbol.size();
        return {};
      }
    std::size_t length = 1;
    while ((static_cast<unsigned char>(peek(length)) & 0xC0) == 0x80) ++length;
    return fail(at_, fmt::format("Syntax error: token recognition error at: '{}'", source_.substr(at_, length)));
  }

  base::Status number() {
    const std::size_t start = at_;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hexadecimal(peek(2))) {
      at_ += 2;
      while (is_hexadecimal(peek())) ++at_;
      return finish_integer(start);
    }
    while (is_digit(peek())) ++at_;
    bool is_double = false;
    if (peek() == '.' && is_digit(peek(1))) {
      is_double = true;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        is_double = true;
        at_ += 1 + sign;
        while (is_digit(peek())) ++at_;
      }
    }
    if (!is_double) return finish_integer(start);
    add(Token::Kind::kDouble, start, std::string(source_.substr(start, at_ - start)));
    return {};
  }

  base::Status finish_integer(std::size_t start) {
    std::string text(source_.substr(start, at_ - start));
    const bool is_uint = peek() == 'u' || peek() == 'U';
    if (is_uint) ++at_;
    add(is_uint ? Token::Kind::kUint : Token::Kind::kInt, start, std::move(text));
    return {};
  }

  // Up to two letters of r and b in either case and order, then a quote.
  bool is_string_start() const {
    std::size_t ahead = 0;
    bool raw = false, bytes = false;
    for (; ahead < 2; ++ahead) {
      const char c = peek(ahead);
      if ((c == 'r' || c == 'R') && !raw)
        raw = true;
      else if ((c == 'b' || c == 'B') && !bytes && !raw)
        bytes = true;
      else
        break;
    }
    return peek(ahead) == '"' || peek(ahead) == '\'';
  }

  base::Status string() {
    const std::size_t start = at_;
    bool raw = false, bytes = false;
    for (; peek() != '"' && peek() != '\''; ++at_) (peek() == 'r' || peek() == 'R' ? raw : bytes) = true;
    const char quote = peek();
    const std::string_view rest = source_.substr(at_);
    const std::string triple(3, quote);
    const bool is_triple = rest.starts_with(triple);
    at_ += is_triple ? 3 : 1;
    const std::size_t content = at_;
    while (true) {
      if (at_ >= source_.size() || (!is_triple && (peek() == '\n' || peek() == '\r')))
        return fail(start,
                    fmt::format("Syntax error: token recognition error at: '{}'", source_.substr(start, at_ - start)));
      if (is_triple ? source_.substr(at_).starts_with(triple) : peek() == quote) break;
      at_ += !raw && peek() == '\\' ? 2 : 1;
    }
    const std::string_view inner = source_.substr(content, at_ - content);
    at_ += is_triple ? 3 : 1;
    auto decoded = unescape_literal(inner, raw, bytes);
    if (!decoded)
      return fail(start,
                  fmt::format("Syntax error: {}: {}", decoded.error().message(), source_.substr(start, at_ - start)));
    add(bytes ? Token::Kind::kBytes : Token::Kind::kString, start, std::move(*decoded));
    return {};
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

base::Result<std::vector<Token>> tokenize(std::string_view source) {
  return Lexer(source).run();
}

std::string error_at(std::string_view source, std::uint32_t position, std::string_view message) {
  const std::string_view before = source.substr(0, position);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  const std::string_view text = source.substr(start, std::min(source.find('\n', start), source.size()) - start);
  const std::int64_t column = count_code_points(before.substr(start));
  std::string shown(text);
  std::ranges::replace(shown, '\t', ' ');
  return fmt::format("ERROR: <input>:{}:{}: {}\n | {}\n | {}^", line, column + 1, message, shown,
                     std::string(static_cast<std::size_t>(column), '.'));
}

}  // namespace slipway::cel
