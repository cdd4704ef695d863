#include "store/sqlite/background_check.h"

#include <fmt/core.h>

#include "base/log.h"
#include "store/sqlite/store_file.h"

namespace slipway::store {

using base::Status;

Status check_file(Database& database, const std::filesystem::path& file) {
  std::string verdict;
  Statement check = SLIPWAY_TRY(database.prepare("PRAGMA integrity_check(5)"));
  SLIPWAY_TRY(check.run(
      [&](const Statement& row) { verdict += fmt::format("{}{}", verdict.empty() ? "" : "; ", row.bytes(0)); }));
  if (verdict != "ok") return damaged(file, verdict);
  const std::int64_t format = SLIPWAY_TRY(read_format(database, file));
  if (format == 0) return damaged(file, "it is empty");
  SLIPWAY_TRY(read_rows(database, file, format, [](const StoredRow&) { return Status(); }));
  return {};
}

BackgroundCheck::BackgroundCheck(std::filesystem::path file, std::chrono::milliseconds first_after)
    : file_(std::move(file)), due_(std::chrono::steady_clock::now() + first_after), thread_([this] { run(); }) {}

BackgroundCheck::~BackgroundCheck() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundCheck::request() {
  {
    const std::lock_guard lock(mutex_);
    due_ = std::chrono::steady_clock::now();
  }
  changed_.notify_all();
}

void BackgroundCheck::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!due_) {
      changed_.wait(lock);
    } else if (std::chrono::steady_clock::now() < *due_) {
      changed_.wait_until(lock, *due_);
    } else {
      due_.reset();
      lock.unlock();
      check();
      lock.lock();
    }
  }
}

void BackgroundCheck::check() {
  const auto checked = [&]() -> Status {
    Database database = SLIPWAY_TRY(Database::open(file_, Database::Access::kReadOnly));
    database.stop_when([this] { return stopping_.load(); });
    // One transaction: everything is checked in the same state.
    SLIPWAY_TRY(database.execute("PRAGMA cache_size=-8192; BEGIN"));
    return check_file(database, file_);
  }();
  if (checked) {
    base::log_info("store", "{}: the full check found nothing wrong", file_.string());
  } else if (!stopping_) {
    base::log_error("store", "{}: THE FULL CHECK FAILED: {}", file_.string(), checked.error().message());
  }
}

}  // namespace slipway::store
