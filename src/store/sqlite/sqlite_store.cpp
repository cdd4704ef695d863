#include "store/sqlite/sqlite_store.h"

#include <cerrno>
#include <fcntl.h>

#include "base/files.h"
#include "store/logged_store.h"
#include "store/sqlite/folder_lock.h"
#include "store/sqlite/sqlite_log.h"

namespace slipway::store {

namespace {

// Frees the folder after the file is closed: members end in reverse order.
class LockedLog final : public ChangeLog {
 public:
  LockedLog(base::UniqueFd lock, std::unique_ptr<ChangeLog> log) : lock_(std::move(lock)), log_(std::move(log)) {}
  base::Status append(const std::vector<Event>& events) override { return log_->append(events); }

 private:
  const base::UniqueFd lock_;
  const std::unique_ptr<ChangeLog> log_;
};

}  // namespace

base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& folder, StoreOptions options) {
  SLIPWAY_TRY(base::make_folders(folder, 0700));
  base::UniqueFd lock = SLIPWAY_TRY(lock_folder(folder));
  auto hub = std::make_shared<WatchHub>(options);
  // Values hold secrets: SQLite gives its WAL the mode of the database file, so making that first settles both.
  const auto file = folder / "store.db";
  base::UniqueFd made(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!made.valid()) return base::errno_error(errno, file.string());
  made.reset();
  std::unique_ptr<SqliteLog> log = SLIPWAY_TRY(SqliteLog::open(file, hub->map));
  return std::unique_ptr<Store>(
      std::make_unique<LoggedStore>(std::move(hub), std::make_unique<LockedLog>(std::move(lock), std::move(log))));
}

}  // namespace slipway::store
