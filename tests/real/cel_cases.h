#pragma once

#include <random>
#include <string>
#include <vector>

#include "data/json.h"

namespace slipway::real {

// Input for tests/real/oracles/cel: expressions with an object they look at, and schemas with rules. The same seed
// makes the same cases.
class CelCases {
 public:
  explicit CelCases(std::uint64_t seed) : random_(seed) {}

  // A random boolean expression over schema(); now and then one that does not compile.
  std::string next_expression() { return make('b', 1 + below(4)); }
  // {"schema", "object", "old"?}: a schema with rules at several levels, an object, and perhaps the one before.
  data::Json next_object();

  // Expressions by hand: every function, every error, every form of the grammar.
  static const std::vector<std::string>& written();
  static const data::Json& schema();
  static const data::Json& object();

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
  bool chance(int percent) { return below(100) < percent; }
  std::string make(char type, int depth);
  std::string literal(char type);
  data::Json make_object();
  data::Json make_rules(char type);

  std::mt19937_64 random_;
};

}  // namespace slipway::real
