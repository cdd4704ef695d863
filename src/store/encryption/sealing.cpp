#include "store/encryption/sealing.h"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace slipway::store {

namespace {

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// What is authenticated beside the value. The length keeps name and revision apart.
std::string bound_to(std::string_view name, std::int64_t revision) {
  return fmt::format("slipway store value\n{}\n{}\n{}", revision, name.size(), name);
}

base::Error library_failed() {
  return base::fail(base::ErrorCode::kInternal, "AES-256-GCM failed in the cryptographic library");
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
             nullptr);
  return digest;
}

void Sealer::Deleter::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

Sealer::Sealer() : context_(EVP_CIPHER_CTX_new()) {}

base::Status Sealer::seal(const EncryptionKey& key, std::string_view name, std::int64_t revision,
                          std::string_view value, std::string& sealed) {
  const std::string bound = bound_to(name, revision);
  sealed.resize(kNonceSize + value.size() + kTagSize);
  auto* out = reinterpret_cast<unsigned char*>(sealed.data());
  auto* context = context_.get();
  int length = 0, rest = 0;
  if (RAND_bytes(out, kNonceSize) != 1 ||
      EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, bytes_of(key.bytes), out) != 1 ||
      EVP_EncryptUpdate(context, nullptr, &length, bytes_of(bound), static_cast<int>(bound.size())) != 1 ||
      EVP_EncryptUpdate(context, out + kNonceSize, &length, bytes_of(value), static_cast<int>(value.size())) != 1 ||
      EVP_EncryptFinal_ex(context, out + kNonceSize + length, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagSize, out + kNonceSize + value.size()) != 1)
    return library_failed();
  return {};
}

base::Result<std::string> Sealer::open(const EncryptionKey& key, std::string_view name, std::int64_t revision,
                                       std::string_view sealed) {
  const auto wrong = [&] {
    return base::fail(base::ErrorCode::kCorrupt,
                      fmt::format("the value of {} was not sealed with key {}", name, key_id_text(key.id)));
  };
  if (sealed.size() < kNonceSize + kTagSize) return wrong();
  const std::string bound = bound_to(name, revision);
  const std::string_view text = sealed.substr(kNonceSize, sealed.size() - kNonceSize - kTagSize);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  std::string value(text.size(), '\0');
  auto* out = reinterpret_cast<unsigned char*>(value.data());
  auto* context = context_.get();
  int length = 0, rest = 0;
  if (EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nullptr, bytes_of(key.bytes), bytes_of(sealed)) != 1 ||
      EVP_DecryptUpdate(context, nullptr, &length, bytes_of(bound), static_cast<int>(bound.size())) != 1 ||
      EVP_DecryptUpdate(context, out, &length, bytes_of(text), static_cast<int>(text.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) != 1)
    return library_failed();
  if (EVP_DecryptFinal_ex(context, out + length, &rest) != 1) return wrong();
  return value;
}

}  // namespace slipway::store
