#include "data/json_text.h"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "data/json_reader.h"

namespace slipway::data {

namespace {

using base::Error;
using base::ErrorCode;

// Builds a Json out of the library's parse events; refuses duplicate keys and too much depth.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(const JsonLimits& limits) : max_depth_(limits.max_depth), duplicates_(limits.duplicates) {}

  bool null() override { return put(Json()); }
  bool boolean(bool value) override { return put(Json(value)); }
  bool number_integer(std::int64_t value) override { return put(Json(value)); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return put(Json(static_cast<double>(value)));
    return put(Json(static_cast<std::int64_t>(value)));
  }
  bool number_float(double value, const std::string& text) override {
    if (!std::isfinite(value)) return refuse(fmt::format("number {} is out of range", text));
    return put(Json(value));
  }
  bool string(std::string& value) override { return put(Json(std::move(value))); }
  bool binary(nlohmann::json::binary_t&) override { return refuse("binary values are not JSON"); }
  bool start_object(std::size_t) override { return open(Json(Json::Object())); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json(Json::Array())); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    Json& top = *stack_.back();
    if (top.contains(name)) {
      if (duplicates_ == nullptr) return refuse(fmt::format("duplicate key '{}'", name.substr(0, 100)));
      note_duplicate(name);
    }
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without its library prefix.
    std::string text = error.what();
    if (const auto end = text.find("] "); end != std::string::npos) text.erase(0, end + 2);
    return refuse(std::move(text));
  }

  Json take() { return std::move(root_); }
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  bool refuse(std::string problem) {
    if (!problem_) problem_ = std::move(problem);
    return false;
  }
  void note_duplicate(const std::string& name) {
    if (duplicates_->size() >= kMostDuplicates) return;
    std::string path;
    for (std::size_t level = 0; level + 1 < stack_.size(); ++level) {
      if (stack_[level]->is_array()) {
        path += fmt::format("[{}]", stack_[level]->size() - 1);
        continue;
      }
      for (const auto& [key, value] : stack_[level]->members())
        if (&value == stack_[level + 1]) path.append(path.empty() ? "" : ".").append(key);
    }
    duplicates_->push_back(path.empty() ? name : path + "." + name);
  }
  Json* place(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& top = *stack_.back();
    if (top.is_array()) {
      top.append(std::move(value));
      return &top.mutable_items().back();
    }
    return &top.set(key_, std::move(value));
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json container) {
    if (stack_.size() >= max_depth_) return refuse(fmt::format("nested deeper than {} levels", max_depth_));
    stack_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  static constexpr std::size_t kMostDuplicates = 100;

  std::size_t max_depth_;
  std::vector<std::string>* duplicates_;
  Json root_;
  std::vector<Json*> stack_;  // an open container's elements do not move: only its last element is open
  std::string key_;
  std::optional<std::string> problem_;
};

void append_number(std::string& out, double value) {
  if (value == std::floor(value) && std::fabs(value) < 1e15) {
    out += fmt::format("{:.0f}", value);
  } else {
    out += fmt::format("{}", value);
  }
}

void newline(std::string& out, int indent, int level) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent * level), ' ');
}

void append(std::string& out, const Json& value, int indent, int level) {
  switch (value.kind()) {
    case Json::Kind::kNull:
      out += "null";
      return;
    case Json::Kind::kBool:
      out += value.bool_or(false) ? "true" : "false";
      return;
    case Json::Kind::kInteger:
      out += std::to_string(value.integer_or(0));
      return;
    case Json::Kind::kDouble:
      append_number(out, value.number_or(0));
      return;
    case Json::Kind::kString:
      append_json_string(out, value.string_or_empty());
      return;
    case Json::Kind::kArray: {
      out += '[';
      bool first = true;
      for (const Json& item : value.items()) {
        if (!first) out += ',';
        first = false;
        newline(out, indent, level + 1);
        append(out, item, indent, level + 1);
      }
      if (!first) newline(out, indent, level);
      out += ']';
      return;
    }
    case Json::Kind::kObject: {
      out += '{';
      bool first = true;
      for (const auto& [key, member] : value.members()) {
        if (!first) out += ',';
        first = false;
        newline(out, indent, level + 1);
        append_json_string(out, key);
        out += indent == 0 ? ":" : ": ";
        append(out, member, indent, level + 1);
      }
      if (!first) newline(out, indent, level);
      out += '}';
      return;
    }
  }
}

}  // namespace

base::Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    return Error(ErrorCode::kTooLarge,
                 fmt::format("JSON of {} bytes is larger than {} bytes", text.size(), limits.max_bytes));
  if (auto plain = read_plain_json(text, limits.max_depth)) return std::move(*plain);
  Builder builder(limits);
  bool parsed = false;
  try {
    parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  } catch (const std::exception& error) {
    return Error(ErrorCode::kBadRequest, fmt::format("JSON cannot be read: {}", error.what()));
  }
  if (!parsed)
    return Error(ErrorCode::kBadRequest,
                 fmt::format("JSON cannot be read: {}", builder.problem().value_or("syntax error")));
  return builder.take();
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto special = std::ranges::find_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
    const auto plain = static_cast<std::size_t>(special - text.begin());
    out += text.substr(0, plain);
    if (plain == text.size()) break;
    const char c = text[plain];
    text.remove_prefix(plain + 1);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    }
  }
  out += '"';
}

void append_json(std::string& out, const Json& value) {
  append(out, value, 0, 0);
}

std::string to_json(const Json& value, int indent) {
  std::string out;
  append(out, value, indent, 0);
  return out;
}

}  // namespace slipway::data
