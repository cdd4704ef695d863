#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cel/compare.h"
#include "cel/expression.h"
#include "cel/type.h"
#include "cel/value.h"

namespace slipway::cel {

// What an implementation may use while it runs.
struct CallContext {
  const Expression& call;
  WorkMeter& work;
};

using Implementation = Value (*)(std::span<const Value> arguments, CallContext& context);

// How a call is charged; the formulas are in cost.cpp (at run time) and cost_estimate.cpp (before).
enum class CostRule {
  kOne,
  kPrefix,      // startsWith, endsWith
  kConversion,  // of a text or bytes, quote, format: along the first argument
  kInList,
  kCompare,  // along the shorter one
  kConcatenate,
  kConcatenateList,
  kMatches,
  kFind,
  kContains,
  kScan,           // the whole data below a list, or a text
  kTraverse,       // along the first argument; the result is as long
  kTraverseTwice,  // replace, split
  kJoin,
  kParse,  // along the first argument; the result has no size
  kParseTwice,
  kContainsIp,
  kContainsIpText,
  kContainsCidr,
  kContainsCidrText,
  kValidate,
  kSets,
  kSetsTwice,
  kListOutput,
  kFlatten,
  kSelfCompare,  // distinct, sort
  kSortBy
};

struct Overload {
  std::string id;
  std::string_view function;
  bool is_member = false;
  std::vector<TypeRef> parameters;
  TypeRef result;
  CostRule cost = CostRule::kOne;
  Implementation call = nullptr;
};

// Whether a value may be an argument for a parameter of that type, as far as its outermost level tells.
bool accepts(const Type& parameter, const Value& value);

struct Function {
  std::string name;
  std::vector<std::unique_ptr<Overload>> overloads;
};

// The functions an expression may call, and the types it may name.
class Library {
 public:
  const Function* find(std::string_view name) const;
  // The type an identifier such as `int` or `net.IP` stands for, or null.
  TypeRef find_type(std::string_view name) const;

  void add(std::string_view name, std::string_view id, std::vector<TypeRef> parameters, TypeRef result,
           Implementation call, CostRule cost = CostRule::kOne);
  void add_member(std::string_view name, std::string_view id, std::vector<TypeRef> parameters, TypeRef result,
                  Implementation call, CostRule cost = CostRule::kOne);
  void add_type(TypeRef type);

 private:
  Overload& add_overload(std::string_view name);
  std::map<std::string, Function, std::less<>> functions_;
  std::map<std::string, TypeRef, std::less<>> types_;
};

// The environment of Kubernetes 1.36 (k8s.io/apiserver/pkg/cel/environment/base.go) without the authorizer, which has
// no variable in a schema's rules.
const Library& kubernetes_library();

// The parts of it, one file each.
void add_operators(Library& library);
void add_conversions(Library& library);
void add_time(Library& library);
void add_standard_strings(Library& library);
void add_strings(Library& library);
void add_lists(Library& library);
void add_list_extensions(Library& library);
void add_sets(Library& library);
void add_optionals(Library& library);
void add_regular_expressions(Library& library);
void add_networks(Library& library);
void add_urls(Library& library);
void add_quantities(Library& library);
void add_versions(Library& library);
void add_formats(Library& library);

// A text's pattern, compiled; an error value names what is wrong with it. Prepared once for constants.
struct CompiledPattern;
std::shared_ptr<const CompiledPattern> compile_pattern(std::string_view pattern, std::string& error);

}  // namespace slipway::cel
