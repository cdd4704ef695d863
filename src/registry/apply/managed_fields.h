#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "registry/apply/field_set.h"
#include "registry/field_errors.h"

// metadata.managedFields: who set which fields, by which operation, in which version, through which subresource.
// Rules: k8s.io/apimachinery/pkg/util/managedfields.
namespace slipway::registry {

enum class FieldOperation { kApply, kUpdate };

struct ManagedEntry {
  std::string manager;
  FieldOperation operation = FieldOperation::kUpdate;
  std::string api_version;
  std::string subresource;
  std::string time;  // RFC 3339; "" = none
  FieldSet fields;

  // Entries with the same identity are one. An applier keeps its entry when it comes with another version.
  std::string identity() const;
};

// By identity.
using ManagedFields = std::map<std::string, ManagedEntry>;

// kBadRequest with the reason for what is no list of entries.
base::Result<ManagedFields> decode_managed_fields(const data::Json& list);
// Null when there are none. Appliers first, then by time and name.
data::Json encode_managed_fields(const ManagedFields& managed);

// Puts encoded entries into that order.
void sort_managed_fields(data::Json& list);

// `[]` or `[{}]`: a client asks to forget all managers.
bool is_reset(const data::Json& list);
// The lists say the same, whatever their times.
bool same_but_for_times(const data::Json& left, const data::Json& right);

// Of more than 10 entries of updates the oldest become one, "ancient-changes".
void cap_update_entries(ManagedFields& managed);

// At most 128 bytes, printable characters only.
void validate_field_manager(std::string_view name, std::string_view path, FieldErrors& errors);
// A manager's name out of a User-Agent: what stands before the first slash, printable, cut to the limit.
std::string field_manager_of_agent(std::string_view user_agent);

}  // namespace slipway::registry
