#include "apiserver/protobuf_body.h"

#include <cstdint>
#include <fmt/core.h>
#include <span>

#include "apiserver/protobuf_access.h"
#include "apiserver/protobuf_field.h"
#include "base/clock.h"
#include "data/encoding.h"

namespace slipway::apiserver {

using data::Json;

namespace {

using namespace protobuf;

constexpr Field kSecret[] = {{1, "metadata", Type::kMessage, kMetadata},
                             {2, "data", Type::kBytesMap},
                             {3, "type", Type::kText},
                             {4, "stringData", Type::kTextMap},
                             {5, "immutable", Type::kBool}};
constexpr Field kConfigMap[] = {{1, "metadata", Type::kMessage, kMetadata},
                                {2, "data", Type::kTextMap},
                                {3, "binaryData", Type::kBytesMap},
                                {4, "immutable", Type::kBool}};
constexpr Field kNamespaceCondition[] = {{1, "type", Type::kText},
                                         {2, "status", Type::kText},
                                         {4, "lastTransitionTime", Type::kTime},
                                         {5, "reason", Type::kText},
                                         {6, "message", Type::kText}};
constexpr Field kNamespaceSpec[] = {{1, "finalizers", Type::kTexts}};
constexpr Field kNamespaceStatus[] = {{1, "phase", Type::kText},
                                      {2, "conditions", Type::kMessages, kNamespaceCondition}};
constexpr Field kNamespace[] = {{1, "metadata", Type::kMessage, kMetadata},
                                {2, "spec", Type::kMessage, kNamespaceSpec},
                                {3, "status", Type::kMessage, kNamespaceStatus}};
constexpr Field kObjectReference[] = {{1, "kind", Type::kText},       {2, "namespace", Type::kText},
                                      {3, "name", Type::kText},       {4, "uid", Type::kText},
                                      {5, "apiVersion", Type::kText}, {6, "resourceVersion", Type::kText},
                                      {7, "fieldPath", Type::kText}};
constexpr Field kEventSource[] = {{1, "component", Type::kText}, {2, "host", Type::kText}};
constexpr Field kEventSeries[] = {{1, "count", Type::kInteger}, {2, "lastObservedTime", Type::kMicroTime}};
constexpr Field kEvent[] = {{1, "metadata", Type::kMessage, kMetadata},
                            {2, "involvedObject", Type::kMessage, kObjectReference},
                            {3, "reason", Type::kText},
                            {4, "message", Type::kText},
                            {5, "source", Type::kMessage, kEventSource},
                            {6, "firstTimestamp", Type::kTime},
                            {7, "lastTimestamp", Type::kTime},
                            {8, "count", Type::kInteger},
                            {9, "type", Type::kText},
                            {10, "eventTime", Type::kMicroTime},
                            {11, "series", Type::kMessage, kEventSeries},
                            {12, "action", Type::kText},
                            {13, "related", Type::kMessage, kObjectReference},
                            {14, "reportingComponent", Type::kText},
                            {15, "reportingInstance", Type::kText}};
constexpr Field kLeaseSpec[] = {{1, "holderIdentity", Type::kText},      {2, "leaseDurationSeconds", Type::kInteger},
                                {3, "acquireTime", Type::kMicroTime},    {4, "renewTime", Type::kMicroTime},
                                {5, "leaseTransitions", Type::kInteger}, {6, "strategy", Type::kText},
                                {7, "preferredHolder", Type::kText}};
constexpr Field kLease[] = {{1, "metadata", Type::kMessage, kMetadata}, {2, "spec", Type::kMessage, kLeaseSpec}};
constexpr Field kPreconditions[] = {{1, "uid", Type::kText}, {2, "resourceVersion", Type::kText}};
constexpr Field kDeleteOptions[] = {{1, "gracePeriodSeconds", Type::kInteger},
                                    {2, "preconditions", Type::kMessage, kPreconditions},
                                    {3, "orphanDependents", Type::kBool},
                                    {4, "propagationPolicy", Type::kText},
                                    {5, "dryRun", Type::kTexts}};

std::span<const Field> fields_of(std::string_view api_version, std::string_view kind) {
  if (kind == "DeleteOptions") return kDeleteOptions;
  if (api_version == "coordination.k8s.io/v1" && kind == "Lease") return kLease;
  if (const auto access = access_fields(api_version, kind); !access.empty()) return access;
  if (api_version != "v1") return {};
  if (kind == "Secret") return kSecret;
  if (kind == "ConfigMap") return kConfigMap;
  if (kind == "Namespace") return kNamespace;
  if (kind == "Event") return kEvent;
  return {};
}

base::Error broken() {
  return base::fail(base::ErrorCode::kBadRequest, "the body is no valid protobuf of this kind");
}

// Wire format: tag = number << 3 | wire type.
struct Item {
  std::uint32_t number = 0;
  std::uint32_t wire = 0;
  std::uint64_t integer = 0;    // wire type 0
  std::string_view bytes = {};  // wire type 2
};

class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}
  bool done() const { return rest_.empty(); }

  base::Result<Item> next() {
    const std::uint64_t tag = SLIPWAY_TRY(varint());
    Item item{static_cast<std::uint32_t>(tag >> 3), static_cast<std::uint32_t>(tag & 7)};
    switch (item.wire) {
      case 0:
        item.integer = SLIPWAY_TRY(varint());
        return item;
      case 1:
        SLIPWAY_TRY(take(8));
        return item;
      case 2: {
        const std::uint64_t length = SLIPWAY_TRY(varint());
        item.bytes = SLIPWAY_TRY(take(length));
        return item;
      }
      case 5:
        SLIPWAY_TRY(take(4));
        return item;
      default:
        return broken();
    }
  }

 private:
  base::Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return broken();
  }
  base::Result<std::string_view> take(std::uint64_t count) {
    if (count > rest_.size()) return broken();
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }
  std::string_view rest_;
};

base::Result<Json> read_message(std::string_view bytes, std::span<const Field> fields);

base::Result<std::string> text_of(const Item& item) {
  if (item.wire != 2 || !data::is_valid_utf8(item.bytes)) return broken();
  return std::string(item.bytes);
}

// metav1.Time and MicroTime; the empty message is the zero time.
base::Result<Json> time_of(const Item& item, bool micro) {
  if (item.wire != 2) return broken();
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  for (Reader reader(item.bytes); !reader.done();) {
    const Item part = SLIPWAY_TRY(reader.next());
    if (part.number == 1) seconds = static_cast<std::int64_t>(part.integer);
    if (part.number == 2) nanos = static_cast<std::int64_t>(part.integer);
  }
  constexpr std::int64_t kYear1 = -62'135'596'800;
  constexpr std::int64_t kYear10000 = 253'402'300'800;
  if (item.bytes.empty() || seconds == kYear1) return Json(nullptr);
  if (seconds < kYear1 || seconds >= kYear10000 || nanos < 0 || nanos >= 1'000'000'000) return broken();
  const base::WallTime time{std::chrono::seconds(seconds) + std::chrono::microseconds(nanos / 1'000)};
  return Json(micro ? base::format_rfc3339_micro(time) : base::format_rfc3339(time));
}

base::Status add_map_entry(Json& map, const Item& item, bool bytes) {
  if (item.wire != 2) return broken();
  std::string key;
  std::string value;
  for (Reader reader(item.bytes); !reader.done();) {
    const Item part = SLIPWAY_TRY(reader.next());
    if (part.number == 1) key = SLIPWAY_TRY(text_of(part));
    if (part.number != 2) continue;
    if (part.wire != 2) return broken();
    value = bytes ? data::base64_encode(part.bytes) : SLIPWAY_TRY(text_of(part));
  }
  map.set(key, std::move(value));
  return {};
}

base::Status add_field(Json& object, const Field& field, const Item& item) {
  switch (field.type) {
    case Type::kText:
      // Go writes empty strings always; JSON leaves them out.
      if (std::string text = SLIPWAY_TRY(text_of(item)); !text.empty()) object.set(field.name, std::move(text));
      return {};
    case Type::kTexts:
      object.at(field.name).append(SLIPWAY_TRY(text_of(item)));
      return {};
    case Type::kInteger:
      if (item.wire != 0) return broken();
      object.set(field.name, static_cast<std::int64_t>(item.integer));
      return {};
    case Type::kBool:
      if (item.wire != 0) return broken();
      object.set(field.name, item.integer != 0);
      return {};
    case Type::kTime:
    case Type::kMicroTime:
      if (Json time = SLIPWAY_TRY(time_of(item, field.type == Type::kMicroTime)); !time.is_null())
        object.set(field.name, std::move(time));
      return {};
    case Type::kMessage:
      if (item.wire != 2) return broken();
      object.set(field.name, SLIPWAY_TRY(read_message(item.bytes, field.message)));
      return {};
    case Type::kMessages:
      if (item.wire != 2) return broken();
      object.at(field.name).append(SLIPWAY_TRY(read_message(item.bytes, field.message)));
      return {};
    case Type::kTextMap:
    case Type::kBytesMap:
      return add_map_entry(object.at(field.name), item, field.type == Type::kBytesMap);
  }
  return {};
}

base::Result<Json> read_message(std::string_view bytes, std::span<const Field> fields) {
  Json object = Json::object();
  for (Reader reader(bytes); !reader.done();) {
    const Item item = SLIPWAY_TRY(reader.next());
    for (const Field& field : fields)
      if (field.number == item.number) SLIPWAY_TRY(add_field(object, field, item));
  }
  return object;
}

}  // namespace

base::Result<Json> read_protobuf(std::string_view bytes) {
  constexpr std::string_view kMagic("k8s\0", 4);
  if (!bytes.starts_with(kMagic)) return broken();
  std::string api_version;
  std::string kind;
  std::string_view raw;
  for (Reader reader(bytes.substr(kMagic.size())); !reader.done();) {
    const Item item = SLIPWAY_TRY(reader.next());
    if (item.number == 2 && item.wire == 2) raw = item.bytes;
    if (item.number != 1 || item.wire != 2) continue;
    for (Reader type(item.bytes); !type.done();) {
      const Item part = SLIPWAY_TRY(type.next());
      if (part.number == 1) api_version = SLIPWAY_TRY(text_of(part));
      if (part.number == 2) kind = SLIPWAY_TRY(text_of(part));
    }
  }
  const std::span<const Field> fields = fields_of(api_version, kind);
  if (fields.empty())
    return base::fail(base::ErrorCode::kUnsupported,
                      fmt::format("{} of {} cannot be read as protobuf; send application/json", kind, api_version));
  Json object = SLIPWAY_TRY(read_message(raw, fields));
  object.set("apiVersion", api_version);
  object.set("kind", kind);
  return object;
}

}  // namespace slipway::apiserver
