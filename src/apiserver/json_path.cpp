#include "apiserver/json_path.h"

#include <fmt/core.h>

#include "data/json_text.h"

namespace slipway::apiserver {

using data::Json;

class JsonPath::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), rest_(text) {}

  base::Result<JsonPath> run() {
    // kubectl's forms {.a} and $.a are the same path.
    if (rest_.starts_with('{') && rest_.ends_with('}')) rest_ = rest_.substr(1, rest_.size() - 2);
    if (rest_.starts_with('$')) rest_.remove_prefix(1);
    JsonPath path;
    while (!rest_.empty()) path.steps_.push_back(SLIPWAY_TRY(step()));
    return path;
  }

 private:
  base::Error bad(std::string_view what) const {
    return base::fail(base::ErrorCode::kInvalid, fmt::format("JSONPath {}: {}", text_, what));
  }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  base::Result<Step> step() {
    if (take("[")) return bracket();
    if (!take(".")) return bad("a step starts with . or [");
    if (take("*")) return Step{.kind = Step::Kind::kAll};
    Step member;
    member.name = SLIPWAY_TRY(name());
    return member;
  }

  base::Result<std::string> name() {
    std::string out;
    while (!rest_.empty()) {
      char c = rest_.front();
      if (c == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
        c = rest_.front();
      } else if (std::string_view(".[]()=!<>& ").find(c) != std::string_view::npos) {
        break;
      }
      out += c;
      rest_.remove_prefix(1);
    }
    if (out.empty()) return bad("a name is missing");
    return out;
  }

  base::Result<std::string> quoted() {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    const std::size_t end = rest_.find(quote);
    if (end == rest_.npos) return bad("a quote is not closed");
    std::string out(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return out;
  }

  base::Result<Step> bracket() {
    Step out;
    if (take("*")) {
      out.kind = Step::Kind::kAll;
    } else if (take("?(")) {
      out = SLIPWAY_TRY(filter());
    } else if (rest_.starts_with('\'') || rest_.starts_with('"')) {
      out.name = SLIPWAY_TRY(quoted());
    } else {
      out.kind = Step::Kind::kIndex;
      const bool negative = take("-");
      std::size_t digits = 0;
      while (digits < rest_.size() && digits < 9 && rest_[digits] >= '0' && rest_[digits] <= '9')
        out.index = out.index * 10 + (rest_[digits++] - '0');
      if (digits == 0) return bad("only an index, a name, * or ?(@.a==\"b\") may stand in brackets");
      if (negative) out.index = -out.index;
      rest_.remove_prefix(digits);
    }
    if (!take("]")) return bad("] is missing");
    return out;
  }

  void skip_spaces() {
    while (take(" ")) {
    }
  }

  base::Result<Step> filter() {
    Step out{.kind = Step::Kind::kFilter};
    skip_spaces();
    if (!take("@")) return bad("a filter starts with @");
    while (take(".")) out.filter.push_back(SLIPWAY_TRY(name()));
    skip_spaces();
    if (take("!=")) {
      out.equal = false;
    } else if (!take("==")) {
      return bad("a filter compares with == or !=");
    }
    skip_spaces();
    if (rest_.starts_with('\'') || rest_.starts_with('"')) {
      out.value = SLIPWAY_TRY(quoted());
    } else {
      out.value = SLIPWAY_TRY(name());
    }
    skip_spaces();
    if (!take(")")) return bad(") is missing");
    return out;
  }

  const std::string_view text_;
  std::string_view rest_;
};

base::Result<JsonPath> JsonPath::compile(std::string_view text) {
  return Parser(text).run();
}

std::vector<const Json*> JsonPath::find(const Json& root) const {
  std::vector<const Json*> found{&root};
  for (const Step& step : steps_) {
    std::vector<const Json*> next;
    for (const Json* value : found) {
      switch (step.kind) {
        case Step::Kind::kMember:
          if (value->contains(step.name)) next.push_back(&(*value)[step.name]);
          break;
        case Step::Kind::kIndex: {
          const auto count = static_cast<long>(value->items().size());
          const long at = step.index < 0 ? count + step.index : step.index;
          if (at >= 0 && at < count) next.push_back(&value->items()[static_cast<std::size_t>(at)]);
          break;
        }
        case Step::Kind::kAll:
          for (const Json& item : value->items()) next.push_back(&item);
          for (const auto& [name, member] : value->members()) next.push_back(&member);
          break;
        case Step::Kind::kFilter:
          for (const Json& item : value->items()) {
            const Json* field = &item;
            for (const std::string& name : step.filter) field = &(*field)[name];
            if (field->is_null()) continue;
            const bool same = (field->is_string() ? field->string_or_empty() : data::to_json(*field)) == step.value;
            if (same == step.equal) next.push_back(&item);
          }
          break;
      }
    }
    found = std::move(next);
  }
  return found;
}

}  // namespace slipway::apiserver
