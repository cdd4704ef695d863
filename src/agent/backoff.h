#pragma once

#include <algorithm>
#include <chrono>

#include "base/random.h"

namespace slipway::agent {

// Pauses between attempts: they double from `first` to `limit`; each is shortened by up to half at random, so that many
// hosts do not come back in step.
class Backoff {
 public:
  explicit Backoff(base::Random& random, std::chrono::milliseconds first = std::chrono::milliseconds(200),
                   std::chrono::milliseconds limit = std::chrono::milliseconds(30'000))
      : random_(random), first_(first), limit_(limit), next_(first) {}

  std::chrono::milliseconds next() {
    const std::chrono::milliseconds pause = next_;
    next_ = std::min(next_ * 2, limit_);
    const auto share = static_cast<unsigned char>(random_.bytes(1)[0]);
    return pause - pause * share / 512;
  }
  void reset() { next_ = first_; }

 private:
  base::Random& random_;
  std::chrono::milliseconds first_, limit_, next_;
};

}  // namespace slipway::agent
