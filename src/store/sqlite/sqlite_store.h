#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "store/encryption/encryption.h"
#include "store/store.h"

namespace slipway::store {

struct SqliteOptions {
  EncryptionOptions encryption;
  std::chrono::milliseconds full_check_after = std::chrono::seconds(60);  // background_check.h
  int checkpoint_frames = 1'000;  // pages in the WAL from which on it is copied into the file
};

// Opens (or makes, folder included) the durable store in `folder`: the file store.db (SQLite, WAL, synchronous=FULL),
// the lock file store.lock, held exclusively while the store lives, and encryption/keys.json (encryption.h).
//
// Every value is checked while it is read. A file of an older format, or with values that should be sealed and are not
// (or not with the newest key), is rewritten first.
//
// kUnavailable when another process has the folder, naming it, or when an encryption key is missing; kCorrupt when the
// file is damaged, missing or no store, with what to do; kUnsupported when a newer Slipway wrote it. A write on a full
// disk fails with kNoSpace, on a broken one with kUnavailable; reads and watches go on, and writes work again once the
// disk does.
base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& folder, StoreOptions options = {},
                                                       const SqliteOptions& sqlite = {});

// `slipwayd encryption rotate`: makes a new key, seals everything with it and forgets the others. The store must not be
// in use. With keys from a systemd credential nothing is made or forgotten: what is sealed with older keys is sealed
// with the first one.
struct Rotation {
  std::string key;          // the one that seals now
  std::string unused_keys;  // those not needed any more: forgotten, or to be taken out of the credential
};
base::Result<Rotation> rotate_encryption(const std::filesystem::path& folder, const SqliteOptions& sqlite = {});

}  // namespace slipway::store
