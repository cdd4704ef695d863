#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"

namespace slipway::meta {

// A label selector: every requirement must hold. An empty selector matches everything.
class LabelSelector {
 public:
  enum class Operator { kIn, kNotIn, kExists, kDoesNotExist, kGreaterThan, kLessThan };
  struct Requirement {
    std::string key;
    Operator op = Operator::kExists;
    std::vector<std::string> values;
  };

  // The query string form: "a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2" (k8s.io/apimachinery/pkg/labels). kBadRequest
  // names what cannot be read, and keys and values that no label can have.
  static base::Result<LabelSelector> parse(std::string_view text);
  // metav1.LabelSelector: {matchLabels, matchExpressions}.
  static base::Result<LabelSelector> from_json(const data::Json& selector);
  static LabelSelector equals(std::string key, std::string value);

  bool matches(const data::Json& object) const;
  bool empty() const { return requirements_.empty(); }
  std::string text() const;

 private:
  std::vector<Requirement> requirements_;
};

// "metadata.name=x,status.phase!=Running": equality only; the allowed fields are the caller's business. A backslash
// stands before each ',', '=' and '\\' of a value (k8s.io/apimachinery/pkg/fields).
class FieldSelector {
 public:
  struct Requirement {
    std::string path;
    std::string value;
    bool equal = true;
  };
  static base::Result<FieldSelector> parse(std::string_view text);
  static FieldSelector equals(std::string path, std::string value);
  bool matches(const data::Json& object) const;
  bool empty() const { return requirements_.empty(); }
  std::string text() const;
  const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  std::vector<Requirement> requirements_;
};

}  // namespace slipway::meta
