#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "data/json.h"

namespace slipway::apiserver {

// The claims of tokens whose signature was verified a moment ago, by the SHA-256 of the token: a signature costs many
// times a look-up. Bounded; the oldest go first. Only the signature is remembered: times and objects are checked at
// every request. Thread-safe.
class VerifiedTokens {
 public:
  VerifiedTokens(const base::Clock& clock, std::chrono::seconds keep, std::size_t most = 4096)
      : clock_(clock), keep_(keep), most_(most) {}
  std::shared_ptr<const data::Json> find(std::string_view token) const;
  std::shared_ptr<const data::Json> put(std::string_view token, data::Json claims);
  // After a change of the keys that verify.
  void clear();
  std::size_t size() const;

 private:
  struct Entry {
    std::shared_ptr<const data::Json> claims;
    std::chrono::nanoseconds until{};
  };
  const base::Clock& clock_;
  const std::chrono::seconds keep_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;  // as they came
};

}  // namespace slipway::apiserver
