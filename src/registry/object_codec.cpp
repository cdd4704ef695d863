#include "registry/object_codec.h"

#include "data/json_text.h"
#include "registry/schema.h"

namespace slipway::registry {

using base::ErrorCode;
using data::Json;

namespace {

constexpr std::string_view kVersionKey = "resourceVersion";

// The metadata object without its closing brace up to where resourceVersion stands in key order, and the rest.
void split_metadata(const Json& metadata, std::string& before, std::string& after) {
  before += '{';
  bool passed = false;
  bool first = true;
  const auto mark_version = [&] {
    before += first ? "\"resourceVersion\":\"" : ",\"resourceVersion\":\"";
    after += '"';
    first = false;
    passed = true;
  };
  for (const auto& [key, value] : metadata.members()) {
    if (key == kVersionKey) continue;
    if (!passed && key > kVersionKey) mark_version();
    std::string& out = passed ? after : before;
    if (!first) out += ',';
    first = false;
    data::append_json_string(out, key);
    out += ':';
    data::append_json(out, value);
  }
  if (!passed) mark_version();
  after += '}';
}

}  // namespace

EncodedObject::EncodedObject(const Json& object) {
  // Most objects then grow neither; both texts live only while they are written.
  before_.reserve(1'024);
  after_.reserve(4'096);
  std::string* out = &before_;
  *out += '{';
  bool first = true;
  for (const auto& [key, value] : object.members()) {
    if (!first) *out += ',';
    first = false;
    data::append_json_string(*out, key);
    *out += ':';
    if (key == "metadata") {
      split_metadata(value, before_, after_);
      out = &after_;
    } else {
      data::append_json(*out, value);
    }
  }
  *out += '}';
}

store::Encoder EncodedObject::encoder() const {
  return [this](store::Revision revision) {
    const std::string number = std::to_string(revision);
    std::string text;
    text.reserve(before_.size() + number.size() + after_.size());
    return text.append(before_).append(number).append(after_);
  };
}

base::Result<meta::ObjectPtr> ObjectCache::decode(const store::Bytes& bytes, bool keep) {
  if (auto cached = objects_.find(bytes)) return std::move(*cached);
  auto parsed = data::parse_json(*bytes);
  if (!parsed.has_value() || !parsed->is_object())
    return base::fail(ErrorCode::kCorrupt, "a stored object cannot be read: its bytes are no JSON object");
  auto object = std::make_shared<const Json>(std::move(*parsed));
  if (keep) remember(bytes, object);
  return meta::ObjectPtr(std::move(object));
}

}  // namespace slipway::registry
