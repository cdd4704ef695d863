#pragma once

#include <filesystem>
#include <memory>

#include "store/store.h"

namespace slipway::store {

// Opens (or makes, folder included) the durable store in `folder`: the file store.db (SQLite, WAL, synchronous=FULL)
// and the lock file store.lock, held exclusively while the store lives.
//
// kUnavailable when another process has the folder, naming it; kCorrupt when the file is damaged or is no store, with
// what to do; kUnsupported when a newer Slipway wrote it. A write on a full disk fails with kNoSpace, on a broken one
// with kUnavailable; reads and watches go on, and writes work again once the disk does.
base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& folder, StoreOptions options = {});

}  // namespace slipway::store
