#pragma once

#include <filesystem>

#include "store/snapshot/snapshot_trailer.h"

namespace slipway::store {

// Appends description and trailer to a finished database file and brings all of it to disk.
base::Status seal_snapshot_file(const std::filesystem::path& file, const SnapshotDescription& description);

// Reads description and trailer and checks the checksum over the whole file. kCorrupt.
base::Result<SnapshotDescription> check_snapshot_file(const std::filesystem::path& file);

}  // namespace slipway::store
