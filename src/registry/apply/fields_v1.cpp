#include "registry/apply/fields_v1.h"

#include <algorithm>

#include "registry/apply/json_order.h"

namespace slipway::registry {

using base::ErrorCode;
using base::fail;
using data::Json;

namespace {

constexpr std::string_view kSelf = ".";
// Objects are not nested deeper (object_limits.h); each of their levels makes one of these.
constexpr int kDeepest = 512;

void append_level(std::string& out, const FieldSet& set, bool with_self) {
  out += '{';
  bool first = true;
  const auto comma = [&] {
    if (!first) out += ',';
    first = false;
  };
  if (with_self) {
    comma();
    out += "\".\":{}";
  }
  for (const FieldSet::Node& node : set.nodes()) {
    const bool has_children = !node.children.nodes().empty();
    if (!node.member && !has_children) continue;
    comma();
    append_quoted_json(out, node.element.serialize(), false);
    out += ':';
    append_level(out, node.children, node.member && has_children);
  }
  out += '}';
}

struct Level {
  FieldSet children;
  bool is_member = false;
};

base::Result<Level> decode_level(const Json& fields, int depth) {
  if (depth > kDeepest) return fail(ErrorCode::kBadRequest, "fieldsV1 is nested too deeply");
  Level level;
  if (fields.is_null()) {
    level.is_member = true;
    return level;
  }
  if (!fields.is_object()) return fail(ErrorCode::kBadRequest, "fieldsV1 must consist of objects");
  for (const auto& [name, value] : fields.members()) {
    if (name == kSelf) {
      level.is_member = true;
      continue;
    }
    const auto element = SLIPWAY_TRY(PathElement::parse(name));
    if (!element) continue;
    Level below = SLIPWAY_TRY(decode_level(value, depth + 1));
    FieldSet::Node& node = level.children.node(*element);
    node.member |= below.is_member;
    if (!below.children.nodes().empty()) node.children = std::move(below.children);
  }
  if (level.children.nodes().empty()) level.is_member = true;
  return level;
}

}  // namespace

Json encode_fields(const FieldSet& set) {
  Json out = Json::object();
  Json::Object& members = out.mutable_members();
  for (const FieldSet::Node& node : set.nodes()) {
    Json below = encode_fields(node.children);
    if (node.member && !below.empty()) below.set(kSelf, Json::object());
    if (node.member || !below.empty()) members.insert_or_assign(node.element.serialize(), std::move(below));
  }
  return out;
}

std::string encode_fields_text(const FieldSet& set) {
  std::string out;
  append_level(out, set, false);
  return out;
}

bool has_all(const Json& fields, const FieldSet& set) {
  return std::ranges::all_of(set.nodes(), [&](const FieldSet::Node& node) {
    if (!node.member && node.children.empty()) return true;
    const auto found = fields.members().find(node.element.serialize());
    if (found == fields.members().end()) return false;
    const bool member = found->second.empty() || found->second.contains(kSelf);
    return (!node.member || member) && has_all(found->second, node.children);
  });
}

bool touches(const Json& fields, const FieldSet& set) {
  return std::ranges::any_of(set.nodes(), [&](const FieldSet::Node& node) {
    if (!node.member && node.children.empty()) return false;
    const auto found = fields.members().find(node.element.serialize());
    if (found == fields.members().end()) return false;
    if (node.member || found->second.empty()) return true;
    return touches(found->second, node.children);
  });
}

base::Result<FieldSet> decode_fields(const Json& fields) {
  if (!fields.is_object()) return fail(ErrorCode::kBadRequest, "fieldsV1 must be an object");
  Level level = SLIPWAY_TRY(decode_level(fields, 0));
  return std::move(level.children);
}

}  // namespace slipway::registry
