#pragma once

#include <optional>
#include <string>
#include <vector>

#include "registry/apply/managed_fields.h"
#include "registry/apply/typed_value.h"

// The heart of server-side apply: what a write does to the object and to the sets of its managers. Rules:
// structured-merge-diff, package merge.
namespace slipway::registry {

// The same object in other versions of its kind.
class VersionConverter {
 public:
  virtual ~VersionConverter() = default;
  // `object` is in another version. None when the version does not exist any more.
  virtual base::Result<std::optional<TypedValue>> convert(const TypedValue& object, const std::string& api_version) = 0;
};

struct FieldConflict {
  ManagedEntry owner;  // without its fields
  FieldPath path;
};

class MergeUpdater {
 public:
  // `reset`: fields that writes in `api_version` cannot change, so that nobody comes to own them.
  MergeUpdater(VersionConverter& converter, std::string api_version, FieldSet reset)
      : converter_(converter), api_version_(std::move(api_version)), reset_(std::move(reset)) {}

  struct Updated {
    ManagedFields managed;  // the others, without what they lost
    FieldSet changed;       // what the writer set
  };
  // `after` was made by an update from `before`.
  base::Result<Updated> update(const TypedValue& before, const TypedValue& after, ManagedFields managed);

  struct Applied {
    std::optional<TypedValue> object;  // none: as it was
    ManagedFields managed;
    std::vector<FieldConflict> conflicts;  // when there are any, nothing else is set
  };
  // `self` names the applier; its fields are those of the configuration.
  base::Result<Applied> apply(const TypedValue& live, const TypedValue& configuration, ManagedFields managed,
                              ManagedEntry self, bool force);

 private:
  struct Settled {
    ManagedFields managed;
    std::vector<FieldConflict> conflicts;
    Comparison difference;
  };
  base::Result<Settled> settle(const TypedValue& before, const TypedValue& after, ManagedFields managed,
                               const std::string& writer, bool force);
  base::Result<std::optional<TypedValue>> convert(const TypedValue& object, const std::string& api_version);
  base::Result<ManagedFields> fit_to_schema(const TypedValue& live, ManagedFields managed);
  base::Result<std::optional<Comparison>> compare_in(const std::string& api_version, const TypedValue& before,
                                                     const TypedValue& after);
  base::Result<TypedValue> prune(const TypedValue& merged, const ManagedFields& managed, const ManagedEntry& last);
  base::Result<TypedValue> keep_owned(const TypedValue& merged, TypedValue pruned, const std::string& pruned_version,
                                      const ManagedFields& managed);
  base::Status keep_owned_in(const std::string& api_version, const FieldSet& owned, TypedValue& merged,
                             TypedValue& pruned);
  base::Result<TypedValue> keep_dangling(const TypedValue& merged, const TypedValue& pruned, const ManagedEntry& last);

  VersionConverter& converter_;
  std::string api_version_;
  FieldSet reset_;
};

}  // namespace slipway::registry
