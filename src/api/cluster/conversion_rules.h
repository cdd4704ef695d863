#pragma once

#include <span>
#include <string_view>

// What differs between v1beta1 and v1beta2, as data; conversion.cpp reads it in both directions.
namespace slipway::api::cluster {

// How the value itself changes, v1beta1 on the left.
enum class Form {
  kSame,
  kNonZero,            // an integer, where v1beta2 leaves 0 out
  kSeconds,            // "5m0s" <-> 300
  kContractReference,  // ObjectReference <-> {apiGroup, kind, name}
  kTemplateReference,  // ObjectReference <-> {apiVersion, kind, name}
  kNodeReference,      // ObjectReference of a Node <-> {name}
  kFailureDomains,     // map by name <-> list
  kTimedConditions,    // [{type, status, timeout}] <-> [{type, status, timeoutSeconds}]
};

// A value at `old_path` in v1beta1 is at `new_path` in v1beta2. An empty path: that version has no place for it.
struct Move {
  std::string_view old_path;
  std::string_view new_path;
  Form form = Form::kSame;
};

// Moves relative to each object at `place`, which is the same in both versions: "" for the whole object, otherwise a
// path in which "[]" stands for every item of a list.
struct Scope {
  std::string_view place;
  std::span<const Move> moves;
};

// Empty for a kind that is not converted.
std::span<const Scope> conversion_scopes(std::string_view kind);

}  // namespace slipway::api::cluster
