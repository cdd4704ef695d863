#pragma once

#include <filesystem>

#include "store/sqlite/store_file.h"

namespace slipway::store {

// Writes every object of `source` into a fresh file `target` of the present format, each value sealed (or not) as it
// should be now. Nothing else of the source, such as free pages, gets into it. The target is complete and on disk
// afterwards. `leap` is added to the revision.
base::Status rewrite_store(Database& source, const std::filesystem::path& source_file, std::int64_t format,
                           const std::filesystem::path& target, ValueCodec& codec, Revision leap = 0);

}  // namespace slipway::store
