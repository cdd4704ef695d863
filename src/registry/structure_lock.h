#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <shared_mutex>

namespace slipway::registry {

// Many hold it shared, or one holds it alone; for std::shared_lock and std::unique_lock. Unlike std::shared_mutex a
// shared hold may end on another thread than it began on, and who wants it alone is not overtaken for ever: nobody new
// gets a share meanwhile. So nobody may ask for a share while holding one.
class StructureLock {
 public:
  void lock_shared() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return !taken_; });
    ++shares_;
  }
  void unlock_shared() {
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      last = --shares_ == 0 && taken_;
    }
    if (last) emptied_.notify_one();
  }
  void lock() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return !taken_; });
    taken_ = true;
    emptied_.wait(lock, [this] { return shares_ == 0; });
  }
  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      taken_ = false;
    }
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;   // nobody has or wants it alone
  std::condition_variable emptied_;  // the last share ended while somebody wants it alone
  std::size_t shares_ = 0;
  bool taken_ = false;  // somebody has it alone, or waits until the shares end
};

}  // namespace slipway::registry
