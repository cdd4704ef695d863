#include "standalone/reader.h"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "data/yaml_tree.h"
#include "standalone/plain_text.h"

namespace slipway::standalone {

using data::Json;
using data::YamlNode;

namespace {

std::string_view kind_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMapping:
      return "a mapping";
    default:
      return "text";
  }
}

bool is_plain(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kScalar && node.style == YamlNode::Style::kPlain;
}

bool is_null(const YamlNode& node) {
  return is_plain(node) && is_null_word(node.text);
}

bool is_block(const YamlNode& node) {
  return node.style == YamlNode::Style::kLiteral || node.style == YamlNode::Style::kFolded;
}

std::string join(const std::string& path, std::string_view key) {
  const bool is_word = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!is_word) return fmt::format("{}[{}]", path, shown(key));
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

// Every path in the schema that ends in `key`.
void find_key(const Schema& schema, std::string_view key, const std::string& path, std::vector<std::string>& found) {
  if (found.size() > 2) return;
  if (schema.type == Schema::Type::kList) return find_key(*schema.items, key, path + "[]", found);
  for (const Field& field : schema.fields) {
    const std::string inner = join(path, field.name);
    if (field.name == "kthreesConfigSpec") continue;  // the same fields again
    if (field.name == key) found.push_back(inner);
    find_key(*field.schema, key, inner, found);
  }
}

class Reader {
 public:
  Reader(std::string_view text, const Schema& top) : top_(top) {
    data::YamlTree tree = data::parse_yaml_tree(text);
    if (tree.problem) {
      values_.is_whole = false;
      add({tree.problem->line, tree.problem->column}, "", tree.problem->text, "");
    }
    if (tree.documents.empty()) {
      if (!tree.problem)
        add({1, 1}, "", "the file is empty", "start from the one that 'cluster-bootstrapper default' prints");
      return;
    }
    for (std::size_t i = 1; i < tree.documents.size(); ++i)
      add(place(tree.documents[i]), "", "a second YAML document begins here",
          "keep one document, without '---' inside");
    values_.json = read(tree.documents[0], top, "");
  }

  Values take() { return std::move(values_); }

 private:
  static Place place(const YamlNode& node) { return {node.line, node.column}; }

  void add(Place at, const std::string& path, std::string what, std::string advice) {
    values_.problems.push_back({at, path, std::move(what), std::move(advice)});
  }
  Json wrong(const YamlNode& node, const std::string& path, std::string what, std::string advice) {
    add(place(node), path, std::move(what), std::move(advice));
    return Json();
  }

  // What no part of the configuration may hold. False when the node cannot be looked at any further.
  bool check_node(const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kAlias) {
      add(place(node), path, fmt::format("'*{}' is an alias", shown_name(node.text)),
          "aliases are not allowed; write the value out, and quote it when it is meant as text");
      return false;
    }
    if (node.has_anchor)
      add(place(node), path, "has an anchor (&name)",
          "anchors are not allowed; remove it, or quote the value when it is meant as text");
    if (!node.tag.empty()) {
      add(place(node), path, fmt::format("has the tag {}", shown(node.tag)),
          "tags are not allowed; remove it, or quote the value when it is meant as text");
      return false;
    }
    return true;
  }
  static std::string shown_name(std::string_view name) { return std::string(name.substr(0, 40)); }

  Json read(const YamlNode& node, const Schema& schema, const std::string& path) {
    values_.places[path] = place(node);
    if (!check_node(node, path)) return Json();
    switch (schema.type) {
      case Schema::Type::kText:
        return read_text(node, schema, path);
      case Schema::Type::kFlag:
        return read_flag(node, path);
      case Schema::Type::kVersion:
        return read_version(node, path);
      case Schema::Type::kList:
        return read_list(node, schema, path);
      case Schema::Type::kMap:
      case Schema::Type::kObject:
        return read_mapping(node, schema, path);
    }
    return Json();
  }

  Json read_version(const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kScalar && node.text == "1.0") return "1.0";
    if (node.kind == YamlNode::Kind::kScalar)
      return wrong(node, path, fmt::format("{} is no version of this format that is known here", shown(node.text)),
                   "write: version: 1.0");
    return wrong(node, path, fmt::format("must be text, not {}", kind_of(node)), "write: version: 1.0");
  }

  Json read_flag(const YamlNode& node, const std::string& path) {
    if (node.kind != YamlNode::Kind::kScalar)
      return wrong(node, path, fmt::format("must be true or false, not {}", kind_of(node)), "write true or false");
    if (is_plain(node) && node.text == "true") return true;
    if (is_plain(node) && node.text == "false") return false;
    const std::string_view meant = meant_flag(node.text);
    const std::string quoted = is_plain(node) ? "" : " in quotes";
    return wrong(node, path, fmt::format("must be true or false, not {}{}", shown(node.text), quoted),
                 meant.empty() ? "write true or false" : fmt::format("write {}", meant));
  }

  Json read_text(const YamlNode& node, const Schema& schema, const std::string& path) {
    if (node.kind != YamlNode::Kind::kScalar) {
      std::string advice = "write one value";
      if (node.style == YamlNode::Style::kFlow) advice = "quote the value when the bracket is part of it";
      return wrong(node, path, fmt::format("must be text, not {}", kind_of(node)), advice);
    }
    if (!is_block(node) && node.end_line > node.line)
      return wrong(node, path,
                   fmt::format("the text goes on in line {}, but outside a block each line break becomes a blank",
                               node.line + 1),
                   "write it on one line, or as a block that begins with '|' and is indented below its key");
    if (is_plain(node))
      if (const std::string problem = surprise(node.text, schema.is_secret); !problem.empty())
        return wrong(node, path, problem, "quote it");
    return check_text(node, schema, path);
  }

  Json check_text(const YamlNode& node, const Schema& schema, const std::string& path) {
    if (!schema.words.empty() && std::ranges::find(schema.words, node.text) == schema.words.end()) {
      const std::vector<std::string_view> words(schema.words.begin(), schema.words.end());
      std::string advice = did_you_mean(node.text, words);
      if (advice.empty()) advice = fmt::format("write {}", fmt::join(words, " or "));
      return wrong(node, path, fmt::format("{} is not allowed here", shown(node.text)), advice);
    }
    if (schema.is_block) {
      if (is_block(node) && has_escaped_quote_in_template(node.text))
        add(place(node), path, "has \\\" inside {{ }}, and in a block a backslash stays in the text",
            "write the quotes without backslashes");
    }
    if (schema.check != nullptr)
      if (auto complaint = schema.check(node.text)) return wrong(node, path, complaint->what, complaint->advice);
    return node.text;
  }

  Json read_list(const YamlNode& node, const Schema& schema, const std::string& path) {
    if (is_null(node)) return Json();
    if (node.kind == YamlNode::Kind::kMapping) {
      const std::string_view first = node.children.empty() ? "" : std::string_view(node.children[0].text);
      add(place(node), path, "must be a list, not a mapping",
          first.empty() ? "write [] for an empty list"
                        : fmt::format("begin each item with '- ': put '- ' in front of '{}'", first.substr(0, 60)));
      // What is wrong inside is told in the same run.
      if (schema.items->type == Schema::Type::kObject) read(node, *schema.items, path + "[0]");
      return Json();
    }
    if (node.kind == YamlNode::Kind::kScalar)
      return wrong(node, path, "must be a list, not text",
                   "put the value on a line of its own below the key, after '- '");
    Json list = Json::array();
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const YamlNode& item = node.children[i];
      const std::string inner = fmt::format("{}[{}]", path, i);
      if (is_null(item)) {
        add(place(item), inner, "is empty", "give a value, or remove the '-'");
        list.append(Json());
      } else {
        list.append(read(item, *schema.items, inner));
      }
    }
    return list;
  }

  Json read_mapping(const YamlNode& node, const Schema& schema, const std::string& path) {
    if (is_null(node)) {
      check_required(Place{node.line, node.column}, schema, path, {});
      return Json();
    }
    if (node.kind != YamlNode::Kind::kMapping)
      return wrong(node, path, fmt::format("must be a mapping, not {}", kind_of(node)),
                   "write fields as 'key: value', indented below it");
    Json object = Json::object();
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const YamlNode& key = node.children[i];
      if (key.kind != YamlNode::Kind::kScalar) {
        add(place(key), path, fmt::format("a key must be text, not {}", kind_of(key)),
            "quote it, or look for a missing quote or a stray bracket");
        continue;
      }
      const auto [first, is_new] = seen.try_emplace(key.text, key.line);
      const std::string inner = join(path, key.text);
      if (!is_new) {
        add(place(key), inner, fmt::format("the key is here twice, first in line {}", first->second),
            "keep one of them");
        continue;
      }
      const Schema* member = schema_of(key, schema, path);
      if (member == nullptr) continue;
      const YamlNode& value = node.children[i + 1];
      if (is_null(value) && member->type != Schema::Type::kVersion) {
        read_empty(key, value, inner, is_required(schema, key.text));
        continue;
      }
      Json read_value = read(value, *member, inner);
      if (!read_value.is_null()) object.set(key.text, std::move(read_value));
    }
    check_required(place(node), schema, path, seen);
    return object;
  }

  static bool is_required(const Schema& schema, std::string_view name) {
    return std::ranges::any_of(schema.fields, [&](const Field& f) { return f.name == name && f.required; });
  }

  // "key:" without a value is as if the key was not there, but for what must be there.
  void read_empty(const YamlNode& key, const YamlNode& value, const std::string& path, bool required) {
    if (!check_node(value, path)) return;
    if (required) add(place(key), path, "has no value", "give one; an indented block below the key belongs to it");
  }

  // The schema of a key's value, or null (with the problem told) when the key is not known.
  const Schema* schema_of(const YamlNode& key, const Schema& schema, const std::string& path) {
    if (!check_node(key, path)) return nullptr;
    if (schema.type == Schema::Type::kMap) {
      const auto complaint = schema.check_key == nullptr ? check_line(key.text) : schema.check_key(key.text);
      if (!complaint) return schema.items;
      add(place(key), path, "the key " + complaint->what, complaint->advice);
      return nullptr;
    }
    for (const Field& field : schema.fields)
      if (field.name == key.text) return field.schema;
    add(place(key), join(path, key.text), "the key is not known here", advice_for_key(key.text, schema));
    return nullptr;
  }

  std::string advice_for_key(std::string_view key, const Schema& schema) const {
    if (const std::string_view note = note_on_key(key); !note.empty()) return std::string(note);
    std::vector<std::string_view> names;
    for (const Field& field : schema.fields) names.push_back(field.name);
    if (const std::string word = did_you_mean(key, names); !word.empty()) return word;
    std::vector<std::string> found;
    find_key(top_, key, "", found);
    if (!found.empty()) return fmt::format("it belongs to {}", fmt::join(found, " or "));
    return fmt::format("known are {}", fmt::join(names, ", "));
  }

  void check_required(Place at, const Schema& schema, const std::string& path,
                      const std::map<std::string_view, std::size_t>& seen) {
    if (!values_.is_whole) return;  // it may stand behind the place where reading ended
    for (const Field& field : schema.fields)
      if (field.required && !seen.contains(field.name))
        add(at, join(path, field.name), "is missing", example_of(field));
  }

  static std::string example_of(const Field& field) {
    if (field.schema->type == Schema::Type::kVersion) return "write: version: 1.0";
    if (!field.schema->words.empty()) return fmt::format("write: {}: {}", field.name, field.schema->words[0]);
    if (!field.schema->example.empty())
      return fmt::format("write for example: {}: {}", field.name, field.schema->example);
    return fmt::format("add the field '{}'", field.name);
  }

  const Schema& top_;
  Values values_;
};

}  // namespace

Values read_values(std::string_view text, const Schema& schema) {
  return Reader(text, schema).take();
}

}  // namespace slipway::standalone
