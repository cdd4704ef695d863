#pragma once

#include <filesystem>
#include <optional>

#include "store/snapshot/snapshot_trailer.h"

namespace slipway::store {

// A snapshot is one file (0600): the database as of one revision, values sealed as they are in the store, and a
// checksum over everything. It holds no key: encryption/keys.json and pki/ are saved apart, once and again after they
// changed.

// Saves the store of `data_folder`, whether a program serves it or not; writers are not held up. `file` is replaced in
// one step when everything was written and verified.
base::Result<SnapshotDescription> save_snapshot(const std::filesystem::path& data_folder,
                                                const std::filesystem::path& file);

struct SnapshotVerdict {
  SnapshotDescription description;
  bool was_opened = false;  // every sealed value was opened, too
};
// Checks the checksum, the structure (SQLite's full check), every row, the counts and, with `keys`, that every sealed
// value opens. kCorrupt; kUnavailable when the keys are not those.
base::Result<SnapshotVerdict> verify_snapshot(const std::filesystem::path& file,
                                              const std::optional<std::filesystem::path>& keys);

// Makes the snapshot the store of `data_folder`, which nobody may use meanwhile; what was there is kept in a folder
// beside it, named in the result ("" when there was none). A crash leaves either the old or the new store.
//
// The keys of the data folder must open it, with those of the file `keys` besides; values sealed with an older key are
// sealed with the newest. Where the data folder has no keys it gets those of `keys`.
//
// The revision goes on far above the snapshot's (kRevisionLeap), above every revision given out since then: none is
// given out twice, and whoever watches from an older one is told to list again.
constexpr Revision kRevisionLeap = 1'000'000'000;
struct Restored {
  SnapshotDescription description;
  Revision revision = 0;  // at which the store goes on
  std::string aside;
};
base::Result<Restored> restore_snapshot(const std::filesystem::path& file, const std::filesystem::path& data_folder,
                                        const std::optional<std::filesystem::path>& keys);

}  // namespace slipway::store
