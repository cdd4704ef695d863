#pragma once

#include <cstddef>
#include <string>

namespace slipway::base {

// Randomness as an injected effect. SystemRandom reads the kernel's generator and is fit for keys and tokens.
// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::string bytes(std::size_t count) = 0;

  // Lower-case hexadecimal text of `byte_count` random bytes.
  std::string hex(std::size_t byte_count);
  // `length` characters of the Kubernetes name alphabet (no vowels, no look-alikes).
  std::string name_suffix(std::size_t length = 5);
  // RFC 4122 version 4.
  std::string uuid();
};

class SystemRandom final : public Random {
 public:
  static SystemRandom& instance();
  std::string bytes(std::size_t count) override;
};

}  // namespace slipway::base
