#pragma once

#include <filesystem>

#include "base/result.h"

namespace slipway::store {

// SQLite reads a WAL up to the first frame with a wrong checksum and takes the rest for a write that a crash cut off.
// That holds for the last transaction only: an earlier one was fsynced, and perhaps acknowledged, before the next
// began. So a transaction that ends behind the break, and is followed by another, means damage. kCorrupt then; to be
// called before the database is opened, without which SQLite would drop what follows. What nothing follows cannot be
// told from a crash.
// When the header of the WAL is wrong, all that stands in it must stand in the database already.
//
// Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
base::Status check_wal(const std::filesystem::path& database);

}  // namespace slipway::store
