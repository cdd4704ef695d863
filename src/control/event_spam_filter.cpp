#include "control/event_spam_filter.h"

#include <algorithm>

namespace slipway::control {

bool EventSpamFilter::allows(const std::string& object, std::chrono::nanoseconds now) {
  Bucket& bucket = bucket_of(object, now);
  const double passed = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min<double>(kBurst, bucket.tokens + passed / std::chrono::duration<double>(kRefill).count());
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

EventSpamFilter::Bucket& EventSpamFilter::bucket_of(const std::string& object, std::chrono::nanoseconds now) {
  const auto known = by_object_.find(object);
  if (known != by_object_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return buckets_.front();
  }
  if (buckets_.size() >= kObjects) {
    by_object_.erase(buckets_.back().object);
    buckets_.pop_back();
  }
  buckets_.push_front({.object = object, .filled = now});
  by_object_.emplace(object, buckets_.begin());
  return buckets_.front();
}

}  // namespace slipway::control
