#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace slipway::store {

// Replaces store.db by a finished store.db.new, which may be done at any crash: a marker file makes it a promise, which
// finish_swap() keeps at the next start. The folder must be locked (folder_lock.h).
//
// The old store.db and its WAL are moved into the folder `aside` below the data folder, or removed when it is "".
// kUnavailable while a snapshot of the old file is being saved (waits for it at most half a minute).
std::filesystem::path new_store_file(const std::filesystem::path& folder);
base::Status swap_store_file(const std::filesystem::path& folder, const std::string& aside);

// Completes a swap that a crash interrupted, and removes what an unfinished preparation left. To be called before
// store.db is opened.
base::Status finish_swap(const std::filesystem::path& folder);

// The right to read store.db beside a running slipwayd (shared) or to replace it (exclusive).
base::Result<base::UniqueFd> lock_for_reading(const std::filesystem::path& folder);

base::Status sync_file(const std::filesystem::path& path);
base::Status sync_folder(const std::filesystem::path& folder);

}  // namespace slipway::store
