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
  static base::Result<Database> open(const std::filesystem::path& file);

  base::Status execute(const char* sql);
  base::Result<Statement> prepare(const char* sql);

 private:
  struct Closer {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Closer> connection_;
};

}  // namespace slipway::store
