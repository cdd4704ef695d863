#include "store/snapshot/snapshot.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/files.h"
#include "base/random.h"
#include "base/version.h"
#include "store/encryption/encryption.h"
#include "store/snapshot/snapshot_file.h"
#include "store/sqlite/background_check.h"
#include "store/sqlite/file_swap.h"
#include "store/sqlite/folder_lock.h"
#include "store/sqlite/rewrite.h"

namespace slipway::store {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

std::string time_text(const char* format) {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

Result<SnapshotDescription> describe(Database& database, const fs::path& file) {
  SnapshotDescription description{.store_format = SLIPWAY_TRY(read_format(database, file)),
                                  .created = time_text("%Y-%m-%dT%H:%M:%SZ"),
                                  .slipway = std::string(base::kVersion)};
  if (description.store_format != kFormat)
    return base::fail(ErrorCode::kUnsupported,
                      fmt::format("{} has the older format {}: start slipwayd once, which upgrades it", file.string(),
                                  description.store_format));
  const StoreState state = SLIPWAY_TRY(read_rows(database, file, kFormat, [&](const StoredRow& row) -> Status {
    if (row.sealed_with == kPlain) return {};
    ++description.sealed;
    const std::string id = key_id_text(row.sealed_with);
    if (std::ranges::find(description.keys, id) == description.keys.end()) description.keys.push_back(id);
    return {};
  }));
  description.revision = state.revision;
  description.objects = state.objects;
  return description;
}

// A consistent copy as a file that needs no WAL.
Result<SnapshotDescription> copy_database(Database& source, const fs::path& target) {
  {
    Database copy = SLIPWAY_TRY(Database::open(target));
    SLIPWAY_TRY(copy.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF"));
    SLIPWAY_TRY(source.copy_to(copy));
  }
  Database copy = SLIPWAY_TRY(Database::open(target));
  SLIPWAY_TRY(copy.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE"));
  return describe(copy, target);
}

struct Source {
  base::UniqueFd lock;
  Database database;
};

Result<Source> open_source(const fs::path& folder) {
  const auto file = folder / "store.db";
  if (!fs::exists(file) && !fs::exists(folder / "store.swap"))
    return base::fail(ErrorCode::kNotFound, fmt::format("there is no store in {}", folder.string()));
  Source source;
  auto alone = lock_folder(folder);
  if (alone) {
    source.lock = std::move(*alone);
    SLIPWAY_TRY(finish_swap(folder));
    source.database = SLIPWAY_TRY(Database::open(file));
    return source;
  }
  // A running slipwayd has it: read beside it, and keep it from replacing the file meanwhile.
  if (alone.error().code() != ErrorCode::kUnavailable) return std::move(alone.error());
  source.lock = SLIPWAY_TRY(lock_for_reading(folder));
  source.database = SLIPWAY_TRY(Database::open(file, Database::Access::kReadOnly));
  return source;
}

Status open_all(Database& database, const fs::path& file, std::int64_t format, ValueCodec& codec) {
  const auto open_one = [&](const StoredRow& row) -> Status {
    SLIPWAY_TRY(codec.open(row, file));
    return {};
  };
  SLIPWAY_TRY(read_rows(database, file, format, open_one));
  return {};
}

// The error of a snapshot says nothing of the store that it is not.
Status as_snapshot_error(Status status, const fs::path& file) {
  if (status || status.error().code() != ErrorCode::kCorrupt) return status;
  return base::fail(ErrorCode::kCorrupt, fmt::format("{} is damaged inside. Take another snapshot", file.string()));
}

Result<SnapshotDescription> check_snapshot(Database& database, const fs::path& file) {
  const SnapshotDescription description = SLIPWAY_TRY(check_snapshot_file(file));
  if (description.store_format > kFormat)
    return base::fail(ErrorCode::kUnsupported, fmt::format("{} was saved by a newer Slipway ({}): use that one",
                                                           file.string(), description.slipway));
  database = SLIPWAY_TRY(Database::open(file, Database::Access::kImmutable));
  SLIPWAY_TRY(as_snapshot_error(check_file(database, file), file));
  const SnapshotDescription found = SLIPWAY_TRY(describe(database, file));
  if (found.revision != description.revision || found.objects != description.objects ||
      found.sealed != description.sealed || found.keys != description.keys)
    return base::fail(ErrorCode::kCorrupt,
                      fmt::format("{} does not hold what it says it holds. Take another snapshot", file.string()));
  return description;
}

}  // namespace

Result<SnapshotDescription> save_snapshot(const fs::path& data_folder, const fs::path& file) {
  Source source = SLIPWAY_TRY(open_source(data_folder));
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const fs::path temporary =
      folder / fmt::format(".{}.{}", file.filename().string(), base::SystemRandom::instance().hex(6));
  const auto save = [&]() -> Result<SnapshotDescription> {
    base::UniqueFd made(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!made.valid()) return base::errno_error(errno, file.string());
    SnapshotDescription description = SLIPWAY_TRY(copy_database(source.database, temporary));
    base::crash_point("store.snapshot-copied");
    SLIPWAY_TRY(seal_snapshot_file(temporary, description));
    if (::rename(temporary.c_str(), file.c_str()) != 0) return base::errno_error(errno, file.string());
    SLIPWAY_TRY(sync_folder(folder));
    return description;
  };
  auto saved = save();
  if (!saved)
    for (const char* end : {"", "-journal", "-wal", "-shm"}) ::unlink((temporary.string() + end).c_str());
  return saved;
}

Result<SnapshotVerdict> verify_snapshot(const fs::path& file, const std::optional<fs::path>& keys) {
  Database database;
  SnapshotVerdict verdict{SLIPWAY_TRY(check_snapshot(database, file)), false};
  if (!keys) return verdict;
  ValueCodec codec(SLIPWAY_TRY(read_keys(*keys)), {}, keys->string());
  SLIPWAY_TRY(open_all(database, file, verdict.description.store_format, codec));
  verdict.was_opened = true;
  return verdict;
}

Result<Restored> restore_snapshot(const fs::path& file, const fs::path& data_folder,
                                  const std::optional<fs::path>& keys) {
  SLIPWAY_TRY(base::make_folders(data_folder, 0700));
  const base::UniqueFd lock = SLIPWAY_TRY(lock_folder(data_folder));
  SLIPWAY_TRY(finish_swap(data_folder));
  Database source;
  Restored restored{.description = SLIPWAY_TRY(check_snapshot(source, file))};

  const KeyFile key_file = KeyFile::of(data_folder);
  KeyRing ring = SLIPWAY_TRY(key_file.read());
  const bool had_keys = !ring.empty();
  if (keys) ring.merge(SLIPWAY_TRY(read_keys(*keys)));
  const bool gets_keys = !had_keys && !ring.empty() && !key_file.is_credential();
  if (ring.empty() && restored.description.sealed == 0) ring.add(base::SystemRandom::instance());
  ValueCodec codec(ring, {},
                   keys ? fmt::format("{} or {}", key_file.path().string(), keys->string()) : key_file.path().string());
  SLIPWAY_TRY(open_all(source, file, restored.description.store_format, codec));
  SLIPWAY_TRY(rewrite_store(source, file, restored.description.store_format, new_store_file(data_folder), codec,
                            kRevisionLeap));
  base::crash_point("store.restore-written");
  if (gets_keys) SLIPWAY_TRY(key_file.write(ring));
  const bool has_old = fs::exists(data_folder / "store.db") || fs::exists(data_folder / "store.db-wal");
  if (has_old)
    restored.aside = fmt::format("replaced-{}-{}", time_text("%Y%m%dT%H%M%SZ"), base::SystemRandom::instance().hex(2));
  SLIPWAY_TRY(swap_store_file(data_folder, restored.aside));
  restored.revision = restored.description.revision + kRevisionLeap;
  return restored;
}

}  // namespace slipway::store
