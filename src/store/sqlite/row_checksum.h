#pragma once

#include <cstdint>
#include <string_view>

#include "store/encryption/key_ring.h"
#include "store/store.h"

namespace slipway::store {

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), chainable: crc32c(b, crc32c(a)) == crc32c(ab).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// One object as the file holds it.
struct StoredRow {
  Revision created = 0;  // revision of the write that created the key; the row's place in the file
  Revision revision = 0;
  std::string_view key;
  KeyId sealed_with = kPlain;
  std::string_view value;  // as stored: sealed unless sealed_with is kPlain
};
std::uint32_t checksum_of(const StoredRow& row);

// Sums up which values the file should hold, in any order: a revision stands for one value of one key. It tells a row
// that is missing, too many or from an earlier time, which has a right checksum of its own.
struct StoreState {
  Revision revision = 0;  // newest one given out
  std::int64_t objects = 0;
  std::uint64_t digest = 0;
  bool operator==(const StoreState&) const = default;

  void add(Revision value_revision);
  void drop(Revision value_revision);
};
std::uint32_t checksum_of(const StoreState& state);

}  // namespace slipway::store
