#pragma once

#include <random>
#include <string>

#include "data/json.h"

namespace slipway::real {

// Random input for tests/real/oracles/merge: a schema of a custom resource and a sequence of updates and applies by
// several managers. The same seed makes the same case.
class MergeCase {
 public:
  explicit MergeCase(std::uint64_t seed);
  const data::Json& schema() const { return schema_; }
  // The next operation on `live`, the object as the last one left it.
  data::Json next_operation(const data::Json& live);

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
  bool chance(int percent) { return below(100) < percent; }
  data::Json make_schema(int depth);
  data::Json make_map_schema(int depth);
  data::Json make_list_schema(int depth);
  data::Json make_scalar_schema();
  data::Json make_value(const data::Json& schema, int depth);
  data::Json make_free_value(int depth);
  data::Json make_scalar(const std::string& type);
  data::Json make_list(const data::Json& schema, int depth);
  void mutate(data::Json& value, const data::Json& schema, int depth);
  data::Json make_metadata();
  void mutate_metadata(data::Json& metadata);

  std::mt19937_64 random_;
  data::Json schema_;
  bool broken_values_ = false;  // this case also has values that do not fit
};

}  // namespace slipway::real
