#include "store/sqlite/rewrite.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/files.h"
#include "store/sqlite/file_swap.h"

namespace slipway::store {

base::Status rewrite_store(Database& source, const std::filesystem::path& source_file, std::int64_t format,
                           const std::filesystem::path& target, ValueCodec& codec, Revision leap) {
  // Made here with its mode, so that the values are never readable by others.
  if (::unlink(target.c_str()) != 0 && errno != ENOENT) return base::errno_error(errno, target.string());
  base::UniqueFd made(::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made.valid()) return base::errno_error(errno, target.string());
  Database database = SLIPWAY_TRY(Database::open(target));
  // Nobody uses the file before it is complete, and it is synced as a whole at the end.
  SLIPWAY_TRY(
      database.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; BEGIN"));
  SLIPWAY_TRY(create_tables(database));
  Statement insert = SLIPWAY_TRY(database.prepare("INSERT INTO objects VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
  const auto copy = [&](const StoredRow& old) -> base::Status {
    StoredRow row = old;
    std::string plain;
    if (!codec.is_current(old) || format == 1) {
      plain = SLIPWAY_TRY(codec.open(old, source_file));
      SLIPWAY_TRY(codec.seal(row, plain, old.sealed_with != kPlain));
    }
    base::crash_point("store.rewrite-row");
    return insert.bind_integer(1, row.created)
        .bind_integer(2, row.revision)
        .bind_bytes(3, row.key)
        .bind_integer(4, row.sealed_with)
        .bind_integer(5, checksum_of(row))
        .bind_bytes(6, row.value)
        .run();
  };
  StoreState state = SLIPWAY_TRY(read_rows(source, source_file, format, copy));
  state.revision += leap;
  SLIPWAY_TRY(write_state(database, state));
  SLIPWAY_TRY(database.execute("COMMIT"));
  insert = Statement();
  database = Database();
  if (::fsync(made.get()) != 0) return base::errno_error(errno, target.string());
  return sync_folder(target.parent_path());
}

}  // namespace slipway::store
