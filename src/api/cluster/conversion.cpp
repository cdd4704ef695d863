#include "api/cluster/conversion.h"

#include <fmt/format.h>

#include "api/cluster/cluster.h"
#include "api/cluster/conversion_moves.h"
#include "api/cluster/conversion_rules.h"
#include "data/json_text.h"
#include "meta/object.h"

namespace slipway::api::cluster {

using base::ErrorCode;
using base::Result;
using data::Json;

namespace {

bool is_nothing(const Json& value) {
  return value.is_null() || (value.is_number() && value.number_or(1) == 0) ||
         ((value.is_array() || value.is_object() || value.is_string()) && value.empty());
}

// True when everything that `part` says is said by `whole` too; what amounts to nothing needs not be said.
bool contains(const Json& whole, const Json& part) {
  if (whole == part || is_nothing(part)) return true;
  if (part.is_object()) {
    if (!whole.is_object() && !whole.is_null()) return false;
    for (const auto& [key, value] : part.members())
      if (!contains(whole[key], value)) return false;
    return true;
  }
  if (!part.is_array() || !whole.is_array() || whole.size() != part.size()) return false;
  for (std::size_t i = 0; i < part.size(); ++i)
    if (!contains(whole.items()[i], part.items()[i])) return false;
  return true;
}

// Three-way merge: `original` as it was kept, `shown` as it looked after the lossy way here, `now` as it comes back.
// Where nothing was changed the original stands, elsewhere the change.
Json merge(const Json& original, const Json& shown, const Json& now) {
  if (now == shown) return original;
  if (original.is_object() && shown.is_object() && now.is_object()) {
    Json result = Json::object();
    for (const auto& [key, value] : now.members()) result.set(key, merge(original[key], shown[key], value));
    for (const auto& [key, value] : original.members())
      if (!now.contains(key) && !shown.contains(key)) result.set(key, value);
    return result;
  }
  if (original.is_array() && shown.is_array() && now.is_array() && original.size() == shown.size() &&
      shown.size() == now.size()) {
    Json result = Json::array();
    for (std::size_t i = 0; i < now.size(); ++i)
      result.append(merge(original.items()[i], shown.items()[i], now.items()[i]));
    return result;
  }
  return now;
}

void take_annotation(Json& object, std::string_view key) {
  if (meta::annotation(object, key).empty()) return;
  object.at({"metadata", "annotations"}).erase(key);
  if (object.get({"metadata", "annotations"}).empty()) object.at("metadata").erase("annotations");
}

// The object kept in an annotation, with the identity of `object`; null when there is none.
Result<Json> kept_object(const Json& object, std::string_view annotation, std::string_view version) {
  const std::string& text = meta::annotation(object, annotation);
  if (text.empty()) return Json();
  Json kept = SLIPWAY_TRY(data::parse_json(text).with_context(
      fmt::format("annotation '{}' was damaged; remove it and set the fields it kept", annotation)));
  Json result = Json::object({{"apiVersion", fmt::format("{}/{}", kGroup, version)},
                              {"kind", object["kind"]},
                              {"metadata", Json::object({{"namespace", meta::ns(object)}})}});
  for (const std::string_view part : {"spec", "status"})
    if (kept.contains(part)) result.set(part, kept[part]);
  return result;
}

void merge_kept(Json& result, const Json& kept, const Json& shown) {
  for (const std::string_view part : {"spec", "status"}) {
    if (!kept.contains(part)) continue;
    Json merged = merge(kept[part], shown[part], result[part]);
    if (merged.is_null()) {
      result.erase(part);
    } else {
      result.set(part, std::move(merged));
    }
  }
}

Result<Json> to_stored(const Json& object) {
  const Json kept = SLIPWAY_TRY(kept_object(object, kConversionDataAnnotation, kVersion));
  Json result = object;
  take_annotation(result, kConversionDataAnnotation);
  take_annotation(result, kV1Beta1SpecAnnotation);
  SLIPWAY_TRY(move_up(result));
  Json back = result;
  move_down(back);
  if (!kept.is_null()) {
    Json shown = kept;
    move_down(shown);
    SLIPWAY_TRY(move_up(shown));
    merge_kept(result, kept, shown);
  }
  if (!contains(back["spec"], object["spec"]))
    meta::set_annotation(result, kV1Beta1SpecAnnotation, data::to_json(Json::object({{"spec", object["spec"]}})));
  return result;
}

Result<Json> to_served(const Json& object) {
  const Json kept = SLIPWAY_TRY(kept_object(object, kV1Beta1SpecAnnotation, kServedVersion));
  Json result = object;
  take_annotation(result, kV1Beta1SpecAnnotation);
  take_annotation(result, kConversionDataAnnotation);
  move_down(result);
  if (!kept.is_null()) {
    Json shown = kept;
    SLIPWAY_TRY(move_up(shown));
    move_down(shown);
    merge_kept(result, kept, shown);
  }
  Json back = result;
  const auto moved = move_up(back);
  if (!moved || !contains(back["spec"], object["spec"]) || !contains(back["status"], object["status"])) {
    Json data = Json::object();
    for (const std::string_view part : {"spec", "status"})
      if (object.contains(part)) data.set(part, object[part]);
    meta::set_annotation(result, kConversionDataAnnotation, data::to_json(data));
  }
  return result;
}

}  // namespace

Result<Json> convert(const Json& object, std::string_view to_version) {
  const auto gvk = SLIPWAY_TRY(meta::gvk_of(object));
  const bool known_version = gvk.version == kVersion || gvk.version == kServedVersion;
  const bool known_target = to_version == kVersion || to_version == kServedVersion;
  if (gvk.group != kGroup || conversion_scopes(gvk.kind).empty() || !known_version || !known_target)
    return base::fail(ErrorCode::kBadRequest, fmt::format("{} of {} cannot be converted to version '{}'", gvk.kind,
                                                          gvk.api_version(), to_version));
  if (gvk.version == to_version) return object;
  return to_version == kVersion ? to_stored(object) : to_served(object);
}

}  // namespace slipway::api::cluster
