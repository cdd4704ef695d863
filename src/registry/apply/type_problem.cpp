#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "registry/apply/json_order.h"
#include "registry/apply/typed_value.h"

namespace slipway::registry {

using data::Json;

namespace {

// Go's %v.
std::string plain_text(const Json& value, Numbers numbers) {
  switch (value.kind()) {
    case Json::Kind::kNull:
      return "<nil>";
    case Json::Kind::kString:
      return value.string_or_empty();
    case Json::Kind::kArray: {
      std::string out;
      for (const Json& item : value.items()) out += " " + plain_text(item, numbers);
      return "[" + out.substr(std::min<std::size_t>(out.size(), 1)) + "]";
    }
    case Json::Kind::kObject: {
      std::string out;
      for (const auto& [name, member] : value.members()) out += " " + name + ":" + plain_text(member, numbers);
      return "map[" + out.substr(std::min<std::size_t>(out.size(), 1)) + "]";
    }
    default:
      return value_text(value, numbers);
  }
}

// Go's %#v.
std::string source_text(const Json& value, Numbers numbers) {
  switch (value.kind()) {
    case Json::Kind::kNull:
      return "interface {}(nil)";
    case Json::Kind::kArray: {
      std::string out;
      for (const Json& item : value.items()) out += (out.empty() ? "" : ", ") + source_text(item, numbers);
      return "[]interface {}{" + out + "}";
    }
    case Json::Kind::kObject: {
      std::string out;
      for (const auto& [name, member] : value.members())
        out += (out.empty() ? "" : ", ") + quoted_text(name) + ":" + source_text(member, numbers);
      return "map[string]interface {}{" + out + "}";
    }
    default:
      return value_text(value, numbers);
  }
}

std::string_view go_type(const Json& value, Numbers numbers) {
  switch (value.kind()) {
    case Json::Kind::kNull:
      return "<nil>";
    case Json::Kind::kBool:
      return "bool";
    case Json::Kind::kInteger:
      return numbers == Numbers::kKeepIntegers ? "int64" : "float64";
    case Json::Kind::kDouble:
      return "float64";
    case Json::Kind::kString:
      return "string";
    case Json::Kind::kArray:
      return "[]interface {}";
    case Json::Kind::kObject:
      return "map[string]interface {}";
  }
  return "";
}

// Where a problem is stands in its text only once there is one: objects without problems make no paths.
class TypeChecker {
 public:
  TypeChecker(Duplicates duplicates, Numbers numbers)
      : refuses_duplicates_(duplicates == Duplicates::kRefuse), numbers_(numbers) {}

  void check(const Json& value, const MergeType& type) {
    const Atom atom = atom_of(type, &value);
    if (atom.map)
      check_map(value, type);
    else if (atom.scalar)
      check_scalar(value, type);
    else if (atom.list)
      check_list(value, type);
    else
      add("schema error: invalid atom: inlined");
  }

  std::string text() const {
    std::vector<std::string> lines;
    for (const Problem& problem : problems_)
      lines.push_back(problem.path.empty() ? problem.why : problem.path + ": " + problem.why);
    if (lines.size() == 1) return lines.front();
    std::string out;
    for (const std::string& line : lines) out += (out.empty() ? "errors:\n  " : "\n  ") + line;
    return out;
  }

 private:
  struct Problem {
    std::string path;
    std::string why;
  };

  void add(std::string why) { problems_.push_back({"", std::move(why)}); }
  void put_in_front(std::size_t first, const std::string& element) {
    for (std::size_t i = first; i < problems_.size(); ++i) problems_[i].path.insert(0, element);
  }

  void check_map(const Json& value, const MergeType& type) {
    if (value.is_null()) return;
    if (!value.is_object()) return add(fmt::format("expected map, got &{{{}}}", plain_text(value, numbers_)));
    for (const auto& [name, member] : value.members()) {
      const MergeType below = type.field(name);
      const std::size_t found = problems_.size();
      if (below.is_none())
        add("field not declared in schema");
      else
        check(member, below);
      if (problems_.size() > found) put_in_front(found, "." + name);
      if (below.is_none()) return;
    }
  }

  void check_scalar(const Json& value, const MergeType& type) {
    if (value.is_null()) return;
    const bool is_scalar = !value.is_object() && !value.is_array();
    switch (type.scalar()) {
      case MergeType::Scalar::kNumeric:
        if (!value.is_number()) add(fmt::format("expected numeric (int or float), got {}", go_type(value, numbers_)));
        return;
      case MergeType::Scalar::kString:
        if (!value.is_string())
          add(fmt::format("expected string, got &value.valueUnstructured{{Value:{}}}", source_text(value, numbers_)));
        return;
      case MergeType::Scalar::kBoolean:
        if (!value.is_bool()) add(fmt::format("expected boolean, got &{{{}}}", plain_text(value, numbers_)));
        return;
      case MergeType::Scalar::kUntyped:
        if (!is_scalar) add(fmt::format("expected any scalar, got &{{{}}}", plain_text(value, numbers_)));
        return;
    }
  }

  void check_list(const Json& value, const MergeType& type) {
    if (value.is_null()) return;
    if (!value.is_array()) return add(fmt::format("expected list, got &{{{}}}", plain_text(value, numbers_)));
    const MergeType below = type.element();
    std::set<PathElement> seen;
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      const Json& item = value.items()[i];
      PathElement element = PathElement::index(static_cast<std::int64_t>(i));
      if (!type.is_list_atomic()) {
        auto found = element_of_item(type, item);
        if (!found) return add(fmt::format("element {}: {}", i, found.error().message()));
        element = std::move(*found);
        if (refuses_duplicates_ && !seen.insert(element).second)
          add(fmt::format("duplicate entries for key {}", element.text(numbers_)));
      }
      const std::size_t found = problems_.size();
      check(item, below);
      if (problems_.size() > found) put_in_front(found, element.text(numbers_));
    }
  }

  const bool refuses_duplicates_;
  const Numbers numbers_;
  std::vector<Problem> problems_;
};

}  // namespace

std::string type_problem(const Json& value, const MergeType& type, Duplicates duplicates, Numbers numbers) {
  TypeChecker checker(duplicates, numbers);
  checker.check(value, type);
  return checker.text();
}

}  // namespace slipway::registry
