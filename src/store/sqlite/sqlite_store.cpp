#include "store/sqlite/sqlite_store.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <functional>

#include "base/crash_point.h"
#include "base/files.h"
#include "base/log.h"
#include "store/logged_store.h"
#include "store/sqlite/background_check.h"
#include "store/sqlite/file_swap.h"
#include "store/sqlite/folder_lock.h"
#include "store/sqlite/rewrite.h"
#include "store/sqlite/sqlite_log.h"
#include "store/sqlite/wal_check.h"

namespace slipway::store {

namespace {

namespace fs = std::filesystem;
using base::Result;
using base::Status;

// Frees the folder after the file is closed: members end in reverse order.
class FolderLog final : public ChangeLog {
 public:
  FolderLog(base::UniqueFd lock, std::unique_ptr<SqliteLog> log, std::chrono::milliseconds check_after)
      : lock_(std::move(lock)), log_(std::move(log)), check_(log_->file(), check_after) {
    log_->on_settled([this] { check_.request(); });
  }
  Status append(const std::vector<Event>& events) override { return log_->append(events); }

 private:
  const base::UniqueFd lock_;
  const std::unique_ptr<SqliteLog> log_;
  BackgroundCheck check_;
};

// Never an empty store in the place of one that was lost.
Status refuse_lost_file(const fs::path& folder, const KeyFile& keys) {
  const auto file = folder / "store.db";
  if (fs::exists(file)) return {};
  const auto remains = fs::exists(folder / "store.db-wal")                ? folder / "store.db-wal"
                       : !keys.is_credential() && fs::exists(keys.path()) ? keys.path()
                                                                          : fs::path();
  if (remains.empty()) return {};
  return base::fail(
      base::ErrorCode::kCorrupt,
      fmt::format("{} is missing although {} is there. Put it back, or restore a snapshot (slipwayd snapshot "
                  "restore FILE --data-dir DIR), or move {} away to begin with an empty store",
                  file.string(), remains.string(), remains.string()));
}

Status make_file(const fs::path& file) {
  // Values hold secrets: SQLite gives its WAL the mode of the database file, so making that first settles both.
  base::UniqueFd made(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!made.valid()) return base::errno_error(errno, file.string());
  return {};
}

Status make_first_key(const KeyFile& file, ValueCodec& codec) {
  if (!codec.keys().empty()) return {};
  codec.keys().add(base::SystemRandom::instance());
  return file.write(codec.keys());
}

// Everything in store.db as it should be stored now, in a new file in its place. `before_swap` makes durable what the
// new file needs.
Status renew_file(const fs::path& folder, ValueCodec& codec, const std::function<Status()>& before_swap = {}) {
  const auto file = folder / "store.db";
  {
    Database source = SLIPWAY_TRY(Database::open(file));
    const std::int64_t format = SLIPWAY_TRY(read_format(source, file));
    SLIPWAY_TRY(rewrite_store(source, file, format, new_store_file(folder), codec));
    // Closed before the swap: the last connection to a WAL removes it, whatever file it belongs to then.
  }
  base::crash_point("store.rewritten");
  if (before_swap) SLIPWAY_TRY(before_swap());
  return swap_store_file(folder, "");
}

Status upgrade(const fs::path& folder, const KeyFile& keys, ValueCodec& codec) {
  const auto file = folder / "store.db";
  std::int64_t format = 0;
  {
    Database database = SLIPWAY_TRY(Database::open(file));
    format = SLIPWAY_TRY(read_format(database, file));
  }
  if (format == 0 || format == kFormat) return {};
  base::log_info("store", "{}: rewriting format {} as {}", file.string(), format, kFormat);
  SLIPWAY_TRY(make_first_key(keys, codec));
  return renew_file(folder, codec);
}

struct OpenFolder {
  base::UniqueFd lock;
  KeyFile keys;
  std::unique_ptr<SqliteLog> log;
};

Result<OpenFolder> open_folder(const fs::path& folder, const SqliteOptions& sqlite) {
  OpenFolder opened;
  opened.lock = SLIPWAY_TRY(lock_folder(folder));
  SLIPWAY_TRY(finish_swap(folder));
  opened.keys = KeyFile::of(folder);
  SLIPWAY_TRY(refuse_lost_file(folder, opened.keys));
  KeyRing ring = SLIPWAY_TRY(opened.keys.read());
  auto codec = std::make_unique<ValueCodec>(std::move(ring), sqlite.encryption, opened.keys.path().string());
  SLIPWAY_TRY(check_wal(folder / "store.db"));
  SLIPWAY_TRY(make_file(folder / "store.db"));
  SLIPWAY_TRY(upgrade(folder, opened.keys, *codec));
  opened.log = std::make_unique<SqliteLog>(folder / "store.db", std::move(codec), sqlite.checkpoint_frames);
  SLIPWAY_TRY(opened.log->connect());
  return opened;
}

// Reads the file into `map`; renews the file when something in it is not stored as it should be.
Status load(const fs::path& folder, OpenFolder& opened, ObjectMap& map) {
  SqliteLog& log = *opened.log;
  const bool all_current = SLIPWAY_TRY(log.load(map));
  // Now it is known that no value needs a key that is not there.
  SLIPWAY_TRY(make_first_key(opened.keys, log.codec()));
  if (all_current) return {};
  base::log_info("store", "{}: sealing values with key {}", log.file().string(),
                 key_id_text(log.codec().keys().newest().id));
  log.disconnect();
  SLIPWAY_TRY(renew_file(folder, log.codec()));
  SLIPWAY_TRY(log.connect());
  return log.resume(map.revision());
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const fs::path& folder, StoreOptions options,
                                                 const SqliteOptions& sqlite) {
  SLIPWAY_TRY(base::make_folders(folder, 0700));
  OpenFolder opened = SLIPWAY_TRY(open_folder(folder, sqlite));
  auto hub = std::make_shared<WatchHub>(options);
  SLIPWAY_TRY(load(folder, opened, hub->map));
  auto log = std::make_unique<FolderLog>(std::move(opened.lock), std::move(opened.log), sqlite.full_check_after);
  return std::unique_ptr<Store>(std::make_unique<LoggedStore>(std::move(hub), std::move(log)));
}

Result<Rotation> rotate_encryption(const fs::path& folder, const SqliteOptions& sqlite) {
  if (!fs::exists(folder / "store.db"))
    return base::fail(base::ErrorCode::kNotFound, fmt::format("there is no store in {}", folder.string()));
  OpenFolder opened = SLIPWAY_TRY(open_folder(folder, sqlite));
  ValueCodec& codec = opened.log->codec();
  opened.log->disconnect();
  if (!opened.keys.is_credential()) codec.keys().add(base::SystemRandom::instance());
  if (codec.keys().empty())
    return base::fail(base::ErrorCode::kInvalid, fmt::format("{} holds no key", opened.keys.path().string()));
  const auto keep_keys = [&]() -> Status {
    if (opened.keys.is_credential()) return {};
    SLIPWAY_TRY(opened.keys.write(codec.keys()));
    base::crash_point("store.rotate-key-added");
    return {};
  };
  SLIPWAY_TRY(renew_file(folder, codec, keep_keys));
  base::crash_point("store.rotate-resealed");
  Rotation rotation{key_id_text(codec.keys().newest().id), ""};
  for (const EncryptionKey& key : codec.keys().keys())
    if (key.id != codec.keys().newest().id)
      rotation.unused_keys += (rotation.unused_keys.empty() ? "" : ", ") + key_id_text(key.id);
  if (!opened.keys.is_credential()) {
    codec.keys().keep_newest();
    SLIPWAY_TRY(opened.keys.write(codec.keys()));
  }
  return rotation;
}

}  // namespace slipway::store
