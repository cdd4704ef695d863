#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// YAML as its author wrote it: every node with its place, style and raw text; nothing resolved, merged or expanded.
// For programs that must tell people where a configuration is wrong. parse_yaml() (data/yaml.h) is the reader for
// documents whose values alone matter.
namespace slipway::data {

struct YamlNode {
  enum class Kind { kScalar, kSequence, kMapping, kAlias };
  enum class Style { kPlain, kSingleQuoted, kDoubleQuoted, kLiteral, kFolded, kBlock, kFlow };

  Kind kind = Kind::kScalar;
  Style style = Style::kPlain;
  bool has_anchor = false;
  std::size_t line = 0, column = 0;  // of the first character, from 1; columns count characters
  std::size_t end_line = 0;          // of the last character of a scalar
  std::string text;                  // a scalar's value, an alias' name
  std::string tag;                   // "" = none was written
  std::vector<YamlNode> children;    // items of a sequence; key, value, key, value of a mapping (duplicates stay)
};

// Why reading ended early. `text` is for people and says what to do where the cause can be told.
struct YamlProblem {
  std::size_t line = 0, column = 0;
  std::string text;
};

struct YamlTree {
  std::vector<YamlNode> documents;     // what was read; empty documents are left out
  std::optional<YamlProblem> problem;  // the documents are then cut off where it happened
};

// Never fails as a whole. Bounds: 4 MiB, 64 levels, 200,000 nodes.
YamlTree parse_yaml_tree(std::string_view text);

}  // namespace slipway::data
