#pragma once

#include <string>

#include "registry/apply/merge_updater.h"

// Keeps metadata.managedFields of one object up to date through writes, and applies configurations. Rules:
// k8s.io/apimachinery/pkg/util/managedfields, errors in its words.
namespace slipway::registry {

// What the writes of one request are about.
struct FieldManagerScope {
  meta::Gvk gvk;            // of the request; objects come in this version
  std::string subresource;  // "" = none
  MergeType type = MergeType::deduced();
  FieldSet reset;   // fields that this kind of request cannot change
  std::string now;  // RFC 3339
};

class FieldManager {
 public:
  FieldManager(FieldManagerScope scope, VersionConverter& converter);

  // The managedFields of `after`, which a create (`before` has only apiVersion and kind) or update made from `before`.
  // `sent`: the managedFields that the client sent, null when it sent none. Null: nobody is recorded, as for an object
  // whose managers a client asked to forget.
  data::Json update(const data::Json& before, const data::Json& after, const data::Json& sent,
                    const std::string& manager);

  struct Applied {
    data::Json object;  // without managedFields
    data::Json managed_fields;
  };
  // `live` has only apiVersion and kind when the object does not exist. kConflict with the causes when other managers
  // own what the configuration changes, unless `force`.
  base::Result<Applied> apply(const data::Json& live, const data::Json& configuration, const std::string& manager,
                              bool force);

 private:
  // The managedFields of a new object, all of which `manager` sets.
  data::Json track_new(const data::Json& object, const std::string& manager) const;
  base::Result<ManagedFields> track_update(const data::Json& before, const data::Json& after, ManagedFields managed,
                                           const std::string& manager);
  // The managers after an update that touches only fields which its manager has already: none, when it is another.
  std::optional<data::Json> touch(const data::Json& before, const data::Json& after, const std::string& manager) const;
  ManagedEntry entry(const std::string& manager, FieldOperation operation) const;
  base::Result<MergeUpdater::Applied> apply_once(const TypedValue& live, const TypedValue& configuration,
                                                 ManagedFields managed, const std::string& manager, bool force);
  base::Result<MergeUpdater::Applied> apply_after_client_side(const TypedValue& live, const TypedValue& configuration,
                                                              const ManagedFields& managed, const std::string& manager,
                                                              MergeUpdater::Applied refused);
  base::Result<FieldSet> fields_of_last_applied(const data::Json& live) const;
  std::string describe(const data::Json& object) const;

  FieldManagerScope scope_;
  MergeUpdater updater_;
};

// 409 as kube-apiserver says it; the causes are in fields().
base::Error conflict_error(const std::vector<FieldConflict>& conflicts);

}  // namespace slipway::registry
