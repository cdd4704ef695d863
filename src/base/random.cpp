#include "base/random.h"

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <sys/random.h>

namespace slipway::base {

namespace {

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string Random::hex(std::size_t byte_count) {
  return to_hex(bytes(byte_count));
}

std::string Random::name_suffix(std::size_t length) {
  // The alphabet of k8s.io/apimachinery/pkg/util/rand.
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  while (text.size() < length) {
    for (const char c : bytes(length)) {
      const auto byte = static_cast<unsigned char>(c);
      // 243 = 9 * 27: larger bytes would favour the first letters.
      if (byte < 243 && text.size() < length) text += kAlphabet[byte % kAlphabet.size()];
    }
  }
  return text;
}

std::string Random::uuid() {
  std::string raw = bytes(16);
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);
  const std::string text = to_hex(raw);
  return text.substr(0, 8) + "-" + text.substr(8, 4) + "-" + text.substr(12, 4) + "-" + text.substr(16, 4) + "-" +
         text.substr(20);
}

SystemRandom& SystemRandom::instance() {
  static SystemRandom random;
  return random;
}

std::string SystemRandom::bytes(std::size_t count) {
  std::string buffer(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got = ::getrandom(buffer.data() + filled, count - filled, 0);
    if (got < 0 && errno != EINTR) std::abort();  // a kernel without getrandom: nothing safe can follow
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return buffer;
}

}  // namespace slipway::base
