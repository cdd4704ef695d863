#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/encryption/key_ring.h"

struct evp_cipher_ctx_st;

namespace slipway::store {

constexpr std::size_t kKeySize = 32;

std::string sha256(std::string_view bytes);  // 32 bytes

// AES-256-GCM over values (NIST SP 800-38D). Sealed form: nonce (12 bytes, random), cipher text, tag (16 bytes). The
// name and the revision of a value are authenticated with it, so that one value cannot stand in another's place.
// Random nonces are safe up to 2^32 values under one key. Used by one thread at a time.
class Sealer {
 public:
  Sealer();

  // `sealed` is overwritten. kInternal when the library fails.
  base::Status seal(const EncryptionKey& key, std::string_view name, std::int64_t revision, std::string_view value,
                    std::string& sealed);
  // kCorrupt when it was not sealed so with this key.
  base::Result<std::string> open(const EncryptionKey& key, std::string_view name, std::int64_t revision,
                                 std::string_view sealed);

 private:
  struct Deleter {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Deleter> context_;
};

}  // namespace slipway::store
