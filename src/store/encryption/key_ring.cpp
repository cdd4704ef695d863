#include "store/encryption/key_ring.h"

#include <algorithm>
#include <fmt/core.h>

#include "data/encoding.h"
#include "data/json_text.h"
#include "store/encryption/sealing.h"

namespace slipway::store {

namespace {

using base::ErrorCode;
using data::Json;

KeyId id_of(std::string_view key) {
  const std::string digest = sha256("slipway store key id\n" + std::string(key));
  KeyId id = 0;
  for (int i = 0; i < 4; ++i) id = id << 8 | static_cast<unsigned char>(digest[static_cast<std::size_t>(i)]);
  return id == kPlain ? 1 : id;
}

}  // namespace

std::string key_id_text(KeyId id) {
  return fmt::format("{:08x}", id);
}

base::Result<KeyRing> KeyRing::parse(std::string_view text, std::string_view source) {
  const auto bad = [&](std::string_view what) {
    return base::fail(
        ErrorCode::kInvalid,
        fmt::format("{}: {}. It must hold the encryption keys as slipwayd wrote them; put back a copy", source, what));
  };
  const auto json = data::parse_json(text);
  if (!json) return bad("is no JSON");
  if ((*json)["version"].integer_or(0) != 1) return bad("has no version 1");
  const auto& items = (*json)["keys"].items();
  if (items.empty() || items.size() > kMaxKeys)
    return bad(fmt::format("has {} keys, not 1 to {}", items.size(), kMaxKeys));
  KeyRing ring;
  for (const Json& item : items) {
    const auto bytes = data::base64_decode(item.text({"key"}));
    if (!bytes || bytes->size() != kKeySize) return bad("a key is not the base64 of 32 bytes");
    const EncryptionKey key{id_of(*bytes), *bytes};
    if (item.text({"id"}) != key_id_text(key.id)) return bad("a key does not fit its id, so it was changed");
    if (ring.find(key.id)) return bad("a key is there twice");
    ring.keys_.push_back(key);
  }
  return ring;
}

std::string KeyRing::text() const {
  Json keys = Json::array();
  for (const EncryptionKey& key : keys_)
    keys.append(Json::object({{"id", key_id_text(key.id)}, {"key", data::base64_encode(key.bytes)}}));
  return data::to_json(Json::object({{"version", 1}, {"keys", keys}}), 2) + "\n";
}

const EncryptionKey* KeyRing::find(KeyId id) const {
  const auto found = std::ranges::find(keys_, id, &EncryptionKey::id);
  return found == keys_.end() ? nullptr : &*found;
}

std::string KeyRing::ids() const {
  std::string all;
  for (const EncryptionKey& key : keys_) all += (all.empty() ? "" : ", ") + key_id_text(key.id);
  return all.empty() ? "none" : all;
}

void KeyRing::add(base::Random& random) {
  const std::string bytes = random.bytes(kKeySize);
  keys_.insert(keys_.begin(), {id_of(bytes), bytes});
}

void KeyRing::merge(const KeyRing& other) {
  for (const EncryptionKey& key : other.keys_)
    if (!find(key.id)) keys_.push_back(key);
}

void KeyRing::keep_newest() {
  if (keys_.size() > 1) keys_.resize(1);
}

}  // namespace slipway::store
