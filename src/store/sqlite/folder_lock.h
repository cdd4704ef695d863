#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/unique_fd.h"

namespace slipway::store {

// The exclusive right to a data folder: an flock on store.lock, which also holds the owner's process id for the
// message others get. Ends with the object or the process.
base::Result<base::UniqueFd> lock_folder(const std::filesystem::path& folder);

}  // namespace slipway::store
