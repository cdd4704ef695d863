#include "data/yaml_tree.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>
#include <yaml.h>

namespace slipway::data {

namespace {

constexpr std::size_t kMaxBytes = 4u << 20;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxNodes = 200'000;

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

YamlNode::Style scalar_style(yaml_scalar_style_t style) {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
      return YamlNode::Style::kSingleQuoted;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
      return YamlNode::Style::kDoubleQuoted;
    case YAML_LITERAL_SCALAR_STYLE:
      return YamlNode::Style::kLiteral;
    case YAML_FOLDED_SCALAR_STYLE:
      return YamlNode::Style::kFolded;
    default:
      return YamlNode::Style::kPlain;
  }
}

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }
  yaml_event_t* operator->() { return &event_; }
  yaml_event_t* get() { return &event_; }

 private:
  yaml_event_t event_{};
};

class TreeBuilder {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {
    ready_ = yaml_parser_initialize(&parser_) == 1;
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;
  ~TreeBuilder() { yaml_parser_delete(&parser_); }

  YamlTree build() {
    YamlTree tree;
    while (ready_) {
      Event event;
      if (!next(event) || event->type == YAML_STREAM_END_EVENT) break;
      if (event->type != YAML_DOCUMENT_START_EVENT) continue;
      Event root;
      if (!next(root)) break;
      YamlNode document;
      const bool whole = compose(root, 0, document);
      const bool is_empty = document.kind == YamlNode::Kind::kScalar && document.style == YamlNode::Style::kPlain &&
                            document.text.empty();
      if (!is_empty) tree.documents.push_back(std::move(document));
      if (!whole) break;
    }
    if (!ready_) problem_ = YamlProblem{1, 1, "the YAML reader cannot start: out of memory"};
    tree.problem = std::move(problem_);
    return tree;
  }

 private:
  bool next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) == 1) return true;
    problem_ = explain();
    return false;
  }

  bool refuse(const yaml_mark_t& mark, std::string text) {
    problem_ = YamlProblem{mark.line + 1, mark.column + 1, std::move(text)};
    return false;
  }

  // False when reading ended inside; `node` then holds what came before.
  bool compose(Event& event, std::size_t depth, YamlNode& node) {
    if (depth > kMaxDepth) return refuse(event->start_mark, fmt::format("nested deeper than {} levels", kMaxDepth));
    if (++nodes_ > kMaxNodes) return refuse(event->start_mark, fmt::format("more than {} values", kMaxNodes));
    node.line = event->start_mark.line + 1;
    node.column = event->start_mark.column + 1;
    node.end_line = event->end_mark.line + 1;
    switch (event->type) {
      case YAML_ALIAS_EVENT:
        node.kind = YamlNode::Kind::kAlias;
        node.text = text_of(event->data.alias.anchor);
        return true;
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event->data.scalar;
        node.style = scalar_style(scalar.style);
        node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
        node.tag = text_of(scalar.tag);
        node.has_anchor = scalar.anchor != nullptr;
        return true;
      }
      case YAML_SEQUENCE_START_EVENT: {
        const auto& start = event->data.sequence_start;
        node.kind = YamlNode::Kind::kSequence;
        node.style = start.style == YAML_FLOW_SEQUENCE_STYLE ? YamlNode::Style::kFlow : YamlNode::Style::kBlock;
        node.tag = text_of(start.tag);
        node.has_anchor = start.anchor != nullptr;
        return children(depth, YAML_SEQUENCE_END_EVENT, node);
      }
      case YAML_MAPPING_START_EVENT: {
        const auto& start = event->data.mapping_start;
        node.kind = YamlNode::Kind::kMapping;
        node.style = start.style == YAML_FLOW_MAPPING_STYLE ? YamlNode::Style::kFlow : YamlNode::Style::kBlock;
        node.tag = text_of(start.tag);
        node.has_anchor = start.anchor != nullptr;
        const bool whole = children(depth, YAML_MAPPING_END_EVENT, node);
        if (node.children.size() % 2 == 1) node.children.pop_back();  // a key whose value was not reached
        return whole;
      }
      default:
        return refuse(event->start_mark, "a value was expected");
    }
  }

  bool children(std::size_t depth, yaml_event_type_t end, YamlNode& node) {
    while (true) {
      Event event;
      if (!next(event)) return false;
      if (event->type == end) return true;
      if (!compose(event, depth + 1, node.children.emplace_back())) return false;
    }
  }

  YamlProblem explain() const;
  YamlProblem explain_bytes() const;
  // The line with number `number` (from 0) of the text.
  std::string_view line_at(std::size_t number) const {
    std::string_view rest = text_;
    for (; number > 0; --number) {
      const auto end = rest.find('\n');
      if (end == rest.npos) return {};
      rest.remove_prefix(end + 1);
    }
    return rest.substr(0, rest.find('\n'));
  }

  std::string_view text_;
  bool ready_ = false;
  yaml_parser_t parser_{};
  std::size_t nodes_ = 0;
  std::optional<YamlProblem> problem_;
};

// Bytes that are no text at all: libyaml tells only their offset.
YamlProblem TreeBuilder::explain_bytes() const {
  const std::string_view before = text_.substr(0, std::min(parser_.problem_offset, text_.size()));
  YamlProblem problem;
  problem.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 = 0
  problem.column = 1;
  for (const char c : before.substr(line_start))
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++problem.column;
  problem.text = parser_.problem_value == -1 || parser_.problem_value >= 0x80
                     ? "the file is not UTF-8 text; save it as UTF-8"
                     : fmt::format("byte 0x{:02x} is not allowed in a text file; remove it", parser_.problem_value);
  return problem;
}

YamlProblem TreeBuilder::explain() const {
  if (parser_.error == YAML_MEMORY_ERROR) return {1, 1, "not enough memory"};
  if (parser_.error == YAML_READER_ERROR) return explain_bytes();
  YamlProblem problem{parser_.problem_mark.line + 1, parser_.problem_mark.column + 1, ""};
  const std::string_view cause = text_of(reinterpret_cast<const yaml_char_t*>(parser_.problem));
  const std::string_view context = text_of(reinterpret_cast<const yaml_char_t*>(parser_.context));
  const std::size_t start = parser_.context_mark.line + 1;
  const std::string_view line = line_at(parser_.problem_mark.line);
  const auto indent_end = line.find_first_not_of(" \t");
  const auto tab = line.substr(0, indent_end).find('\t');
  if (tab != line.npos && cause != "found unexpected end of stream") {
    problem.column = tab + 1;
    problem.text = "a tab cannot indent YAML; use spaces";
  } else if (context == "while scanning a quoted scalar") {
    problem.text =
        fmt::format("the quoted text that begins in line {} has no end; close it with the same quote", start);
    problem.line = start;
    problem.column = parser_.context_mark.column + 1;
  } else if (cause == "found unknown escape character") {
    problem.text =
        "a backslash in double quotes begins an escape that YAML does not know; write \\\\ or use single quotes";
  } else if (cause == "mapping values are not allowed in this context") {
    problem.text = "': ' is not expected here; indent the key like its neighbours, or quote a value that contains ': '";
  } else if (cause == "did not find expected key" || cause == "did not find expected <block mapping start>") {
    problem.text = fmt::format(
        "this does not fit the mapping that begins in line {}; indent it like its neighbours, and look for a missing "
        "or "
        "extra quote in the line above",
        start);
  } else if (cause == "did not find expected '-' indicator") {
    problem.text = fmt::format(
        "this does not fit the list that begins in line {}; begin each item with '- ' in one column", start);
  } else if (cause == "could not find expected ':'") {
    problem.text = fmt::format("the key in line {} has no ':'; write 'key: value'", start);
    problem.line = start;
    problem.column = parser_.context_mark.column + 1;
  } else if (cause == "block sequence entries are not allowed in this context") {
    problem.text = "a list cannot begin here; put '- ' on a line of its own below the key";
  } else if (cause == "found character that cannot start any token") {
    problem.text = "a value cannot begin with this character; quote the value";
  } else if (cause == "did not find expected ',' or ']'" || cause == "did not find expected ',' or '}'") {
    problem.text = fmt::format("the bracket opened in line {} is not closed; add what is missing", start);
  } else {
    problem.text = fmt::format("YAML cannot be read here: {}{}{}", context, context.empty() ? "" : ", ", cause);
  }
  return problem;
}

}  // namespace

YamlTree parse_yaml_tree(std::string_view text) {
  if (text.size() > kMaxBytes)
    return {{}, YamlProblem{1, 1, fmt::format("the file of {} bytes is larger than {} bytes", text.size(), kMaxBytes)}};
  return TreeBuilder(text).build();
}

}  // namespace slipway::data
