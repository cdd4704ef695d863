#include "meta/selector.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <optional>

#include "meta/name_rules.h"
#include "meta/object.h"

namespace slipway::meta {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Splits at commas that are outside parentheses.
std::vector<std::string_view> split_requirements(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t start = 0, depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(trim(text.substr(start, i - start)));
      start = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')' && depth > 0) {
      --depth;
    }
  }
  return parts;
}

// Splits at commas that no backslash stands before.
std::vector<std::string_view> split_field_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  terms.push_back(text.substr(start));
  return terms;
}

std::optional<std::string> without_escapes(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool escaped = value[i] == '\\';
    if (escaped && ++i == value.size()) return std::nullopt;
    const bool special = value[i] == '\\' || value[i] == ',' || value[i] == '=';
    if (special != escaped) return std::nullopt;
    out += value[i];
  }
  return out;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

using Requirement = LabelSelector::Requirement;

base::Result<Requirement> parse_set(std::string_view part, std::string_view word, LabelSelector::Operator op) {
  const auto at = part.find(word);
  Requirement requirement{std::string(trim(part.substr(0, at))), op, {}};
  std::string_view list = trim(part.substr(at + word.size()));
  if (!list.starts_with('(') || !list.ends_with(')'))
    return fail(ErrorCode::kBadRequest, fmt::format("label selector '{}': values must stand in parentheses", part));
  for (const std::string_view value : split_requirements(list.substr(1, list.size() - 2)))
    requirement.values.emplace_back(value);
  return requirement;
}

base::Result<Requirement> parse_requirement(std::string_view part) {
  using Op = LabelSelector::Operator;
  if (part.find(" notin ") != part.npos || part.find(" notin(") != part.npos)
    return parse_set(part, " notin", Op::kNotIn);
  if (part.find(" in ") != part.npos || part.find(" in(") != part.npos) return parse_set(part, " in", Op::kIn);
  for (const auto& [sign, op] : {std::pair<std::string_view, Op>{"!=", Op::kNotIn},
                                 {"==", Op::kIn},
                                 {"=", Op::kIn},
                                 {">", Op::kGreaterThan},
                                 {"<", Op::kLessThan}}) {
    if (const auto at = part.find(sign); at != part.npos)
      return Requirement{std::string(trim(part.substr(0, at))), op, {std::string(trim(part.substr(at + sign.size())))}};
  }
  if (part.starts_with('!')) return Requirement{std::string(trim(part.substr(1))), Op::kDoesNotExist, {}};
  return Requirement{std::string(part), Op::kExists, {}};
}

base::Status check(const Requirement& requirement) {
  using Op = LabelSelector::Operator;
  std::vector<std::string> problems;
  if (const std::string why = qualified_name_problem(requirement.key); !why.empty())
    problems.push_back(fmt::format("key: Invalid value: \"{}\": {}", requirement.key, why));
  const bool is_compared = requirement.op == Op::kGreaterThan || requirement.op == Op::kLessThan;
  for (std::size_t i = 0; i < requirement.values.size(); ++i) {
    const std::string& value = requirement.values[i];
    if (is_compared && !integer_of(value))
      problems.push_back(fmt::format(
          "values[{}]: Invalid value: \"{}\": for 'Gt', 'Lt' operators, the value must be an integer", i, value));
    if (const std::string why = label_value_problem(value); !why.empty())
      problems.push_back(fmt::format("values[{}][{}]: Invalid value: \"{}\": {}", i, requirement.key, value, why));
  }
  if (problems.empty()) return {};
  const std::string all = problems.size() == 1 ? problems[0] : fmt::format("[{}]", fmt::join(problems, ", "));
  return fail(ErrorCode::kBadRequest, "unable to parse requirement: " + all);
}

// A label that is no integer is not beyond anything.
bool is_beyond(std::string_view label, const Requirement& requirement) {
  const auto number = integer_of(label);
  const auto limit = integer_of(requirement.values[0]);
  if (!number || !limit) return false;
  return requirement.op == LabelSelector::Operator::kGreaterThan ? *number > *limit : *number < *limit;
}

}  // namespace

base::Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  LabelSelector selector;
  if (trim(text).empty()) return selector;
  for (const std::string_view part : split_requirements(text)) {
    Requirement requirement = SLIPWAY_TRY(parse_requirement(part));
    SLIPWAY_TRY(check(requirement));
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

base::Result<LabelSelector> LabelSelector::from_json(const Json& json) {
  LabelSelector selector;
  for (const auto& [key, value] : json["matchLabels"].members())
    selector.requirements_.push_back({key, Operator::kIn, {value.string_or_empty()}});
  for (const Json& expression : json["matchExpressions"].items()) {
    Requirement requirement{expression.text({"key"}), Operator::kExists, {}};
    const std::string& op = expression.text({"operator"});
    if (op == "In")
      requirement.op = Operator::kIn;
    else if (op == "NotIn")
      requirement.op = Operator::kNotIn;
    else if (op == "Exists")
      requirement.op = Operator::kExists;
    else if (op == "DoesNotExist")
      requirement.op = Operator::kDoesNotExist;
    else
      return fail(ErrorCode::kInvalid, fmt::format("'{}' is not a valid label selector operator", op));
    for (const Json& value : expression["values"].items()) requirement.values.push_back(value.string_or_empty());
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

LabelSelector LabelSelector::equals(std::string key, std::string value) {
  LabelSelector selector;
  selector.requirements_.push_back({std::move(key), Operator::kIn, {std::move(value)}});
  return selector;
}

bool LabelSelector::matches(const Json& object) const {
  const Json& labels = object.get({"metadata", "labels"});
  return std::ranges::all_of(requirements_, [&](const Requirement& requirement) {
    const bool present = labels.contains(requirement.key);
    const bool listed = present && std::ranges::find(requirement.values, labels[requirement.key].string_or_empty()) !=
                                       requirement.values.end();
    switch (requirement.op) {
      case Operator::kIn:
        return listed;
      case Operator::kNotIn:
        return !listed;
      case Operator::kExists:
        return present;
      case Operator::kDoesNotExist:
        return !present;
      case Operator::kGreaterThan:
      case Operator::kLessThan:
        return present && is_beyond(labels[requirement.key].string_or_empty(), requirement);
    }
    return false;
  });
}

std::string LabelSelector::text() const {
  std::vector<std::string> parts;
  for (const Requirement& requirement : requirements_) {
    switch (requirement.op) {
      case Operator::kIn:
      case Operator::kNotIn: {
        const bool in = requirement.op == Operator::kIn;
        if (requirement.values.size() == 1)
          parts.push_back(fmt::format("{}{}{}", requirement.key, in ? "=" : "!=", requirement.values[0]));
        else
          parts.push_back(
              fmt::format("{} {} ({})", requirement.key, in ? "in" : "notin", fmt::join(requirement.values, ",")));
        break;
      }
      case Operator::kExists:
        parts.push_back(requirement.key);
        break;
      case Operator::kDoesNotExist:
        parts.push_back("!" + requirement.key);
        break;
      case Operator::kGreaterThan:
      case Operator::kLessThan:
        parts.push_back(fmt::format("{}{}{}", requirement.key, requirement.op == Operator::kGreaterThan ? '>' : '<',
                                    requirement.values[0]));
        break;
    }
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

FieldSelector FieldSelector::equals(std::string path, std::string value) {
  FieldSelector selector;
  selector.requirements_.push_back({std::move(path), std::move(value), true});
  return selector;
}

std::string FieldSelector::text() const {
  std::string out;
  for (const Requirement& requirement : requirements_) {
    if (!out.empty()) out += ',';
    out += requirement.path + (requirement.equal ? "=" : "!=");
    for (const char c : requirement.value) {
      if (c == ',' || c == '=' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

base::Result<FieldSelector> FieldSelector::parse(std::string_view text) {
  FieldSelector selector;
  if (trim(text).empty()) return selector;
  for (const std::string_view part : split_field_terms(text)) {
    if (trim(part).empty()) continue;
    const auto bad = [part](std::string_view why) {
      return fail(ErrorCode::kBadRequest, fmt::format("field selector '{}' {}", part, why));
    };
    const auto equals = part.find('=');
    if (equals == part.npos) return bad("must be field=value or field!=value");
    const bool equal = equals == 0 || part[equals - 1] != '!';
    std::string_view value = part.substr(equals + 1);
    if (equal && value.starts_with('=')) value.remove_prefix(1);
    const auto plain = without_escapes(trim(value));
    if (!plain) return bad("needs a backslash before each ',', '=' and '\\' of its value, and before nothing else");
    selector.requirements_.push_back({std::string(trim(part.substr(0, equal ? equals : equals - 1))), *plain, equal});
  }
  return selector;
}

bool FieldSelector::matches(const Json& object) const {
  return std::ranges::all_of(requirements_, [&](const Requirement& requirement) {
    const Json* here = &object;
    std::string_view rest = requirement.path;
    while (!rest.empty()) {
      const auto dot = rest.find('.');
      here = &(*here)[rest.substr(0, dot)];
      rest = dot == rest.npos ? std::string_view() : rest.substr(dot + 1);
    }
    return (here->string_or_empty() == requirement.value) == requirement.equal;
  });
}

}  // namespace slipway::meta
