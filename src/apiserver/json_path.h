#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace slipway::apiserver {

// The part of Kubernetes' JSONPath that printer columns use: .name  .name\.with\.dots  ['name']  [0]  [-1]  [*]
// [?(@.type=="Ready")]  [?(@.name!="x")]. Compiled once; pure.
class JsonPath {
 public:
  // kInvalid says what is not understood.
  static base::Result<JsonPath> compile(std::string_view text);
  // Everything the path leads to; what is missing on the way is nothing. Pointers into `root`.
  std::vector<const data::Json*> find(const data::Json& root) const;

 private:
  struct Step {
    enum class Kind { kMember, kIndex, kAll, kFilter };
    Kind kind = Kind::kMember;
    std::string name;                 // member
    long index = 0;                   // negative counts from the end
    std::vector<std::string> filter;  // members below @
    std::string value;                // compared as text
    bool equal = true;
  };
  class Parser;
  std::vector<Step> steps_;
};

}  // namespace slipway::apiserver
