#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "store/store.h"

namespace slipway::registry {

// What was last made of stored values, by the identity of their bytes, so that many readers of one value share the
// work. `tag` tells different things made of the same bytes apart. Holds at most kSlots values; thread-safe.
template <typename Value, std::size_t kSlots>
class BytesCache {
 public:
  using Tag = std::uintptr_t;

  std::optional<Value> find(const store::Bytes& bytes, Tag tag = 0) {
    Slot& cached = slot(bytes, tag);
    const std::lock_guard lock(cached.mutex);
    if (cached.bytes != bytes || cached.tag != tag) return std::nullopt;
    return cached.value;
  }

  void remember(const store::Bytes& bytes, Value value, Tag tag = 0) {
    Slot& cached = slot(bytes, tag);
    store::Bytes old_bytes = bytes;  // what is replaced ends in here and in `value`, destroyed after the lock
    const std::lock_guard lock(cached.mutex);
    cached.bytes.swap(old_bytes);
    cached.tag = tag;
    std::swap(cached.value, value);
  }

 private:
  struct Slot {
    std::mutex mutex;
    store::Bytes bytes;  // held, so that its address cannot be reused
    Tag tag = 0;
    Value value{};
  };

  Slot& slot(const store::Bytes& bytes, Tag tag) {
    const auto address = (reinterpret_cast<std::uintptr_t>(bytes.get()) >> 4) ^ (tag << 1);
    return slots_[(address * 0x9E3779B97F4A7C15ull >> 32) % kSlots];
  }

  std::array<Slot, kSlots> slots_;
};

}  // namespace slipway::registry
