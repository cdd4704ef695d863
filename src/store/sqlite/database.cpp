#include "store/sqlite/database.h"

#include <cerrno>
#include <fmt/core.h>
#include <sqlite3.h>

namespace slipway::store {

namespace {

using base::ErrorCode;

base::Error error_of(sqlite3* connection, int result) {
  const char* name = sqlite3_db_filename(connection, "main");
  const std::string file = name ? name : "the database";
  const int extended = sqlite3_extended_errcode(connection);
  const int system = sqlite3_system_errno(connection);
  switch (result & 0xff) {
    case SQLITE_FULL:
      return base::fail(
          ErrorCode::kNoSpace,
          fmt::format("{}: the disk is full; nothing was written. Free some space, writes then work again", file));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::fail(ErrorCode::kCorrupt,
                        fmt::format("{} is damaged ({}). Stop slipwayd and put a snapshot in its place: slipwayd "
                                    "snapshot restore FILE --data-dir DIR (the damaged files are kept aside), then "
                                    "start again",
                                    file, sqlite3_errmsg(connection)));
    case SQLITE_INTERRUPT:
      return base::fail(ErrorCode::kCancelled, fmt::format("{}: stopped", file));
    default:
      break;
  }
  if (system == ENOSPC || system == EDQUOT)
    return base::fail(ErrorCode::kNoSpace, fmt::format("{}: no space is left; nothing was written", file));
  return base::fail(ErrorCode::kUnavailable, fmt::format("{}: {} (SQLite error {}, errno {})", file,
                                                         sqlite3_errmsg(connection), extended, system));
}

// A file name as SQLite's URI form wants it.
std::string immutable_uri(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char letter : std::filesystem::absolute(file).string()) {
    if (letter == '%' || letter == '?' || letter == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(letter));
    } else {
      uri += letter;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Database::Closer::operator()(sqlite3* connection) const {
  sqlite3_close_v2(connection);
}

Statement& Statement::bind_integer(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind_bytes(int index, std::string_view value) {
  // A null pointer would bind NULL.
  sqlite3_bind_blob64(statement_.get(), index, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC);
  return *this;
}

base::Status Statement::run(const std::function<void(const Statement&)>& row) {
  if (!statement_) return base::fail(ErrorCode::kUnavailable, "the database is not open");
  int result = sqlite3_step(statement_.get());
  while (result == SQLITE_ROW) {
    if (row) row(*this);
    result = sqlite3_step(statement_.get());
  }
  base::Status status;
  if (result != SQLITE_DONE) status = error_of(sqlite3_db_handle(statement_.get()), result);
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  return status;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return {data ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

base::Result<Database> Database::open(const std::filesystem::path& file, Access access) {
  Database database;
  sqlite3* connection = nullptr;
  const int flags = access == Access::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const std::string name = access == Access::kImmutable ? immutable_uri(file) : file.string();
  const int uri = access == Access::kImmutable ? SQLITE_OPEN_URI : 0;
  const int result = sqlite3_open_v2(name.c_str(), &connection, flags | uri | SQLITE_OPEN_NOMUTEX, nullptr);
  database.connection_.reset(connection);
  if (!connection) return base::fail(ErrorCode::kUnavailable, fmt::format("{}: out of memory", file.string()));
  if (result != SQLITE_OK) return error_of(connection, result);
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, 5'000);
  return database;
}

int Database::changes() const {
  return sqlite3_changes(connection_.get());
}

bool Database::was_refused_for_space() const {
  return (sqlite3_extended_errcode(connection_.get()) & 0xff) == SQLITE_FULL;
}

void Database::follow_wal() {
  wal_frames_ = std::make_unique<int>(0);
  sqlite3_wal_hook(
      connection_.get(),
      [](void* frames, sqlite3*, const char*, int count) {
        *static_cast<int*>(frames) = count;
        return SQLITE_OK;
      },
      wal_frames_.get());
}

base::Status Database::checkpoint(bool empty) {
  const int result = sqlite3_wal_checkpoint_v2(
      connection_.get(), nullptr, empty ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (result != SQLITE_OK) return error_of(connection_.get(), result);
  if (wal_frames_) *wal_frames_ = 0;
  return {};
}

base::Status Database::copy_to(Database& target) {
  sqlite3* into = target.connection_.get();
  sqlite3_backup* backup = sqlite3_backup_init(into, "main", connection_.get(), "main");
  if (!backup) return error_of(into, sqlite3_errcode(into));
  // In one step: a copy in parts would start anew at every write of another process.
  const int result = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (result != SQLITE_DONE)
    return error_of(result == SQLITE_OK || finished != SQLITE_OK ? into : connection_.get(), result);
  return {};
}

void Database::stop_when(std::function<bool()> condition) {
  stop_condition_ = std::make_unique<std::function<bool()>>(std::move(condition));
  constexpr int kInstructions = 10'000;
  sqlite3_progress_handler(
      connection_.get(), kInstructions,
      [](void* stop) { return (*static_cast<std::function<bool()>*>(stop))() ? 1 : 0; }, stop_condition_.get());
}

base::Status Database::execute(const char* sql) {
  const int result = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return error_of(connection_.get(), result);
  return {};
}

base::Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* raw = nullptr;
  const int result = sqlite3_prepare_v2(connection_.get(), sql, -1, &raw, nullptr);
  Statement statement;
  statement.statement_.reset(raw);
  if (result != SQLITE_OK) return error_of(connection_.get(), result);
  return statement;
}

}  // namespace slipway::store
