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
                        fmt::format("{} is damaged ({}). Stop slipwayd, move store.db, store.db-wal and store.db-shm "
                                    "away, put a backup of them in their place and start again",
                                    file, sqlite3_errmsg(connection)));
    default:
      break;
  }
  if (system == ENOSPC || system == EDQUOT)
    return base::fail(ErrorCode::kNoSpace, fmt::format("{}: no space is left; nothing was written", file));
  return base::fail(ErrorCode::kUnavailable, fmt::format("{}: {} (SQLite error {}, errno {})", file,
                                                         sqlite3_errmsg(connection), extended, system));
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

base::Result<Database> Database::open(const std::filesystem::path& file) {
  Database database;
  sqlite3* connection = nullptr;
  const int result = sqlite3_open_v2(file.c_str(), &connection,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database.connection_.reset(connection);
  if (!connection) return base::fail(ErrorCode::kUnavailable, fmt::format("{}: out of memory", file.string()));
  if (result != SQLITE_OK) return error_of(connection, result);
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, 5'000);
  return database;
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
