#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace slipway::store {

// What stands behind the database in a snapshot file: a description (JSON), then 64 bytes: "slipway-snapshot", the
// sizes of the database and of the description (64 bits each, least byte first), and a SHA-256 over both.
struct SnapshotDescription {
  std::int64_t store_format = 0;
  Revision revision = 0;
  std::int64_t objects = 0;
  std::int64_t sealed = 0;        // values that need a key
  std::vector<std::string> keys;  // ids of these keys
  std::string created;            // RFC 3339
  std::string slipway;            // version of the program that saved it
};

struct SnapshotTrailer {
  static constexpr std::size_t kSize = 64;
  static constexpr std::uint64_t kMaxDescription = 64 * 1024;
  std::uint64_t database_size = 0;
  std::uint64_t description_size = 0;
  std::string sha256;

  std::string bytes() const;
};

// `bytes` are the last kSize ones of a file of `file_size`. kCorrupt when they are no trailer of such a file.
base::Result<SnapshotTrailer> parse_trailer(std::string_view bytes, std::uint64_t file_size);

std::string description_text(const SnapshotDescription& description);
base::Result<SnapshotDescription> parse_description(std::string_view text);  // kCorrupt

}  // namespace slipway::store
