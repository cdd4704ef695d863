#include <algorithm>
#include <cctype>
#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "inventory/inventory_controllers.h"

namespace slipway::inventory {

using base::ErrorCode;
using base::Status;
using data::Json;
using meta::ObjectPtr;

namespace {

Status duplicate(const Json& host, const char* field, const std::string& value, const Json& other) {
  const std::string problem = fmt::format("Duplicate value: \"{}\": host '{}' in project '{}' has it", value,
                                          meta::name(other), meta::ns(other));
  return base::Error(ErrorCode::kInvalid, fmt::format("Host.{} \"{}\" is invalid: {}: {}", api::inventory::kGroup,
                                                      meta::name(host), field, problem))
      .with_fields({{field, "FieldValueDuplicate", problem}});
}

}  // namespace

void add_host_admission(registry::Registry& registry) {
  const auto hosts = registry.catalog().find_kind(api::inventory::kHost);
  registry.add_admission(
      {std::string(api::inventory::kGroup), "Host"}, [&registry, hosts](registry::AdmissionRequest& request) -> Status {
        if (!request.subresource.empty()) return {};
        Json& host = request.object;
        std::string uuid = host.text({"spec", "uuid"});
        std::ranges::transform(uuid, uuid.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (!uuid.empty()) host.at("spec").set("uuid", uuid);
        const std::string& serial = host.text({"spec", "serialNumber"});
        if (request.old != nullptr && request.old->text({"spec", "uuid"}) == uuid &&
            request.old->text({"spec", "serialNumber"}) == serial)
          return {};
        for (const auto& [path, value] : {std::pair{"spec.uuid", uuid}, {"spec.serialNumber", serial}}) {
          if (value.empty()) continue;
          const auto same = SLIPWAY_TRY(registry.list(*hosts, {.fields = meta::FieldSelector::equals(path, value)}));
          for (const ObjectPtr& other : same.items)
            if (meta::key_of(*other) != meta::key_of(host)) return duplicate(host, path, value, *other);
        }
        return {};
      });
}

}  // namespace slipway::inventory
