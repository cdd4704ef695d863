#include "data/json_reader.h"

#include <array>
#include <charconv>
#include <utility>

#include "data/encoding.h"

namespace slipway::data {

namespace {

// Bytes that end a run of a string's plain bytes: quote, backslash, controls.
constexpr auto kEndsRun = [] {
  std::array<bool, 256> ends{};
  for (std::size_t control = 0; control < 0x20; ++control) ends[control] = true;
  ends['"'] = ends['\\'] = true;
  return ends;
}();

class Reader {
 public:
  Reader(std::string_view text, std::size_t max_depth)
      : at_(text.data()), end_(text.data() + text.size()), levels_left_(max_depth) {}

  std::optional<Json> read() {
    Json value;
    if (!read_value(value)) return std::nullopt;
    skip_space();
    return at_ == end_ ? std::optional(std::move(value)) : std::nullopt;
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take(char wanted) {
    skip_space();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!std::string_view(at_, end_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool read_value(Json& out) {
    skip_space();
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
        return read_object(out);
      case '[':
        return read_array(out);
      case '"': {
        std::string text;
        if (!read_string(text)) return false;
        out = Json(std::move(text));
        return true;
      }
      case 't':
        out = Json(true);
        return take_word("true");
      case 'f':
        out = Json(false);
        return take_word("false");
      case 'n':
        return take_word("null");
      default:
        return read_integer(out);
    }
  }

  bool read_object(Json& out) {
    ++at_;
    if (levels_left_ == 0) return false;
    --levels_left_;
    Json::Object& members = out.mutable_members();
    if (!take('}')) {
      do {
        std::string key;
        skip_space();
        if (!read_string(key) || !take(':')) return false;
        const std::size_t before = members.size();
        // Most programs write keys in order.
        const auto member = members.try_emplace(members.end(), std::move(key));
        if (members.size() == before || !read_value(member->second)) return false;
      } while (take(','));
      if (!take('}')) return false;
    }
    ++levels_left_;
    return true;
  }

  bool read_array(Json& out) {
    ++at_;
    if (levels_left_ == 0) return false;
    --levels_left_;
    Json::Array& items = out.mutable_items();
    if (!take(']')) {
      do {
        if (!read_value(items.emplace_back())) return false;
      } while (take(','));
      if (!take(']')) return false;
    }
    ++levels_left_;
    return true;
  }

  bool read_string(std::string& out) {
    if (at_ == end_ || *at_ != '"') return false;
    ++at_;
    while (true) {
      const char* const run = at_;
      while (at_ != end_ && !kEndsRun[static_cast<unsigned char>(*at_)]) ++at_;
      out.append(run, at_);
      if (at_ == end_) return false;
      if (*at_ == '"') {
        ++at_;
        return is_valid_utf8(out);
      }
      if (*at_ != '\\' || !read_escape(out)) return false;
    }
  }

  bool read_escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (++at_ == end_) return false;
    const std::size_t known = kNames.find(*at_++);
    if (known != kNames.npos) {
      out += kMeanings[known];
      return true;
    }
    return at_[-1] == 'u' && read_code_point(out);
  }

  bool read_code_point(std::string& out) {
    if (end_ - at_ < 4) return false;
    unsigned point = 0;
    const auto [rest, error] = std::from_chars(at_, at_ + 4, point, 16);
    if (error != std::errc() || rest != at_ + 4 || (point >= 0xd800 && point < 0xe000)) return false;
    at_ = rest;
    if (point < 0x80) {
      out += static_cast<char>(point);
      return true;
    }
    if (point < 0x800) {
      out += static_cast<char>(0xc0 | (point >> 6));
    } else {
      out += static_cast<char>(0xe0 | (point >> 12));
      out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    }
    out += static_cast<char>(0x80 | (point & 0x3f));
    return true;
  }

  bool read_integer(Json& out) {
    std::int64_t value = 0;
    const auto [rest, error] = std::from_chars(at_, end_, value);
    if (error != std::errc()) return false;
    const std::string_view digits = std::string_view(at_, rest).substr(*at_ == '-' ? 1 : 0);
    if (digits.size() > 1 && digits.front() == '0') return false;
    at_ = rest;
    if (at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) return false;
    out = Json(value);
    return true;
  }

  const char* at_;
  const char* const end_;
  std::size_t levels_left_;
};

}  // namespace

std::optional<Json> read_plain_json(std::string_view text, std::size_t max_depth) {
  return Reader(text, max_depth).read();
}

}  // namespace slipway::data
