#include "standalone/raw_text.h"

#include <algorithm>
#include <fmt/core.h>

#include "standalone/formats.h"

namespace slipway::standalone {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool begins_tail(std::string_view line) {
  return line.starts_with("services:") || line.starts_with("write_files:") || line.starts_with("runcmd:");
}

// One shell word. `problem` says why it cannot be taken as it stands.
std::string shell_word(std::string_view text, std::string& problem) {
  std::string word;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      const auto next = text.find_first_not_of(" \t", i);
      if (next != text.npos && text[next] != '#') problem = "has words behind the value";
      return word;
    }
    if (quote == 0 && (c == ';' || c == '&' || c == '|' || c == '<' || c == '>')) problem = "holds a shell command";
    if (quote != '\'' && (c == '`' || (c == '$' && i + 1 < text.size() &&
                                       (is_name_character(text[i + 1]) || text[i + 1] == '(' || text[i + 1] == '{'))))
      problem = "is computed by a shell";
    if (c == '\'' || c == '"') {
      if (quote == 0) {
        quote = c;
        continue;
      }
      if (quote == c) {
        quote = 0;
        continue;
      }
    }
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
      continue;
    }
    word += c;
  }
  if (quote != 0) problem = "has a quote that is not closed";
  return word;
}

void read_assignment(RawText& raw, std::string_view line, Place place) {
  if (line.starts_with("export ")) line.remove_prefix(7);
  const auto equal = line.find('=');
  const std::string_view key = line.substr(0, equal);
  if (equal == line.npos || key.empty() || !std::ranges::all_of(key, is_name_character)) {
    raw.problems.push_back(
        {place, "", "the line is not understood and was left out", "write it into the new file by hand", true});
    return;
  }
  std::string problem;
  std::string value = shell_word(line.substr(equal + 1), problem);
  if (!problem.empty()) {
    raw.problems.push_back({place, std::string(key), problem, "write the value itself, in single quotes", false});
    return;
  }
  raw.assignments[std::string(key)] = {std::move(value), place};
}

// sum := product {(+|-) product}; product := factor {(*|/) factor}; factor := number | ( sum )
class Arithmetic {
 public:
  explicit Arithmetic(std::string_view text) : text_(text) {}
  std::optional<long> result() {
    const auto value = sum(0);
    skip();
    return text_.empty() ? value : std::nullopt;
  }

 private:
  static constexpr long kLargest = 1'000'000'000;
  void skip() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\t')) text_.remove_prefix(1);
  }
  bool take(char c) {
    skip();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  static std::optional<long> bounded(long value) {
    return value > kLargest || value < -kLargest ? std::nullopt : std::optional(value);
  }
  std::optional<long> sum(int depth) {
    auto left = product(depth);
    while (left) {
      const bool plus = take('+'), minus = !plus && take('-');
      if (!plus && !minus) break;
      const auto right = product(depth);
      left = right ? bounded(plus ? *left + *right : *left - *right) : std::nullopt;
    }
    return left;
  }
  std::optional<long> product(int depth) {
    auto left = factor(depth);
    while (left) {
      const bool times = take('*'), by = !times && take('/');
      if (!times && !by) break;
      const auto right = factor(depth);
      if (!right || (by && *right == 0)) return std::nullopt;
      left = bounded(times ? *left * *right : *left / *right);
    }
    return left;
  }
  std::optional<long> factor(int depth) {
    if (depth > 20) return std::nullopt;
    if (take('(')) {
      const auto inner = sum(depth + 1);
      return take(')') ? inner : std::nullopt;
    }
    skip();
    long value = 0;
    std::size_t digits = 0;
    while (digits < text_.size() && digits < 10 && text_[digits] >= '0' && text_[digits] <= '9')
      value = value * 10 + (text_[digits++] - '0');
    if (digits == 0) return std::nullopt;
    text_.remove_prefix(digits);
    return bounded(value);
  }
  std::string_view text_;
};

}  // namespace

std::optional<long> compute(std::string_view arithmetic) {
  const auto value = Arithmetic(arithmetic).result();
  return value && *value > 0 ? value : std::nullopt;
}

RawText read_raw_text(std::string_view text) {
  RawText raw;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (begins_tail(line)) {
      raw.tail = text;
      raw.tail_line = number;
      return raw;
    }
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto first = line.find_first_not_of(" \t");
    if (first == line.npos || line[first] == '#') continue;
    read_assignment(raw, line.substr(first), {number, first + 1});
  }
  return raw;
}

}  // namespace slipway::standalone
