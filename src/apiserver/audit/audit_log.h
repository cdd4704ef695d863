#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::apiserver {

// What is worth a line.
enum class AuditLevel {
  kNone,
  kWrites,  // every request that may change something, reads of Secrets, what is refused, and impersonation
  kAll,
};
base::Result<AuditLevel> parse_audit_level(std::string_view text);  // none, writes, all

struct AuditLogOptions {
  std::filesystem::path folder;  // made when missing, 0700
  AuditLevel level = AuditLevel::kWrites;
  std::size_t max_file_bytes = 100u << 20;
  int max_old_files = 10;
  std::chrono::days max_age{30};  // of old files
  std::size_t max_queued_lines = 10'000;
  std::chrono::milliseconds max_wait{1'000};  // of a request for room in the queue
};

// The lines of <folder>/audit.log (0600), written by one thread beside the requests. A full file becomes
// audit-<time>.log. A request waits a bounded time when the disk is slower than the requests; what finds no room then,
// and what the disk refuses, is dropped, counted and said in the process's own log: a full disk must not stop the
// server. Lines are not fsynced: the last moments before a power cut may be missing. Thread-safe.
class AuditLog {
 public:
  static base::Result<std::unique_ptr<AuditLog>> open(AuditLogOptions options, base::Clock& clock);
  // Writes what is queued.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  AuditLevel level() const { return options_.level; }
  void write(std::string line, bool may_wait = true);  // without its newline

  std::uint64_t written() const;
  std::uint64_t dropped() const;

 private:
  AuditLog(AuditLogOptions options, base::Clock& clock) : options_(std::move(options)), clock_(clock) {}
  base::Status open_file();
  void run(const std::stop_token& stop);
  void write_batch(const std::deque<std::string>& lines);
  base::Status append(std::string_view text);
  base::Status rotate();
  void remove_old_files() const;
  void count_dropped(std::uint64_t lines, const std::string& why);

  const AuditLogOptions options_;
  base::Clock& clock_;
  int file_ = -1;               // the writer's own
  std::size_t file_bytes_ = 0;  // the writer's own
  mutable std::mutex mutex_;    // guards the rest
  std::condition_variable_any filled_;
  std::condition_variable_any emptied_;
  std::deque<std::string> queue_;
  std::uint64_t written_ = 0;
  std::uint64_t dropped_ = 0;
  std::chrono::nanoseconds complained_at_{-1};
  std::jthread writer_;  // last: uses all of the above
};

}  // namespace slipway::apiserver
