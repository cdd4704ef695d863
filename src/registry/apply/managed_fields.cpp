#include "registry/apply/managed_fields.h"

#include <algorithm>
#include <fmt/core.h>
#include <vector>

#include "registry/apply/fields_v1.h"
#include "registry/apply/json_order.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

constexpr std::size_t kMostUpdateEntries = 10;
constexpr std::string_view kAncient = "ancient-changes";

std::int64_t seconds(const std::string& time) {
  const auto parsed = base::parse_rfc3339(time);
  if (!parsed) return 0;
  return std::chrono::floor<std::chrono::seconds>(*parsed).time_since_epoch().count();
}

std::string_view operation_text(FieldOperation operation) {
  return operation == FieldOperation::kApply ? "Apply" : "Update";
}

base::Result<ManagedEntry> decode_entry(const Json& item, std::size_t index) {
  ManagedEntry entry;
  const std::string& operation = item.text({"operation"});
  if (operation != "Apply" && operation != "Update")
    return fail(ErrorCode::kBadRequest, "operation must be `Apply` or `Update`");
  entry.operation = operation == "Apply" ? FieldOperation::kApply : FieldOperation::kUpdate;
  entry.manager = item.text({"manager"});
  entry.api_version = item.text({"apiVersion"});
  entry.subresource = item.text({"subresource"});
  if (entry.api_version.empty()) return fail(ErrorCode::kBadRequest, "apiVersion must not be empty");
  const std::string& type = item.text({"fieldsType"});
  if (type.empty())
    return fail(ErrorCode::kBadRequest, fmt::format("missing fieldsType in managed fields entry {}", index));
  if (type != "FieldsV1")
    return fail(ErrorCode::kBadRequest,
                fmt::format("invalid fieldsType {} in managed fields entry {}", quoted_text(type), index));
  const std::string& time = item.text({"time"});
  if (base::parse_rfc3339(time)) entry.time = time;
  if (const Json& fields = item["fieldsV1"]; !fields.is_null()) entry.fields = SLIPWAY_TRY(decode_fields(fields));
  return entry;
}

Json encode_entry(const ManagedEntry& entry) {
  Json out = Json::object({{"apiVersion", entry.api_version},
                           {"fieldsType", "FieldsV1"},
                           {"fieldsV1", encode_fields(entry.fields)},
                           {"manager", entry.manager},
                           {"operation", operation_text(entry.operation)}});
  if (!entry.subresource.empty()) out.set("subresource", entry.subresource);
  if (!entry.time.empty()) out.set("time", entry.time);
  return out;
}

Json without_times(Json list) {
  if (!list.is_array()) return list;
  for (Json& entry : list.mutable_items())
    if (entry.is_object()) entry.erase("time");
  return list;
}

}  // namespace

std::string ManagedEntry::identity() const {
  std::string out = "{";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (out.size() > 1) out += ',';
    append_quoted_json(out, name, true);
    out += ':';
    append_quoted_json(out, value, true);
  };
  add("manager", manager);
  add("operation", operation_text(operation));
  if (operation == FieldOperation::kUpdate) add("apiVersion", api_version);
  add("subresource", subresource);
  return out + "}";
}

base::Result<ManagedFields> decode_managed_fields(const Json& list) {
  ManagedFields managed;
  if (list.is_null()) return managed;
  if (!list.is_array()) return fail(ErrorCode::kBadRequest, "managedFields must be a list");
  for (std::size_t i = 0; i < list.items().size(); ++i) {
    ManagedEntry entry = SLIPWAY_TRY(decode_entry(list.items()[i], i));
    std::string identity = entry.identity();
    managed.insert_or_assign(std::move(identity), std::move(entry));
  }
  return managed;
}

Json encode_managed_fields(const ManagedFields& managed) {
  if (managed.empty()) return {};
  Json list = Json::array();
  for (const auto& [identity, entry] : managed) list.append(encode_entry(entry));
  sort_managed_fields(list);
  return list;
}

void sort_managed_fields(Json& list) {
  std::ranges::sort(list.mutable_items(), [](const Json& left, const Json& right) {
    if (left.text({"operation"}) != right.text({"operation"}))
      return left.text({"operation"}) < right.text({"operation"});
    const std::int64_t before = seconds(left.text({"time"}));
    const std::int64_t after = seconds(right.text({"time"}));
    if (before != after) return before < after;
    for (const std::string_view name : {"manager", "apiVersion", "subresource"})
      if (left.text({name}) != right.text({name})) return left.text({name}) < right.text({name});
    return false;
  });
}

bool is_reset(const Json& list) {
  if (!list.is_array()) return false;
  if (list.empty()) return true;
  return list.size() == 1 && list.items().front().is_object() && list.items().front().empty();
}

bool same_but_for_times(const Json& left, const Json& right) {
  if (left.size() != right.size()) return false;
  return without_times(left) == without_times(right);
}

void cap_update_entries(ManagedFields& managed) {
  std::vector<std::pair<std::int64_t, std::string>> updates;
  for (const auto& [identity, entry] : managed)
    if (entry.operation == FieldOperation::kUpdate) updates.emplace_back(seconds(entry.time), identity);
  if (updates.size() <= kMostUpdateEntries) return;
  std::ranges::sort(updates);
  std::map<std::string, std::string> first_of_version;
  std::size_t left = updates.size();
  for (const auto& [time, identity] : updates) {
    if (left <= kMostUpdateEntries) return;
    const ManagedEntry entry = managed.at(identity);
    const auto [first, is_first] = first_of_version.try_emplace(entry.api_version, identity);
    if (is_first) continue;
    ManagedEntry bucket{std::string(kAncient), FieldOperation::kUpdate, entry.api_version, "", "", {}};
    const std::string bucket_identity = bucket.identity();
    if (!managed.contains(bucket_identity)) {
      bucket.fields = std::move(managed.at(first->second).fields);
      managed.erase(first->second);
      managed.emplace(bucket_identity, std::move(bucket));
    }
    ManagedEntry& ancient = managed.at(bucket_identity);
    ancient.fields = entry.fields.united(ancient.fields);
    ancient.time = entry.time;
    managed.erase(identity);
    --left;
  }
}

}  // namespace slipway::registry
