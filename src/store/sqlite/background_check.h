#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "store/sqlite/database.h"

namespace slipway::store {

// Everything that can be checked without keys: SQLite's own full check, each row's checksum, the state. kCorrupt.
base::Status check_file(Database& database, const std::filesystem::path& file);

// Runs check_file() on a file in use, some time after the start and whenever asked, in a thread of its own; what it
// finds is logged as an error.
class BackgroundCheck {
 public:
  BackgroundCheck(std::filesystem::path file, std::chrono::milliseconds first_after);
  ~BackgroundCheck();
  BackgroundCheck(const BackgroundCheck&) = delete;
  BackgroundCheck& operator=(const BackgroundCheck&) = delete;

  void request();

 private:
  void run();
  void check();

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::chrono::steady_clock::time_point> due_;  // guarded by mutex_
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway::store
