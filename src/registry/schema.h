#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "registry/field_errors.h"

namespace slipway::registry {

struct SchemaNode;
struct ExpressionNode;

// An expression of a schema (x-kubernetes-validations) that is not evaluated as it is written, and why.
struct UnsupportedRule {
  std::string path;        // in the schema: openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule
  std::string expression;  // empty: all rules together cost too much
  std::string reason;
  // True: the rule does not compile, and every write of a value it covers is refused. False: it is evaluated, but
  // kube-apiserver would not take the definition (cost, fieldPath), or only its message expression is passed over.
  bool refuses_writes = false;
};

// A structural OpenAPI v3 schema, compiled once: what a CustomResourceDefinition version calls openAPIV3Schema, and
// what ClusterClass variables use for their values. Rules: Kubernetes "structural schema"; words of the errors:
// k8s.io/kube-openapi and apiextensions-apiserver. Rules (x-kubernetes-validations) are compiled with it, see cel/.
// Immutable after compile(): use from any thread.
class StructuralSchema {
 public:
  // kResource: the root has apiVersion, kind and metadata, which are neither pruned nor validated here.
  enum class Root { kResource, kValue };

  // kInvalid, with the path inside the schema, for a schema that cannot be enforced (unknown type, bad pattern,
  // deeper than 64 levels).
  static base::Result<std::shared_ptr<const StructuralSchema>> compile(const data::Json& schema,
                                                                       Root root = Root::kResource);
  ~StructuralSchema();

  // Removes what the schema does not know.
  void prune(data::Json& value) const;
  // The paths of what prune() would remove ("spec.sizes[0].unit").
  std::vector<std::string> unknown_fields(const data::Json& value) const;
  // Drops nulls that may not be, then fills in defaults; never below an absent object without a default of its own.
  void apply_defaults(data::Json& value) const;
  // Equal for schemas that fill in the same defaults.
  std::uint64_t defaults_fingerprint() const;
  // Appends every violation; paths start with `path`. The rules are evaluated as on creation.
  void validate(const data::Json& value, FieldErrors& errors, std::string_view path = "") const;
  // The compiled root, for the walks of server-side apply (registry/apply/).
  const SchemaNode& root_node() const { return *node_; }
  // Its two steps. Rules are evaluated only where the structure is right, else `errors` says that they were not;
  // `old` is the value before an update, or null.
  void validate_structure(const data::Json& value, FieldErrors& errors, std::string_view path = "") const;
  void validate_rules(const data::Json& value, const data::Json* old, FieldErrors& errors,
                      std::string_view path = "") const;
  // Empty: every expression is evaluated.
  const std::vector<UnsupportedRule>& unsupported_rules() const { return unsupported_; }

 private:
  StructuralSchema(std::unique_ptr<SchemaNode> node, Root root);
  std::unique_ptr<SchemaNode> node_;
  std::unique_ptr<const ExpressionNode> expressions_;  // null: no rules
  std::vector<UnsupportedRule> unsupported_;
  Root root_;
};

}  // namespace slipway::registry
