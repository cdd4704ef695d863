#include "registry/schema_record.h"

#include <fmt/core.h>

#include "data/json_text.h"
#include "registry/schema.h"

namespace slipway::registry {

using base::ErrorCode;
using data::Json;

namespace {

std::string record_key(const ResourceInfo& resource) {
  return fmt::format("/slipway/schemas/{}/{}", resource.group.empty() ? "core" : resource.group, resource.plural);
}

std::string fingerprint_of(const ResourceInfo& resource) {
  const StructuralSchema* schema = resource.storage().schema.get();
  return fmt::format("{}/{:016x}", resource.storage_version, schema != nullptr ? schema->defaults_fingerprint() : 0);
}

}  // namespace

base::Status record_schema(store::Store& store, const ResourceInfo& resource) {
  if (resource.stored_as != nullptr) return {};
  const std::string key = record_key(resource);
  const std::string fingerprint = fingerprint_of(resource);
  const auto present = store.get(key);
  if (!present && present.error().code() != ErrorCode::kNotFound) return present.error();
  if (present) {
    const auto record = data::parse_json(*present->value);
    if (record && record->text({"fingerprint"}) == fingerprint) {
      resource.schema_revision = (*record)["since"].integer_or(present->revision);
      return {};
    }
  }
  const store::Revision since = store.revision();
  const auto encode = [&](store::Revision) {
    return data::to_json(Json::object({{"fingerprint", fingerprint}, {"since", since}}));
  };
  const auto written = present ? store.update(key, present->revision, encode) : store.create(key, encode);
  if (!written) return written.error();
  resource.schema_revision = since;
  return {};
}

}  // namespace slipway::registry
