#include "data/json_scan.h"

#include <cstring>
#include <string>

#include "data/json_text.h"

namespace slipway::data {

namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool take(char wanted) {
    skip_space();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  // The next value with its quotes or brackets; empty at the end of the text.
  std::string_view value() {
    skip_space();
    const char* const begin = at_;
    if (at_ == end_) return {};
    if (*at_ == '"') {
      skip_string();
    } else if (*at_ == '{' || *at_ == '[') {
      skip_container();
    } else {
      while (at_ != end_ && std::strchr(",}] \t\r\n", *at_) == nullptr) ++at_;
    }
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  void skip_string() {
    ++at_;
    while (at_ != end_) {
      const auto* quote = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
      if (quote == nullptr) {
        at_ = end_;
        return;
      }
      const char* before = quote;
      while (before != at_ && before[-1] == '\\') --before;
      at_ = quote + 1;
      if ((quote - before) % 2 == 0) return;
    }
  }

  void skip_container() {
    int depth = 0;
    while (at_ != end_) {
      if (*at_ == '"') {
        skip_string();
        continue;
      }
      const char c = *at_++;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return;
    }
  }

  const char* at_;
  const char* const end_;
};

// Calls `visit` with the key, in its quotes, and the value of each member until it returns true.
template <typename Visit>
void scan_members(std::string_view object, const Visit& visit) {
  Scanner scanner(object);
  if (!scanner.take('{')) return;
  do {
    const std::string_view key = scanner.value();
    if (key.size() < 2 || key.front() != '"' || !scanner.take(':')) return;
    const std::string_view value = scanner.value();
    if (value.empty() || visit(key, value)) return;
  } while (scanner.take(','));
}

std::optional<std::string_view> find_member(std::string_view object, std::string_view name) {
  std::string quoted;
  append_json_string(quoted, name);
  std::optional<std::string_view> found;
  scan_members(object, [&](std::string_view key, std::string_view value) {
    if (key == quoted) found = value;
    return found.has_value();
  });
  return found;
}

}  // namespace

std::optional<std::string_view> find_json_value(std::string_view text, std::span<const std::string_view> path) {
  std::optional<std::string_view> here = text;
  for (const std::string_view name : path) {
    here = find_member(*here, name);
    if (!here) return std::nullopt;
  }
  return here;
}

void for_each_json_member(std::string_view object,
                          const std::function<void(std::string_view name, std::string_view value)>& visit) {
  scan_members(object, [&](std::string_view key, std::string_view value) {
    visit(key.substr(1, key.size() - 2), value);
    return false;
  });
}

std::optional<std::string_view> find_json_value(std::string_view text, std::initializer_list<std::string_view> path) {
  return find_json_value(text, std::span(path.begin(), path.size()));
}

}  // namespace slipway::data
