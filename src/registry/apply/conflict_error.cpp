#include <fmt/core.h>
#include <map>

#include "registry/apply/field_manager.h"
#include "registry/apply/json_order.h"

namespace slipway::registry {

namespace {

std::string manager_text(const ManagedEntry& entry) {
  std::string out = quoted_text(entry.manager);
  if (!entry.subresource.empty()) out += " with subresource " + quoted_text(entry.subresource);
  if (entry.operation == FieldOperation::kUpdate) out += " using " + entry.api_version;
  return out;
}

std::string message_of(const std::vector<FieldConflict>& conflicts) {
  if (conflicts.size() == 1)
    return fmt::format("Apply failed with 1 conflict: conflict with {}: {}", manager_text(conflicts[0].owner),
                       path_text(conflicts[0].path));
  std::map<std::string, std::vector<const FieldConflict*>> by_manager;
  for (const FieldConflict& conflict : conflicts) by_manager[conflict.owner.identity()].push_back(&conflict);
  std::string out;
  for (const auto& [identity, owned] : by_manager) {
    out += fmt::format("{}conflicts with {}:", out.empty() ? "" : "\n", manager_text(owned.front()->owner));
    for (const FieldConflict* conflict : owned) out += "\n- " + path_text(conflict->path);
  }
  return fmt::format("Apply failed with {} conflicts: {}", conflicts.size(), out);
}

}  // namespace

base::Error conflict_error(const std::vector<FieldConflict>& conflicts) {
  FieldErrors causes;
  for (const FieldConflict& conflict : conflicts)
    causes.push_back({path_text(conflict.path), "FieldManagerConflict",
                      fmt::format("conflict with {}", manager_text(conflict.owner))});
  return base::Error(base::ErrorCode::kConflict, message_of(conflicts)).with_fields(std::move(causes));
}

}  // namespace slipway::registry
