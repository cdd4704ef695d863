#include "apiserver/audit/audit_log.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/files.h"
#include "base/log.h"

namespace slipway::apiserver {

using base::ErrorCode;
using base::fail;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFileName = "audit.log";
constexpr std::string_view kOldPrefix = "audit-";
constexpr std::string_view kOldSuffix = ".log";
constexpr std::size_t kBatchLines = 512;
constexpr std::chrono::seconds kComplaintInterval{60};

bool is_old_file(const fs::path& path) {
  const std::string name = path.filename();
  return name.starts_with(kOldPrefix) && name.ends_with(kOldSuffix);
}

}  // namespace

base::Result<AuditLevel> parse_audit_level(std::string_view text) {
  if (text == "none") return AuditLevel::kNone;
  if (text == "writes") return AuditLevel::kWrites;
  if (text == "all") return AuditLevel::kAll;
  return fail(ErrorCode::kInvalid, fmt::format("'{}' is no audit level; use none, writes or all", text));
}

base::Result<std::unique_ptr<AuditLog>> AuditLog::open(AuditLogOptions options, base::Clock& clock) {
  SLIPWAY_TRY(base::make_folders(options.folder, 0700));
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(options), clock));
  SLIPWAY_TRY(log->open_file());
  log->remove_old_files();
  log->writer_ = std::jthread([raw = log.get()](const std::stop_token& stop) { raw->run(stop); });
  return log;
}

AuditLog::~AuditLog() {
  writer_.request_stop();
  if (writer_.joinable()) writer_.join();
  if (file_ >= 0) ::close(file_);
}

base::Status AuditLog::open_file() {
  const fs::path path = options_.folder / kFileName;
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return base::errno_error(errno, fmt::format("audit log {}", path.string()));
  struct stat status{};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    return fail(ErrorCode::kInvalid, fmt::format("audit log {} is no regular file", path.string()));
  }
  if (file_ >= 0) ::close(file_);
  file_ = file;
  file_bytes_ = static_cast<std::size_t>(status.st_size);
  return {};
}

void AuditLog::write(std::string line, bool may_wait) {
  std::unique_lock lock(mutex_);
  if (may_wait && queue_.size() >= options_.max_queued_lines)
    emptied_.wait_for(lock, options_.max_wait, [this] { return queue_.size() < options_.max_queued_lines; });
  if (queue_.size() >= options_.max_queued_lines) {
    lock.unlock();
    return count_dropped(1, "the disk is slower than the requests");
  }
  queue_.push_back(std::move(line));
  filled_.notify_one();
}

void AuditLog::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    filled_.wait(lock, stop, [this] { return !queue_.empty(); });
    if (queue_.empty()) return;
    std::deque<std::string> batch;
    if (queue_.size() <= kBatchLines) {
      batch.swap(queue_);
    } else {
      const auto end = queue_.begin() + kBatchLines;
      batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
      queue_.erase(queue_.begin(), end);
    }
    emptied_.notify_all();
    lock.unlock();
    write_batch(batch);
    lock.lock();
  }
}

void AuditLog::write_batch(const std::deque<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(line).append("\n");
  base::Status done;
  if (file_bytes_ > 0 && file_bytes_ + text.size() > options_.max_file_bytes) done = rotate();
  if (done) done = append(text);
  if (!done) return count_dropped(lines.size(), done.error().message());
  const std::lock_guard lock(mutex_);
  written_ += lines.size();
}

base::Status AuditLog::append(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t count = ::write(file_, text.data() + at, text.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int reason = errno;
      // Half a line would spoil the next one.
      if (at > 0 && ::ftruncate(file_, static_cast<off_t>(file_bytes_)) != 0) file_bytes_ += at;
      return base::errno_error(reason, fmt::format("audit log {}", (options_.folder / kFileName).string()));
    }
    at += static_cast<std::size_t>(count);
  }
  file_bytes_ += text.size();
  return {};
}

base::Status AuditLog::rotate() {
  std::string time = base::format_rfc3339_micro(clock_.now());
  std::ranges::replace(time, ':', '-');
  const fs::path from = options_.folder / kFileName;
  const fs::path to = options_.folder / fmt::format("{}{}{}", kOldPrefix, time, kOldSuffix);
  // Somebody may have taken the file away: then a new one begins.
  if (::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT)
    return base::errno_error(errno, fmt::format("audit log {} cannot be renamed", from.string()));
  SLIPWAY_TRY(open_file());
  remove_old_files();
  return {};
}

void AuditLog::remove_old_files() const {
  std::vector<fs::path> old;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(options_.folder, error))
    if (is_old_file(entry.path())) old.push_back(entry.path());
  std::ranges::sort(old, std::greater());  // newest first: the names hold the time
  // Compared as text in the names' own form.
  std::string oldest = base::format_rfc3339_micro(clock_.now() - options_.max_age);
  std::ranges::replace(oldest, ':', '-');
  for (std::size_t i = 0; i < old.size(); ++i) {
    const std::string name = old[i].filename();
    const bool too_old = std::string_view(name).substr(kOldPrefix.size()) < oldest;
    if (too_old || i >= static_cast<std::size_t>(options_.max_old_files)) fs::remove(old[i], error);
  }
}

void AuditLog::count_dropped(std::uint64_t lines, const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    dropped_ += lines;
    const auto now = clock_.steady();
    if (complained_at_ >= std::chrono::nanoseconds(0) && now - complained_at_ < kComplaintInterval) return;
    complained_at_ = now;
  }
  base::log_error("apiserver", "audit lines are lost ({} so far): {}", dropped(), why);
}

std::uint64_t AuditLog::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

std::uint64_t AuditLog::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace slipway::apiserver
