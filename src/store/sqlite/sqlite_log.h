#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "store/change_log.h"
#include "store/object_map.h"
#include "store/sqlite/database.h"
#include "store/sqlite/store_file.h"

namespace slipway::store {

// The durable half of the SQLite backend (file format: store_file.h). One batch is one transaction, fsynced before
// append() returns.
//
// After a failure that leaves open what the file holds (anything but a refusal for want of space), nothing is accepted
// until the file was closed, opened anew, its WAL copied into it with a working fsync, and its state found to be the
// acknowledged one; what the failed batch left is undone. That is tried again after 100 ms, then ever more rarely, at
// most every 10 seconds; writes in between fail at once. Pages whose fsync failed may look clean to the kernel though
// they never reached the disk: copying the WAL writes every one of them again.
class SqliteLog final : public ChangeLog {
 public:
  SqliteLog(std::filesystem::path file, std::unique_ptr<ValueCodec> codec, int checkpoint_frames)
      : file_(std::move(file)), codec_(std::move(codec)), checkpoint_frames_(checkpoint_frames) {}

  // Opens the file, which has the present format, or sets it up when it is empty.
  base::Status connect();
  // Fills `map` with every object, checked and opened. Returns whether all are stored as they should be now.
  base::Result<bool> load(ObjectMap& map);
  // Instead of load(), after the file was rewritten with the same content.
  base::Status resume(Revision revision);
  // The file ends to be used by this log until connect().
  void disconnect();

  base::Status append(const std::vector<Event>& events) override;
  // Called after the file had to be opened anew.
  void on_settled(std::function<void()> callback) { settled_ = std::move(callback); }

  const std::filesystem::path& file() const { return file_; }
  ValueCodec& codec() { return *codec_; }
  Database& database() { return database_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  base::Status write(const std::vector<Event>& events, const StoreState& after);
  base::Status undo(const std::vector<Event>& events);
  base::Status put(Revision created, Revision revision, Revision previous, std::string_view key,
                   std::string_view value);
  base::Status drop(Revision created);
  base::Status save(const StoreState& state);
  base::Status settle();
  base::Status try_to_settle();
  void checkpoint_now_and_then();

  const std::filesystem::path file_;
  const std::unique_ptr<ValueCodec> codec_;
  const int checkpoint_frames_;
  Database database_;
  Statement begin_, commit_, rollback_, insert_, update_, remove_, set_state_;
  StoreState state_;  // acknowledged
  bool in_doubt_ = false;
  std::vector<Event> failed_;  // what may be in the file besides, while in doubt
  base::Error reason_{base::ErrorCode::kUnknown, ""};
  SteadyTime next_try_;
  std::chrono::milliseconds pause_{0};
  bool checkpoint_fails_ = false;
  std::function<void()> settled_;
};

}  // namespace slipway::store
