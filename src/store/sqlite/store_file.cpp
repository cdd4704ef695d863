#include "store/sqlite/store_file.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::store {

using base::ErrorCode;

base::Error damaged(const std::filesystem::path& file, std::string_view what) {
  return base::fail(ErrorCode::kCorrupt,
                    fmt::format("{} is damaged ({}). Stop slipwayd and put a snapshot in its place: slipwayd snapshot "
                                "restore FILE --data-dir DIR (the damaged files are kept aside), then start again",
                                file.string(), what));
}

base::Result<std::int64_t> read_format(Database& database, const std::filesystem::path& file) {
  std::int64_t tables = 0;
  Statement count = SLIPWAY_TRY(database.prepare("SELECT count(*) FROM sqlite_master"));
  SLIPWAY_TRY(count.run([&](const Statement& row) { tables = row.integer(0); }));
  if (tables == 0) return 0;
  Statement named =
      SLIPWAY_TRY(database.prepare("SELECT count(*) FROM sqlite_master WHERE name IN ('meta','objects','state')"));
  SLIPWAY_TRY(named.run([&](const Statement& row) { tables = row.integer(0); }));
  if (tables < 2) return damaged(file, "it is no store");
  std::int64_t format = 0;
  Statement read = SLIPWAY_TRY(database.prepare("SELECT value FROM meta WHERE name='format'"));
  SLIPWAY_TRY(read.run([&](const Statement& row) { format = row.integer(0); }));
  if (format > kFormat)
    return base::fail(
        ErrorCode::kUnsupported,
        fmt::format("{} has format {}, written by a newer Slipway; this one knows up to {}. Start the newer "
                    "slipwayd again, or restore a snapshot made before the upgrade",
                    file.string(), format, kFormat));
  if (format < 1 || tables != (format == 1 ? 2 : 3)) return damaged(file, "its tables are incomplete");
  return format;
}

base::Status create_tables(Database& database) {
  // Rows lie in the order in which keys were created: creates append, and no second index has to be kept, because the
  // program knows the place of every key from memory.
  SLIPWAY_TRY(database.execute(
      "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
      "CREATE TABLE state(id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, objects INTEGER NOT NULL, "
      "digest INTEGER NOT NULL, checksum INTEGER NOT NULL);"
      "CREATE TABLE objects(created INTEGER PRIMARY KEY, revision INTEGER NOT NULL, key BLOB NOT NULL, sealed_with "
      "INTEGER NOT NULL, checksum INTEGER NOT NULL, value BLOB NOT NULL);"
      "INSERT INTO meta(name, value) VALUES('format', 2)"));
  return write_state(database, {});
}

base::Result<StoreState> read_state(Database& database, const std::filesystem::path& file) {
  StoreState state;
  bool is_right = false;
  Statement select = SLIPWAY_TRY(database.prepare("SELECT revision, objects, digest, checksum FROM state WHERE id=1"));
  SLIPWAY_TRY(select.run([&](const Statement& row) {
    state = {row.integer(0), row.integer(1), static_cast<std::uint64_t>(row.integer(2))};
    is_right = row.integer(3) == checksum_of(state);
  }));
  if (!is_right || state.revision < 0 || state.objects < 0) return damaged(file, "its state has a wrong checksum");
  return state;
}

base::Status write_state(Database& database, const StoreState& state) {
  Statement put = SLIPWAY_TRY(database.prepare("INSERT OR REPLACE INTO state VALUES(1, ?1, ?2, ?3, ?4)"));
  return put.bind_integer(1, state.revision)
      .bind_integer(2, state.objects)
      .bind_integer(3, static_cast<std::int64_t>(state.digest))
      .bind_integer(4, checksum_of(state))
      .run();
}

namespace {

base::Result<StoreState> read_rows_of_format_1(Database& database, const std::filesystem::path& file,
                                               const std::function<base::Status(const StoredRow&)>& each) {
  StoreState state;
  state.revision = -1;
  Statement revision = SLIPWAY_TRY(database.prepare("SELECT value FROM meta WHERE name='revision'"));
  SLIPWAY_TRY(revision.run([&](const Statement& row) { state.revision = row.integer(0); }));
  if (state.revision < 0) return damaged(file, "it has no revision");
  base::Status outcome;
  Revision newest = 0;
  Statement select = SLIPWAY_TRY(database.prepare("SELECT revision, key, value FROM objects ORDER BY revision"));
  SLIPWAY_TRY(select.run([&](const Statement& row) {
    if (!outcome) return;
    // This format did not keep the creation; the revision is as unique.
    const StoredRow stored{row.integer(0), row.integer(0), row.bytes(1), kPlain, row.bytes(2)};
    newest = std::max(newest, stored.revision);
    state.add(stored.revision);
    outcome = each(stored);
  }));
  SLIPWAY_TRY(std::move(outcome));
  if (newest > state.revision)
    return damaged(file, fmt::format("a value has revision {}, newer than {}", newest, state.revision));
  return state;
}

}  // namespace

base::Result<StoreState> read_rows(Database& database, const std::filesystem::path& file, std::int64_t format,
                                   const std::function<base::Status(const StoredRow&)>& each) {
  if (format == 1) return read_rows_of_format_1(database, file, each);
  const StoreState state = SLIPWAY_TRY(read_state(database, file));
  StoreState found;
  base::Status outcome;
  Statement select =
      SLIPWAY_TRY(database.prepare("SELECT created, revision, key, sealed_with, checksum, value FROM objects"));
  SLIPWAY_TRY(select.run([&](const Statement& row) {
    if (!outcome) return;
    const StoredRow stored{row.integer(0), row.integer(1), row.bytes(2), static_cast<KeyId>(row.integer(3)),
                           row.bytes(5)};
    if (row.integer(4) != checksum_of(stored) || row.integer(3) != stored.sealed_with) {
      outcome = damaged(file, fmt::format("row {} has a wrong checksum", stored.created));
      return;
    }
    found.revision = std::max(found.revision, stored.revision);
    found.add(stored.revision);
    outcome = each(stored);
  }));
  SLIPWAY_TRY(std::move(outcome));
  if (found.revision > state.revision)
    return damaged(file, fmt::format("a value has revision {}, newer than {}", found.revision, state.revision));
  if (found.objects != state.objects || found.digest != state.digest)
    return damaged(file, fmt::format("it should hold {} objects and holds {}, or an older value of one", state.objects,
                                     found.objects));
  return state;
}

bool ValueCodec::is_secret(std::string_view key) const {
  return std::ranges::any_of(options_.prefixes, [&](const std::string& prefix) { return key.starts_with(prefix); });
}

base::Status ValueCodec::seal(StoredRow& row, std::string_view plain, bool in_any_case) {
  row.value = plain;
  row.sealed_with = kPlain;
  if (!in_any_case && !is_secret(row.key)) return {};
  const EncryptionKey& key = keys_.newest();
  SLIPWAY_TRY(sealer_.seal(key, row.key, row.revision, plain, sealed_));
  row.sealed_with = key.id;
  row.value = sealed_;
  return {};
}

base::Result<std::string> ValueCodec::open(const StoredRow& row, const std::filesystem::path& file) {
  if (row.sealed_with == kPlain) return std::string(row.value);
  const EncryptionKey* key = keys_.find(row.sealed_with);
  if (!key)
    return base::fail(
        ErrorCode::kUnavailable,
        fmt::format("{} holds values sealed with key {}, which is not in {} (keys there: {}). Put the copy "
                    "of that file back that belongs to this store; without the key these values cannot be "
                    "read by anybody",
                    file.string(), key_id_text(row.sealed_with), key_source_, keys_.ids()));
  auto plain = sealer_.open(*key, row.key, row.revision, row.value);
  if (!plain && plain.error().code() == ErrorCode::kCorrupt) return damaged(file, plain.error().message());
  return plain;
}

bool ValueCodec::is_current(const StoredRow& row) const {
  if (row.sealed_with == kPlain) return !is_secret(row.key);
  return !keys_.empty() && row.sealed_with == keys_.newest().id;
}

}  // namespace slipway::store
