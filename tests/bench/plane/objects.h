#pragma once

#include <string>
#include <vector>

#include "plane/load.h"

namespace slipway::bench {

// The kind of object that both sides hold: a custom resource with a schema of its own (devices.bench.slipway.dev), or
// ConfigMaps where a side takes no definitions at run time.
class ObjectKind {
 public:
  explicit ObjectKind(bool custom) : custom_(custom) {}

  // Creates the definition (custom) and the namespace. kUnsupported when definitions are not taken.
  base::Status install(Load& load) const;
  std::string collection(std::string_view ns = "bench") const;
  // An object of about `bytes` bytes of JSON.
  std::string object(std::string_view name, std::size_t bytes) const;
  // A merge patch that changes one field to `"stamp":"<value>"`.
  std::string patch(std::int64_t stamp) const;
  std::string description() const { return custom_ ? "custom resources with a schema" : "ConfigMaps"; }

 private:
  bool custom_;
};

// The text of an object into which other names of the same length are put.
class ObjectPattern {
 public:
  ObjectPattern(std::string text, std::string_view name);
  std::string with_name(std::string_view name) const;

 private:
  std::string text_;
  std::vector<std::size_t> places_;
};

}  // namespace slipway::bench
