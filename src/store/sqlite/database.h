#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace slipway::store {

// One prepared statement. Values bound by reference must live until step() returned. Used by one thread at a time.
class Statement {
 public:
  Statement() = default;

  Statement& bind_integer(int index, std::int64_t value);
  Statement& bind_bytes(int index, std::string_view value);
  // Runs to the end and resets; `row` is called for each row.
  base::Status run(const std::function<void(const Statement&)>& row = {});

  std::int64_t integer(int column) const;
  std::string_view bytes(int column) const;  // until the next row

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

// A connection to one SQLite file. Errors say the file and what to do; used by one thread at a time.
class Database {
 public:
  enum class Access {
    kReadWrite,  // made when it is not there
    kReadOnly,   // beside a process that writes
    kImmutable,  // a file that nobody changes: no locks, no journal
  };
  static base::Result<Database> open(const std::filesystem::path& file, Access access = Access::kReadWrite);

  base::Status execute(const char* sql);
  base::Result<Statement> prepare(const char* sql);
  // Rows that the last statement changed.
  int changes() const;
  // Whether the statement that failed last was refused, for want of space, before the file counted it: then the file is
  // as it was.
  bool was_refused_for_space() const;

  // The application decides when the WAL is copied into the file (checkpoint()), not SQLite.
  void follow_wal();
  // Frames in the WAL after the last commit; follow_wal() must be on.
  int wal_frames() const { return wal_frames_ ? *wal_frames_ : 0; }
  // Copies the WAL into the file as far as readers let it. `empty`: waits for them and cuts the WAL to nothing;
  // kUnavailable when they stay.
  base::Status checkpoint(bool empty);

  // A consistent copy of the whole file, whoever writes to it meanwhile.
  base::Status copy_to(Database& target);
  // Makes long statements of this connection end with kCancelled soon after it returns true. Thread of the statement.
  void stop_when(std::function<bool()> condition);

 private:
  struct Closer {
    void operator()(sqlite3* connection) const;
  };
  // Behind pointers because SQLite keeps their addresses while this object may be moved.
  std::unique_ptr<int> wal_frames_;
  std::unique_ptr<std::function<bool()>> stop_condition_;
  std::unique_ptr<sqlite3, Closer> connection_;
};

}  // namespace slipway::store
