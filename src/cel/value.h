#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cel/declaration.h"
#include "cel/type.h"
#include "data/json.h"

namespace slipway::cel {

class Value;

// Why an evaluation has no value; the text is the whole message.
struct Error {
  std::shared_ptr<const std::string> message;
};
struct Null {};

// A text or a row of bytes: a view into the object or the program, or one with an owner.
struct Text {
  std::string_view view;
  std::shared_ptr<const std::string> owner;
};
struct Bytes {
  std::shared_ptr<const std::string> data;
};

// Seconds since 1970 and nanoseconds (0 to 999,999,999) after them.
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;
};
struct Duration {
  std::int64_t nanoseconds = 0;
};

// A list: part of the object as it is (`json` with the declaration of the list), or made by the expression (`items`).
struct List {
  const data::Json* json = nullptr;
  const Declaration* declaration = nullptr;
  std::shared_ptr<std::vector<Value>> items;
};

struct KeyLess {
  bool operator()(const Value& left, const Value& right) const;
};
using Entries = std::map<Value, Value, KeyLess>;

// A map or object, in the same two forms.
struct Map {
  const data::Json* json = nullptr;
  const Declaration* declaration = nullptr;
  std::shared_ptr<Entries> entries;
};

struct Optional {
  std::shared_ptr<const Value> value;  // null: none
};

// A part of the object that the schema does not describe: only comparable.
struct Undeclared {
  const data::Json* json = nullptr;
};

// A value of a type that a library brings.
struct Extension {
  virtual ~Extension() = default;
  virtual const TypeRef& type() const = 0;
  virtual bool equals(const Extension& other) const = 0;  // of the same type
  virtual std::int64_t size() const { return 1; }         // as cost counts it
};
using ExtensionRef = std::shared_ptr<const Extension>;

// A value of the language at run time. Cheap to copy. Views point into the object under evaluation and into the
// program, which outlive it.
class Value {
 public:
  Value() : data_(Null{}) {}
  Value(bool value) : data_(value) {}
  Value(std::int64_t value) : data_(value) {}
  Value(std::uint64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(Timestamp value) : data_(value) {}
  Value(Duration value) : data_(value) {}
  Value(List value) : data_(std::move(value)) {}
  Value(Map value) : data_(std::move(value)) {}
  Value(Optional value) : data_(std::move(value)) {}
  Value(Undeclared value) : data_(value) {}
  Value(TypeRef value) : data_(std::move(value)) {}
  Value(ExtensionRef value) : data_(std::move(value)) {}
  Value(const void*) = delete;  // no pointer becomes a bool
  static Value error(std::string message);
  static Value no_such_overload() { return error("no such overload"); }
  static Value text(std::string value);
  static Value view(std::string_view value);  // whose bytes outlive the evaluation
  static Value bytes(std::string value);
  static Value list(std::vector<Value> items);
  static Value map(Entries entries);
  static Value some(Value value);
  static Value none();
  // Part of the object, read by its declaration; null declaration: not described by the schema.
  static Value of_json(const data::Json& json, const Declaration* declaration);

  template <typename T>
  const T* get() const {
    return std::get_if<T>(&data_);
  }
  template <typename T>
  T* get() {
    return std::get_if<T>(&data_);
  }
  bool is_error() const { return get<Error>() != nullptr; }
  const std::string& error_message() const { return *get<Error>()->message; }
  bool is_null() const { return get<Null>() != nullptr; }
  bool is_true() const { return get<bool>() != nullptr && *get<bool>(); }
  bool is_number() const { return get<std::int64_t>() || get<std::uint64_t>() || get<double>(); }
  const std::string_view* string() const { return get<Text>() ? &get<Text>()->view : nullptr; }

  TypeKind kind() const;
  // "int", "string", "google.protobuf.Timestamp"...: what type() answers.
  TypeRef type() const;
  // As messages show it.
  std::string show() const;

 private:
  std::variant<Error, Null, bool, std::int64_t, std::uint64_t, double, Text, Bytes, Timestamp, Duration, List, Map,
               Optional, Undeclared, TypeRef, ExtensionRef>
      data_;
};

}  // namespace slipway::cel
