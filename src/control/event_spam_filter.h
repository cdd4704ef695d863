#pragma once

#include <chrono>
#include <list>
#include <string>
#include <unordered_map>

namespace slipway::control {

// How many Events one source may write about one object: 25 at once, then one in 300 s, as client-go's
// EventSourceObjectSpamFilter. The 4,096 objects spoken of last are remembered. Not thread-safe.
class EventSpamFilter {
 public:
  static constexpr int kBurst = 25;
  static constexpr std::chrono::seconds kRefill{300};  // for one Event
  static constexpr std::size_t kObjects = 4096;

  // True when one more may be written about `object` (a text that is its own) at `now`, a steady time.
  bool allows(const std::string& object, std::chrono::nanoseconds now);

 private:
  struct Bucket {
    std::string object;
    double tokens = kBurst;
    std::chrono::nanoseconds filled{0};
  };
  Bucket& bucket_of(const std::string& object, std::chrono::nanoseconds now);

  std::list<Bucket> buckets_;  // the one asked for last in front
  std::unordered_map<std::string, std::list<Bucket>::iterator> by_object_;
};

}  // namespace slipway::control
