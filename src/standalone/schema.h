#pragma once

#include <span>
#include <string_view>

#include "standalone/formats.h"

// The configuration's fields: the one source of the checker (reader.h), of `cluster-bootstrapper schema`
// (json_schema.h) and of suggestions for misspelt keys.
namespace slipway::standalone {

struct Schema;

struct Field {
  std::string_view name;
  const Schema* schema = nullptr;
  bool required = false;
};

struct Schema {
  enum class Type {
    kText,
    kFlag,     // true or false
    kVersion,  // the format's own version: 1.0, quoted or not
    kObject,   // `fields`
    kMap,      // any keys (checked by `check_key`) to `items`
    kList,     // of `items`
  };
  Type type = Type::kText;
  std::string_view description;
  std::string_view example;  // of a text, for editors
  std::string_view pattern;  // of a text, ECMA 262, at least as wide as `check`; "" = none
  TextCheck check = check_line;
  std::span<const std::string_view> words;  // the only values of a text
  std::span<const Field> fields;
  const Schema* items = nullptr;
  TextCheck check_key = nullptr;
  bool is_block = false;   // a text that may hold line breaks
  bool is_secret = false;  // never repeated in a message
  bool deprecated = false;
};

const Schema& configuration_schema();

// Keys that people bring along from elsewhere: why they are not taken. "" = nothing is known about the key.
std::string_view note_on_key(std::string_view key);

}  // namespace slipway::standalone
