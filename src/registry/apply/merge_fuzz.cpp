#include <cstddef>
#include <cstdint>
#include <string>

#include "data/json_text.h"
#include "registry/apply/field_manager.h"
#include "registry/apply/fields_v1.h"
#include "registry/schema.h"

namespace {

using namespace slipway;
using namespace slipway::registry;

class OneVersion final : public VersionConverter {
 public:
  base::Result<std::optional<TypedValue>> convert(const TypedValue&, const std::string&) override {
    return std::optional<TypedValue>();
  }
};

// Every owned field is there: in the object, or below something that is.
void check_owners(const data::Json& object, const data::Json& managers, const MergeType& type) {
  const FieldSet there = fields_of(object, type).with_named_fields(type);
  for (const data::Json& entry : managers.items()) {
    const auto owned = decode_fields(entry["fieldsV1"]);
    if (!owned) __builtin_trap();
    if (entry.text({"operation"}) == "Apply" && !owned->with_named_fields(type).without(there).empty())
      __builtin_trap();
  }
}

// Without lists and maps that hold nothing: nobody owns one, so the apply that takes its last item away drops it, also
// when the configuration has it empty, and the next apply puts it back (structured-merge-diff does the same).
data::Json without_empty(const data::Json& value) {
  if (value.is_array()) {
    data::Json out = data::Json::array();
    for (const data::Json& item : value.items()) out.append(without_empty(item));
    return out;
  }
  if (!value.is_object()) return value;
  data::Json out = data::Json::object();
  for (const auto& [key, member] : value.members()) {
    data::Json kept = without_empty(member);
    const bool empty = (kept.is_array() || kept.is_object()) && kept.empty();
    if (!empty) out.set(key, std::move(kept));
  }
  return out;
}

}  // namespace

// Input: lines of JSON: a schema, then configurations that two managers apply in turn, with force. Applying the same
// again changes nothing but empty lists and maps, and appliers own only what is there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto next_line = [&] {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
  };
  const auto schema_json = data::parse_json(next_line());
  if (!schema_json) return 0;
  const auto schema = StructuralSchema::compile(*schema_json);
  if (!schema) return 0;
  const MergeType type = MergeType::resource(schema->get());
  OneVersion versions;
  FieldManager fields({{"example.com", "v1", "Thing"}, "", type, {}, "2026-01-02T03:04:05Z"}, versions);
  data::Json live = data::Json::object({{"apiVersion", "example.com/v1"}, {"kind", "Thing"}});
  for (int step = 0; !text.empty() && step < 20; ++step) {
    auto configuration = data::parse_json(next_line());
    if (!configuration || !configuration->is_object()) continue;
    configuration->set("apiVersion", "example.com/v1");
    configuration->set("kind", "Thing");
    if (!(added_fields(*configuration, type) == compare(data::Json::object(), *configuration, type).added))
      __builtin_trap();
    const std::string manager = step % 2 == 0 ? "even" : "odd";
    const auto applied = fields.apply(live, *configuration, manager, true);
    if (!applied) {
      if (applied.error().message().empty()) __builtin_trap();
      continue;
    }
    live = applied->object;
    check_owners(live, applied->managed_fields, type);
    if (!applied->managed_fields.is_null()) live.at("metadata").set("managedFields", applied->managed_fields);
    const auto again = fields.apply(live, *configuration, manager, true);
    if (!again) continue;
    data::Json bare = live;
    bare.at("metadata").erase("managedFields");
    if (without_empty(again->object) != without_empty(bare)) __builtin_trap();
  }
  return 0;
}
