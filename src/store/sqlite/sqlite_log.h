#pragma once

#include <filesystem>
#include <memory>

#include "store/change_log.h"
#include "store/object_map.h"
#include "store/sqlite/database.h"

namespace slipway::store {

// The durable half of the SQLite backend. One batch is one transaction, fsynced before append() returns. The file
// (format 1):
//   meta(name, value)            format, revision (the newest one given out, also when its key is deleted)
//   objects(key, revision, value)  the newest value of each key
class SqliteLog final : public ChangeLog {
 public:
  // Opens, checks and, when it is new, sets up the file; fills `map`.
  static base::Result<std::unique_ptr<SqliteLog>> open(const std::filesystem::path& file, ObjectMap& map);

  base::Status append(const std::vector<Event>& events) override;

 private:
  explicit SqliteLog(std::filesystem::path file) : file_(std::move(file)) {}
  base::Status connect();
  base::Status check();
  base::Status create_tables();
  base::Status load(ObjectMap& map);
  base::Status write(const std::vector<Event>& events);
  base::Status reconnect();
  base::Result<Revision> stored_revision();

  const std::filesystem::path file_;
  Database database_;
  Statement begin_, commit_, rollback_, put_, remove_, set_revision_;
  Revision revision_ = 0;     // newest durable one
  bool needs_check_ = false;  // an I/O error left the connection's view of the file in doubt
};

}  // namespace slipway::store
