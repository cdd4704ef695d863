#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/json.h"

namespace slipway::data {

// How plain YAML scalars become JSON. kKubernetes follows sigs.k8s.io/yaml, which manifests are written for
// (yes/no/on/off are booleans as in YAML 1.1, 012 is octal); kStrict is the YAML 1.2 core schema.
enum class YamlDialect { kKubernetes, kStrict };

// Every document of a stream; empty documents are left out. Duplicate keys, unknown tags, non-string keys, more than
// 64 levels and alias bombs are refused; errors (kBadRequest) say line and column.
base::Result<std::vector<Json>> parse_yaml_documents(std::string_view text,
                                                     YamlDialect dialect = YamlDialect::kKubernetes);

// Exactly one document.
base::Result<Json> parse_yaml(std::string_view text, YamlDialect dialect = YamlDialect::kKubernetes);

// Block style as sigs.k8s.io/yaml writes it: sorted keys, list items not indented below their key, strings that would
// read back as another type (in either dialect) quoted, multi-line strings as literal blocks. Deterministic.
std::string to_yaml(const Json& value);

}  // namespace slipway::data
