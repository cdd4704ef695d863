#include "apiserver/protobuf_body.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <fmt/core.h>
#include <span>

#include "apiserver/protobuf_kinds.h"
#include "base/clock.h"
#include "data/encoding.h"
#include "data/json_text.h"

namespace slipway::apiserver {

using data::Json;

namespace {

using namespace protobuf;

std::span<const Field> fields_of(std::string_view api_version, std::string_view kind) {
  for (const auto& family : {core_fields, access_fields, definition_fields})
    if (const auto fields = family(api_version, kind); !fields.empty()) return fields;
  return {};
}

base::Error broken() {
  return base::fail(base::ErrorCode::kBadRequest, "the body is no valid protobuf of this kind");
}

// Wire format: tag = number << 3 | wire type.
struct Item {
  std::uint32_t number = 0;
  std::uint32_t wire = 0;
  std::uint64_t integer = 0;    // wire types 0 and 1
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
      case 1: {
        const std::string_view eight = SLIPWAY_TRY(take(8));
        for (std::size_t i = 0; i < eight.size(); ++i)  // little-endian
          item.integer |= static_cast<std::uint64_t>(static_cast<unsigned char>(eight[i])) << (8 * i);
        return item;
      }
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

// `depth`: the levels of JSON around what is read.
base::Result<Json> read_message(std::string_view bytes, std::span<const Field> fields, std::size_t depth);

// Bytes of schemas may hold messages in messages without end: they may nest as deep as JSON texts may.
constexpr std::size_t kMaxDepth = data::JsonLimits{}.max_depth;

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

Json number_of(std::uint64_t bits) {
  constexpr double kWhole = 9'007'199'254'740'992;  // 2^53: up to there every whole number is a double
  const double number = std::bit_cast<double>(bits);
  if (number == std::trunc(number) && std::abs(number) <= kWhole) return static_cast<std::int64_t>(number);
  return number;
}

base::Result<Json> json_of(const Item& item) {
  if (item.wire != 2) return broken();
  std::string_view text;
  for (Reader reader(item.bytes); !reader.done();) {
    const Item part = SLIPWAY_TRY(reader.next());
    if (part.number == 1 && part.wire == 2) text = part.bytes;
  }
  if (text.empty()) return Json(nullptr);
  return data::parse_json(text);
}

base::Result<Json> message_of(const Item& item, const Field& field, std::size_t depth) {
  if (item.wire != 2) return broken();
  return read_message(item.bytes, field.message, depth);
}

base::Result<Json> first_of(const Item& item, const Field& field, std::size_t depth) {
  const Json all = SLIPWAY_TRY(message_of(item, field, depth));
  for (const Field& candidate : field.message)
    if (all.contains(candidate.name)) return all[candidate.name];
  return field.message.back().type == Type::kBool ? Json(false) : Json(nullptr);
}

base::Result<Json> map_value_of(const Item& item, const Field& field, std::size_t depth) {
  switch (field.type) {
    case Type::kBytesMap:
      if (item.wire != 2) return broken();
      return Json(data::base64_encode(item.bytes));
    case Type::kMessageMap:
      return message_of(item, field, depth);
    case Type::kFirstOfMap:
      return first_of(item, field, depth);
    default:
      return Json(SLIPWAY_TRY(text_of(item)));
  }
}

// An entry without a value has the empty one.
Json empty_map_value(const Field& field) {
  if (field.type == Type::kMessageMap) return Json::object();
  return field.type == Type::kFirstOfMap ? Json(nullptr) : Json("");
}

base::Status add_map_entry(Json& map, const Item& item, const Field& field, std::size_t depth) {
  if (item.wire != 2) return broken();
  std::string key;
  Json value = empty_map_value(field);
  for (Reader reader(item.bytes); !reader.done();) {
    const Item part = SLIPWAY_TRY(reader.next());
    if (part.number == 1) key = SLIPWAY_TRY(text_of(part));
    if (part.number == 2) value = SLIPWAY_TRY(map_value_of(part, field, depth + 1));
  }
  map.set(key, std::move(value));
  return {};
}

base::Status add_number(Json& object, const Field& field, const Item& item) {
  if (item.wire != (field.type == Type::kNumber ? 1u : 0u)) return broken();
  const bool zero_is_left_out = field.type == Type::kCount || field.type == Type::kFlag;
  if (zero_is_left_out && item.integer == 0) return {};
  if (field.type == Type::kNumber) {
    object.set(field.name, number_of(item.integer));
  } else if (field.type == Type::kBool || field.type == Type::kFlag) {
    object.set(field.name, item.integer != 0);
  } else {
    object.set(field.name, static_cast<std::int64_t>(item.integer));
  }
  return {};
}

base::Status add_text(Json& object, const Field& field, const Item& item) {
  if (item.wire != 2) return broken();
  // Go writes empty strings always; JSON leaves them out.
  std::string text = field.type == Type::kBytes ? data::base64_encode(item.bytes) : SLIPWAY_TRY(text_of(item));
  if (!text.empty()) object.set(field.name, std::move(text));
  return {};
}

base::Status add_field(Json& object, const Field& field, const Item& item, std::size_t depth) {
  switch (field.type) {
    case Type::kText:
    case Type::kBytes:
      return add_text(object, field, item);
    case Type::kTexts:
      object.at(field.name).append(SLIPWAY_TRY(text_of(item)));
      return {};
    case Type::kInteger:
    case Type::kCount:
    case Type::kBool:
    case Type::kFlag:
    case Type::kNumber:
      return add_number(object, field, item);
    case Type::kTime:
    case Type::kMicroTime:
      if (Json time = SLIPWAY_TRY(time_of(item, field.type == Type::kMicroTime)); !time.is_null())
        object.set(field.name, std::move(time));
      return {};
    case Type::kJson:
      object.set(field.name, SLIPWAY_TRY(json_of(item)));
      return {};
    case Type::kJsons:
      object.at(field.name).append(SLIPWAY_TRY(json_of(item)));
      return {};
    case Type::kMessage:
      object.set(field.name, SLIPWAY_TRY(message_of(item, field, depth)));
      return {};
    case Type::kMessages:
      object.at(field.name).append(SLIPWAY_TRY(message_of(item, field, depth + 1)));
      return {};
    case Type::kFirstOf:
      object.set(field.name, SLIPWAY_TRY(first_of(item, field, depth)));
      return {};
    case Type::kTextMap:
    case Type::kBytesMap:
    case Type::kMessageMap:
    case Type::kFirstOfMap:
      return add_map_entry(object.at(field.name), item, field, depth);
  }
  return {};
}

base::Result<Json> read_message(std::string_view bytes, std::span<const Field> fields, std::size_t depth) {
  if (depth >= kMaxDepth)
    return base::fail(base::ErrorCode::kBadRequest, fmt::format("the body nests deeper than {} levels", kMaxDepth));
  Json object = Json::object();
  for (Reader reader(bytes); !reader.done();) {
    const Item item = SLIPWAY_TRY(reader.next());
    for (const Field& field : fields)
      if (field.number == item.number) SLIPWAY_TRY(add_field(object, field, item, depth + 1));
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
  Json object = SLIPWAY_TRY(read_message(raw, fields, 0));
  object.set("apiVersion", api_version);
  object.set("kind", kind);
  return object;
}

}  // namespace slipway::apiserver
