#include "store/sqlite/file_swap.h"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/files.h"

namespace slipway::store {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Status;

namespace {

constexpr std::chrono::seconds kSnapshotPatience{30};

fs::path marker_of(const fs::path& folder) {
  return folder / "store.swap";
}

base::Result<base::UniqueFd> take_lock(const fs::path& folder, int kind, std::chrono::milliseconds patience,
                                       std::string_view busy) {
  const auto path = folder / "snapshot.lock";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return base::errno_error(errno, path.string());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.get(), kind | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return base::errno_error(errno, path.string());
    if (std::chrono::steady_clock::now() > deadline)
      return base::fail(ErrorCode::kUnavailable, fmt::format("{}: {}", folder.string(), busy));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fd;
}

Status move_if_there(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) return base::errno_error(errno, from.string());
  return {};
}

Status remove_if_there(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return base::errno_error(errno, path.string());
  return {};
}

Status clear_old(const fs::path& folder, const std::string& aside) {
  if (aside.empty()) {
    // A WAL beside the new file would be taken for its own.
    for (const char* name : {"store.db-wal", "store.db-shm"}) SLIPWAY_TRY(remove_if_there(folder / name));
    return sync_folder(folder);
  }
  SLIPWAY_TRY(base::make_folders(folder / aside, 0700));
  for (const char* name : {"store.db-shm", "store.db-wal", "store.db"}) {
    SLIPWAY_TRY(move_if_there(folder / name, folder / aside / name));
    base::crash_point("store.swap-half-moved");
  }
  SLIPWAY_TRY(sync_folder(folder / aside));
  return sync_folder(folder);
}

}  // namespace

Status sync_file(const fs::path& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return base::errno_error(errno, path.string());
  return {};
}

Status sync_folder(const fs::path& folder) {
  return sync_file(folder);
}

base::Result<base::UniqueFd> lock_for_reading(const fs::path& folder) {
  return take_lock(folder, LOCK_SH, std::chrono::seconds(5), "slipwayd is replacing its file just now; try again");
}

fs::path new_store_file(const fs::path& folder) {
  return folder / "store.db.new";
}

Status swap_store_file(const fs::path& folder, const std::string& aside) {
  const base::UniqueFd alone =
      SLIPWAY_TRY(take_lock(folder, LOCK_EX, kSnapshotPatience, "a snapshot of this store is being saved; try again"));
  SLIPWAY_TRY(sync_file(new_store_file(folder)));
  SLIPWAY_TRY(sync_folder(folder));
  base::crash_point("store.swap-prepared");
  SLIPWAY_TRY(base::write_file_atomically(marker_of(folder), aside + "\n", 0600));
  base::crash_point("store.swap-promised");
  return finish_swap(folder);
}

Status finish_swap(const fs::path& folder) {
  const auto fresh = new_store_file(folder);
  auto marker = base::read_file(marker_of(folder), 4096);
  if (!marker) {
    if (marker.error().code() != ErrorCode::kNotFound) return std::move(marker.error());
    for (const char* end : {"", "-journal", "-wal", "-shm"}) SLIPWAY_TRY(remove_if_there(fresh.string() + end));
    return {};
  }
  const std::string aside = marker->substr(0, marker->find('\n'));
  if (aside.find('/') != aside.npos || aside == "..")
    return base::fail(ErrorCode::kCorrupt, fmt::format("{} is damaged; remove it when {} is the store you want",
                                                       marker_of(folder).string(), (folder / "store.db").string()));
  if (fs::exists(fresh)) {
    SLIPWAY_TRY(clear_old(folder, aside));
    base::crash_point("store.swap-cleared");
    SLIPWAY_TRY(move_if_there(fresh, folder / "store.db"));
    SLIPWAY_TRY(sync_folder(folder));
    base::crash_point("store.swap-renamed");
  }
  SLIPWAY_TRY(remove_if_there(marker_of(folder)));
  return sync_folder(folder);
}

}  // namespace slipway::store
