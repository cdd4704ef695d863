#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/json.h"
#include "registry/field_errors.h"

namespace slipway::registry {

struct SchemaNode;

// A structural OpenAPI v3 schema, compiled once: what a CustomResourceDefinition version calls openAPIV3Schema, and
// what ClusterClass variables use for their values. Rules: Kubernetes "structural schema"; words of the errors:
// k8s.io/kube-openapi and apiextensions-apiserver. x-kubernetes-validations (CEL) are read over and not evaluated.
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
  // Drops nulls that may not be, then fills in defaults; never below an absent object without a default of its own.
  void apply_defaults(data::Json& value) const;
  // Equal for schemas that fill in the same defaults.
  std::uint64_t defaults_fingerprint() const;
  // Appends every violation; paths start with `path`.
  void validate(const data::Json& value, FieldErrors& errors, std::string_view path = "") const;
  // The compiled root, for the walks of server-side apply (registry/apply/).
  const SchemaNode& root_node() const { return *node_; }

 private:
  StructuralSchema(std::unique_ptr<SchemaNode> node, Root root);
  std::unique_ptr<SchemaNode> node_;
  Root root_;
};

}  // namespace slipway::registry
