#include "data/yaml.h"

#include <fmt/core.h>
#include <map>
#include <optional>
#include <yaml.h>

#include "data/yaml_scalar.h"

namespace slipway::data {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxNodes = 1'000'000;
constexpr std::size_t kMaxAliasedNodes = 20'000;  // copies made by aliases: the "billion laughs" bound

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

// One event of the parser, freed at the end.
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

std::size_t count_nodes(const Json& value) {
  std::size_t count = 1;
  for (const Json& item : value.items()) count += count_nodes(item);
  for (const auto& [key, member] : value.members()) count += count_nodes(member);
  return count;
}

// Builds Json out of libyaml's events.
class Composer {
 public:
  Composer(std::string_view text, YamlDialect dialect) : dialect_(dialect) {
    ready_ = yaml_parser_initialize(&parser_) == 1;
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  Composer(const Composer&) = delete;
  Composer& operator=(const Composer&) = delete;
  ~Composer() { yaml_parser_delete(&parser_); }

  Result<std::vector<Json>> documents() {
    if (!ready_) return fail(ErrorCode::kInternal, "the YAML reader cannot start: out of memory");
    std::vector<Json> documents;
    while (true) {
      Event event;
      SLIPWAY_TRY(next(event));
      if (event->type == YAML_STREAM_END_EVENT) return documents;
      if (event->type != YAML_DOCUMENT_START_EVENT) continue;
      anchors_.clear();
      Event root;
      SLIPWAY_TRY(next(root));
      const bool empty = root->type == YAML_SCALAR_EVENT && root->data.scalar.length == 0 &&
                         root->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && root->data.scalar.tag == nullptr;
      Json document = SLIPWAY_TRY(compose(root, 0));
      if (!empty) documents.push_back(std::move(document));
    }
  }

 private:
  Status next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) == 1) return {};
    return Status(ErrorCode::kBadRequest, fmt::format("YAML cannot be read: line {}, column {}: {}",
                                                      parser_.problem_mark.line + 1, parser_.problem_mark.column + 1,
                                                      parser_.problem != nullptr ? parser_.problem : "syntax error"));
  }

  base::Error refuse(const yaml_mark_t& mark, std::string_view problem) const {
    return fail(ErrorCode::kBadRequest,
                fmt::format("YAML cannot be read: line {}, column {}: {}", mark.line + 1, mark.column + 1, problem));
  }

  Result<Json> compose(Event& event, std::size_t depth) {
    if (depth > kMaxDepth) return refuse(event->start_mark, fmt::format("nested deeper than {} levels", kMaxDepth));
    if (++nodes_ > kMaxNodes) return refuse(event->start_mark, fmt::format("more than {} values", kMaxNodes));
    switch (event->type) {
      case YAML_ALIAS_EVENT:
        return alias(event);
      case YAML_SCALAR_EVENT:
        return remember(event->data.scalar.anchor, SLIPWAY_TRY(scalar(event)));
      case YAML_SEQUENCE_START_EVENT:
        return sequence(event, depth);
      case YAML_MAPPING_START_EVENT:
        return mapping(event, depth);
      default:
        return refuse(event->start_mark, "a value was expected");
    }
  }

  Json remember(const yaml_char_t* anchor, Json value) {
    if (anchor != nullptr) anchors_[std::string(text_of(anchor))] = value;
    return value;
  }

  Result<Json> alias(Event& event) {
    const std::string name(text_of(event->data.alias.anchor));
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) return refuse(event->start_mark, fmt::format("unknown anchor '{}'", name));
    aliased_ += count_nodes(found->second);
    if (aliased_ > kMaxAliasedNodes) return refuse(event->start_mark, "aliases expand to too many values");
    return found->second;
  }

  Result<Json> scalar(Event& event) {
    const auto& data = event->data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(data.value), data.length);
    const std::string_view tag = text_of(data.tag);
    if (tag.empty()) return data.style == YAML_PLAIN_SCALAR_STYLE ? resolve_plain_scalar(text, dialect_) : Json(text);
    if (tag == "!" || tag == YAML_STR_TAG || tag == "tag:yaml.org,2002:binary") return Json(text);
    const Json value = resolve_plain_scalar(text, dialect_);
    const bool fits = (tag == YAML_INT_TAG && value.is_integer()) || (tag == YAML_FLOAT_TAG && value.is_number()) ||
                      (tag == YAML_BOOL_TAG && value.is_bool()) || (tag == YAML_NULL_TAG && value.is_null());
    if (fits) return value;
    return refuse(event->start_mark, fmt::format("'{}' cannot be read with tag '{}'", text.substr(0, 60), tag));
  }

  Result<Json> sequence(Event& start, std::size_t depth) {
    const std::string_view tag = text_of(start->data.sequence_start.tag);
    if (!tag.empty() && tag != YAML_SEQ_TAG && tag != "!")
      return refuse(start->start_mark, fmt::format("unknown tag '{}'", tag));
    Json array = Json::array();
    while (true) {
      Event event;
      SLIPWAY_TRY(next(event));
      if (event->type == YAML_SEQUENCE_END_EVENT) return remember(start->data.sequence_start.anchor, std::move(array));
      array.append(SLIPWAY_TRY(compose(event, depth + 1)));
    }
  }

  Result<Json> mapping(Event& start, std::size_t depth) {
    const std::string_view tag = text_of(start->data.mapping_start.tag);
    if (!tag.empty() && tag != YAML_MAP_TAG && tag != "!")
      return refuse(start->start_mark, fmt::format("unknown tag '{}'", tag));
    Json object = Json::object();
    Json merged = Json::object();
    while (true) {
      Event key;
      SLIPWAY_TRY(next(key));
      if (key->type == YAML_MAPPING_END_EVENT) break;
      const std::string name = SLIPWAY_TRY(key_text(key));
      const bool is_merge = name == "<<" && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      Event event;
      SLIPWAY_TRY(next(event));
      Json value = SLIPWAY_TRY(compose(event, depth + 1));
      if (is_merge) {
        SLIPWAY_TRY(merge(key->start_mark, merged, value));
      } else if (object.contains(name)) {
        return refuse(key->start_mark, fmt::format("duplicate key '{}'", name.substr(0, 100)));
      } else {
        object.set(name, std::move(value));
      }
    }
    for (auto& [name, value] : merged.mutable_members())
      if (!object.contains(name)) object.set(name, std::move(value));
    return remember(start->data.mapping_start.anchor, std::move(object));
  }

  Status merge(const yaml_mark_t& mark, Json& into, const Json& value) const {
    if (dialect_ == YamlDialect::kStrict) return refuse(mark, "merge keys (<<) are not allowed here");
    if (value.is_array()) {
      for (const Json& item : value.items()) SLIPWAY_TRY(merge(mark, into, item));
      return {};
    }
    if (!value.is_object()) return refuse(mark, "a merge key (<<) needs a mapping");
    for (const auto& [name, member] : value.members())
      if (!into.contains(name)) into.set(name, member);
    return {};
  }

  Result<std::string> key_text(Event& key) const {
    if (key->type != YAML_SCALAR_EVENT) return refuse(key->start_mark, "keys must be strings");
    const auto& data = key->data.scalar;
    const std::string text(reinterpret_cast<const char*>(data.value), data.length);
    // Kubernetes' reader turns scalar keys of other kinds into their text; the strict dialect wants strings.
    if (dialect_ == YamlDialect::kStrict && data.style == YAML_PLAIN_SCALAR_STYLE &&
        !resolve_plain_scalar(text, dialect_).is_string())
      return refuse(key->start_mark, fmt::format("key '{}' must be a string; quote it", text.substr(0, 100)));
    return text;
  }

  YamlDialect dialect_;
  bool ready_ = false;
  yaml_parser_t parser_{};
  std::map<std::string, Json> anchors_;
  std::size_t nodes_ = 0, aliased_ = 0;
};

}  // namespace

Result<std::vector<Json>> parse_yaml_documents(std::string_view text, YamlDialect dialect) {
  constexpr std::size_t kMaxBytes = 32u << 20;
  if (text.size() > kMaxBytes)
    return fail(ErrorCode::kTooLarge, fmt::format("YAML of {} bytes is larger than {} bytes", text.size(), kMaxBytes));
  return Composer(text, dialect).documents();
}

Result<Json> parse_yaml(std::string_view text, YamlDialect dialect) {
  std::vector<Json> documents = SLIPWAY_TRY(parse_yaml_documents(text, dialect));
  if (documents.size() == 1) return std::move(documents[0]);
  return fail(ErrorCode::kBadRequest, fmt::format("YAML must hold exactly one document, not {}", documents.size()));
}

}  // namespace slipway::data
