#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "store/encryption/encryption.h"
#include "store/encryption/sealing.h"
#include "store/sqlite/database.h"
#include "store/sqlite/row_checksum.h"

namespace slipway::store {

// The file format, version 2 (version 1 had no checksums and no sealed values; it is read and rewritten):
//   meta(name, value)  format
//   state(id=1, revision, objects, digest, checksum)  StoreState
//   objects(created, revision, key, sealed_with, checksum, value)  StoredRow, the newest value of each key
constexpr std::int64_t kFormat = 2;

// kCorrupt, with what is wrong and how to restore.
base::Error damaged(const std::filesystem::path& file, std::string_view what);

// 0 for an empty database. kUnsupported when a newer Slipway wrote it, kCorrupt when the tables are not a store's.
base::Result<std::int64_t> read_format(Database& database, const std::filesystem::path& file);
base::Status create_tables(Database& database);
// Checks the state's own checksum.
base::Result<StoreState> read_state(Database& database, const std::filesystem::path& file);
base::Status write_state(Database& database, const StoreState& state);

// Reads every object, in the order of the file, and checks each row's checksum, then that the state fits (both in
// format 2). `row` gets it as stored; its error ends the reading.
base::Result<StoreState> read_rows(Database& database, const std::filesystem::path& file, std::int64_t format,
                                   const std::function<base::Status(const StoredRow&)>& row);

// Seals and opens values by key. Used by one thread at a time.
class ValueCodec {
 public:
  ValueCodec(KeyRing keys, EncryptionOptions options, std::string key_source)
      : keys_(std::move(keys)), options_(std::move(options)), key_source_(std::move(key_source)) {}

  // Fills sealed_with and value of `row` from `plain`; the row refers to `plain` or to bytes of this codec until the
  // next call. Sealed when one of the prefixes fits, or `in_any_case`. REQUIRES: keys, then.
  base::Status seal(StoredRow& row, std::string_view plain, bool in_any_case = false);
  // kUnavailable when its key is not there, naming where it is looked for; kCorrupt when the value does not open.
  base::Result<std::string> open(const StoredRow& row, const std::filesystem::path& file);
  // Stored as it would be stored now? What was sealed once stays sealed until it is written anew, whatever the
  // prefixes.
  bool is_current(const StoredRow& row) const;

  KeyRing& keys() { return keys_; }

 private:
  bool is_secret(std::string_view key) const;

  KeyRing keys_;
  EncryptionOptions options_;
  std::string key_source_;
  Sealer sealer_;
  std::string sealed_;
};

}  // namespace slipway::store
