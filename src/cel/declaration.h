#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cel/type.h"
#include "data/json.h"

namespace slipway::cel {

// What expressions see of one level of a structural schema: its type in the language, how its JSON reads, and how
// large it may get. Source of the rules: k8s.io/apiserver/pkg/cel/common (SchemaDeclType, UnstructuredToVal).
struct Declaration {
  enum class Kind {
    kBool,
    kInt,
    kDouble,
    kString,
    kBytes,
    kTimestamp,
    kDate,
    kDuration,
    kIntOrString,
    kList,
    kMap,
    kObject
  };
  enum class ListKind { kAtomic, kSet, kMap };

  Kind kind = Kind::kObject;
  bool nullable = false;
  ListKind list_kind = ListKind::kAtomic;
  std::vector<std::string> list_keys;          // of a list of kind map
  std::shared_ptr<const Declaration> element;  // items of a list, values of a map
  // By the property's own name; null: the schema has it, expressions do not see it.
  std::map<std::string, std::shared_ptr<const Declaration>, std::less<>> properties;
  std::int64_t max_elements = 0;         // characters or bytes, items, members; an upper bound
  std::int64_t min_serialized_size = 0;  // bytes of the smallest JSON of such a value
  TypeRef type;

  // The declaration behind an identifier in `object.identifier`, or null.
  const Declaration* field(std::string_view identifier) const;
};

using DeclarationRef = std::shared_ptr<const Declaration>;

// Makes declarations of the levels of one schema, which must outlive this object; each level is read once.
class Declarations {
 public:
  // Null when the level is not visible to expressions (no type, a list without items). `is_resource_root`: kind,
  // apiVersion, metadata.name and metadata.generateName are there whatever the schema says.
  DeclarationRef read(const data::Json& schema, bool is_resource_root);

 private:
  DeclarationRef read_object(const data::Json& schema, bool is_resource_root);

  std::unordered_map<const data::Json*, DeclarationRef> known_;
};

// The largest request that kube-apiserver takes, which bounds what a schema leaves open.
inline constexpr std::int64_t kLargestRequest = 3 * 1024 * 1024;

}  // namespace slipway::cel
