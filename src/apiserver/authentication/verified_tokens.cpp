#include "apiserver/authentication/verified_tokens.h"

#include "pki/certificate.h"

namespace slipway::apiserver {

std::shared_ptr<const data::Json> VerifiedTokens::find(std::string_view token) const {
  const std::string hash = pki::sha256_hex(token);
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(hash);
  return entry == entries_.end() || clock_.steady() >= entry->second.until ? nullptr : entry->second.claims;
}

std::shared_ptr<const data::Json> VerifiedTokens::put(std::string_view token, data::Json claims) {
  auto shared = std::make_shared<const data::Json>(std::move(claims));
  std::string hash = pki::sha256_hex(token);
  const std::lock_guard lock(mutex_);
  const bool is_new = !entries_.contains(hash);
  entries_[hash] = {shared, clock_.steady() + keep_};
  if (is_new) order_.push_back(std::move(hash));
  while (order_.size() > most_) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  return shared;
}

void VerifiedTokens::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  order_.clear();
}

std::size_t VerifiedTokens::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace slipway::apiserver
