#include <string>

#include "data/json_text.h"
#include "registry/schema.h"
#include "registry/schema_node.h"

namespace slipway::registry {

namespace {

// FNV-1a, 64 bits: the same on every machine and in every release.
struct Fingerprint {
  std::uint64_t value = 0xcbf29ce484222325u;
  void add(std::string_view text) {
    for (const char c : text) {
      value ^= static_cast<unsigned char>(c);
      value *= 0x100000001b3u;
    }
    value ^= 0xff;  // ends a text, which is UTF-8 and has no such byte
    value *= 0x100000001b3u;
  }
};

void add_defaults(Fingerprint& fingerprint, const SchemaNode& node, const std::string& path) {
  if (node.nullable) fingerprint.add(path);  // decides whether a null stays
  if (node.default_value) {
    fingerprint.add(path);
    fingerprint.add(data::to_json(*node.default_value));
  }
  // What may stand here at all: the rest is pruned when it is read.
  if (node.preserve_unknown || node.any_additional) fingerprint.add(path + "*");
  for (const auto& [name, member] : node.properties) {
    fingerprint.add(name);
    add_defaults(fingerprint, member, path + "." + name);
  }
  if (node.additional) add_defaults(fingerprint, *node.additional, path + ".*");
  if (node.items) add_defaults(fingerprint, *node.items, path + "[]");
}

}  // namespace

std::uint64_t StructuralSchema::defaults_fingerprint() const {
  Fingerprint fingerprint;
  add_defaults(fingerprint, *node_, "");
  return fingerprint.value;
}

}  // namespace slipway::registry
