#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace slipway::store {

// Names an encryption key: the first four bytes of a SHA-256 over it, so that a key cannot pass for another one. Never
// 0.
using KeyId = std::uint32_t;
constexpr KeyId kPlain = 0;

std::string key_id_text(KeyId id);  // eight hexadecimal digits

struct EncryptionKey {
  KeyId id = kPlain;
  std::string bytes;  // 32, for AES-256
};

// The keys that seal values. The first one seals, the others only open what older ones sealed. Text form:
//   {"version": 1, "keys": [{"id": "7f3a9c21", "key": "<base64 of 32 bytes>"}]}
class KeyRing {
 public:
  static constexpr std::size_t kMaxKeys = 64;

  // `source` names the text in errors, which never hold any of it. kInvalid.
  static base::Result<KeyRing> parse(std::string_view text, std::string_view source);
  std::string text() const;

  bool empty() const { return keys_.empty(); }
  const std::vector<EncryptionKey>& keys() const { return keys_; }
  const EncryptionKey& newest() const { return keys_.front(); }  // REQUIRES: !empty()
  const EncryptionKey* find(KeyId id) const;
  std::string ids() const;  // "7f3a9c21, 00c0ffee", or "none"

  // A new key that seals from now on.
  void add(base::Random& random);
  // Adds the keys of `other` that are not here, behind the present ones.
  void merge(const KeyRing& other);
  // Forgets every key but the newest.
  void keep_newest();

 private:
  std::vector<EncryptionKey> keys_;
};

}  // namespace slipway::store
