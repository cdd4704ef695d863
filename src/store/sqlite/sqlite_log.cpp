#include "store/sqlite/sqlite_log.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::store {

namespace {

using base::ErrorCode;
constexpr std::int64_t kFormat = 1;

base::Error damaged(const std::filesystem::path& file, std::string_view what) {
  return base::fail(ErrorCode::kCorrupt,
                    fmt::format("{} is damaged ({}). Stop slipwayd, move store.db, store.db-wal and store.db-shm away, "
                                "put a backup of them in their place and start again",
                                file.string(), what));
}

}  // namespace

base::Result<std::unique_ptr<SqliteLog>> SqliteLog::open(const std::filesystem::path& file, ObjectMap& map) {
  std::unique_ptr<SqliteLog> log(new SqliteLog(file));
  SLIPWAY_TRY(log->connect());
  SLIPWAY_TRY(log->load(map));
  return log;
}

base::Status SqliteLog::connect() {
  // The old connection holds the file exclusively: it is closed before the file is opened again.
  for (Statement* statement : {&begin_, &commit_, &rollback_, &put_, &remove_, &set_revision_})
    *statement = Statement();
  database_ = Database();
  database_ = SLIPWAY_TRY(Database::open(file_));
  // FULL with WAL: every commit is fsynced before it returns. The file is ours alone (store.lock), so the index of the
  // WAL may live on the heap.
  SLIPWAY_TRY(
      database_.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                        "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-8192"));
  SLIPWAY_TRY(check());
  begin_ = SLIPWAY_TRY(database_.prepare("BEGIN IMMEDIATE"));
  commit_ = SLIPWAY_TRY(database_.prepare("COMMIT"));
  rollback_ = SLIPWAY_TRY(database_.prepare("ROLLBACK"));
  put_ =
      SLIPWAY_TRY(database_.prepare("INSERT INTO objects(key, revision, value) VALUES(?1, ?2, ?3) "
                                    "ON CONFLICT(key) DO UPDATE SET revision=excluded.revision, value=excluded.value"));
  remove_ = SLIPWAY_TRY(database_.prepare("DELETE FROM objects WHERE key=?1"));
  set_revision_ = SLIPWAY_TRY(database_.prepare("UPDATE meta SET value=?1 WHERE name='revision'"));
  return {};
}

base::Status SqliteLog::check() {
  std::string verdict;
  Statement quick_check = SLIPWAY_TRY(database_.prepare("PRAGMA quick_check(1)"));
  SLIPWAY_TRY(quick_check.run([&](const Statement& row) { verdict = row.bytes(0); }));
  if (verdict != "ok") return damaged(file_, verdict);

  std::int64_t tables = 0;
  Statement count =
      SLIPWAY_TRY(database_.prepare("SELECT count(*) FROM sqlite_master WHERE name IN ('meta','objects')"));
  SLIPWAY_TRY(count.run([&](const Statement& row) { tables = row.integer(0); }));
  if (tables == 0) return create_tables();

  std::int64_t format = 0;
  Statement read_format = SLIPWAY_TRY(database_.prepare("SELECT value FROM meta WHERE name='format'"));
  SLIPWAY_TRY(read_format.run([&](const Statement& row) { format = row.integer(0); }));
  if (format > kFormat)
    return base::fail(
        ErrorCode::kUnsupported,
        fmt::format("{} has format {}, written by a newer Slipway; this one knows up to {}. Start the newer "
                    "slipwayd again, or restore a backup made before the upgrade",
                    file_.string(), format, kFormat));
  if (tables != 2 || format != kFormat) return damaged(file_, "its tables are incomplete");
  return {};
}

base::Status SqliteLog::create_tables() {
  // An ordinary rowid table: values of a few kilobytes then fit into leaf pages, and creates append.
  return database_.execute(
      "BEGIN IMMEDIATE;"
      "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
      "CREATE TABLE objects(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, revision INTEGER NOT NULL, value BLOB "
      "NOT NULL);"
      "INSERT INTO meta(name, value) VALUES('format', 1), ('revision', 0);"
      "COMMIT");
}

base::Result<Revision> SqliteLog::stored_revision() {
  Revision revision = -1;
  Statement select = SLIPWAY_TRY(database_.prepare("SELECT value FROM meta WHERE name='revision'"));
  SLIPWAY_TRY(select.run([&](const Statement& row) { revision = row.integer(0); }));
  if (revision < 0) return damaged(file_, "it has no revision");
  return revision;
}

base::Status SqliteLog::load(ObjectMap& map) {
  revision_ = SLIPWAY_TRY(stored_revision());
  Statement select = SLIPWAY_TRY(database_.prepare("SELECT key, revision, value FROM objects"));
  Revision newest = 0;
  SLIPWAY_TRY(select.run([&](const Statement& row) {
    newest = std::max<Revision>(newest, row.integer(1));
    map.load({std::string(row.bytes(0)), row.integer(1), std::make_shared<const std::string>(row.bytes(2))});
  }));
  if (newest > revision_)
    return damaged(file_, fmt::format("a value has revision {}, newer than {}", newest, revision_));
  map.set_revision(revision_);
  return {};
}

base::Status SqliteLog::append(const std::vector<Event>& events) {
  if (needs_check_) SLIPWAY_TRY(reconnect());
  base::Status written = write(events);
  if (written) {
    revision_ = events.back().revision;
    return {};
  }
  // Some errors have already rolled back; asking again is harmless.
  (void)rollback_.run();
  // After a failed write or fsync the file may hold what the connection believes it does not: look before going on.
  // A full disk is refused before anything counts.
  if (written.error().code() != ErrorCode::kNoSpace) needs_check_ = true;
  return written;
}

base::Status SqliteLog::write(const std::vector<Event>& events) {
  SLIPWAY_TRY(begin_.run());
  for (const Event& event : events) {
    if (event.type == Event::Type::kDelete) {
      SLIPWAY_TRY(remove_.bind_bytes(1, event.key).run());
    } else {
      SLIPWAY_TRY(put_.bind_bytes(1, event.key).bind_integer(2, event.revision).bind_bytes(3, *event.value).run());
    }
  }
  SLIPWAY_TRY(set_revision_.bind_integer(1, events.back().revision).run());
  return commit_.run();
}

base::Status SqliteLog::reconnect() {
  SLIPWAY_TRY(connect());
  const Revision stored = SLIPWAY_TRY(stored_revision());
  if (stored != revision_)
    return base::fail(ErrorCode::kUnavailable,
                      fmt::format("{} holds revision {} although only {} was acknowledged, after a disk error; restart "
                                  "slipwayd to read it anew",
                                  file_.string(), stored, revision_));
  needs_check_ = false;
  return {};
}

}  // namespace slipway::store
