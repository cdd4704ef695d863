#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace slipway::base {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::milliseconds;

// Time as an injected effect. `now` is wall-clock time (for timestamps), `steady` never goes back (for deadlines).
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
  virtual std::chrono::nanoseconds steady() const = 0;

  // Waits on `condition` (with `lock` held) until notified, `deadline` on the steady scale, or a stop request.
  // Spurious wake-ups are allowed: callers loop.
  virtual void wait_until(std::condition_variable_any& condition, std::unique_lock<std::mutex>& lock,
                          std::chrono::nanoseconds deadline, const std::stop_token& stop) = 0;
};

class SystemClock final : public Clock {
 public:
  static SystemClock& instance();
  WallTime now() const override;
  std::chrono::nanoseconds steady() const override;
  void wait_until(std::condition_variable_any& condition, std::unique_lock<std::mutex>& lock,
                  std::chrono::nanoseconds deadline, const std::stop_token& stop) override;
};

// A clock that only moves when a test says so. advance() wakes every waiter.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime(std::chrono::seconds(1'700'000'000))) : wall_(start) {}
  WallTime now() const override;
  std::chrono::nanoseconds steady() const override;
  void wait_until(std::condition_variable_any& condition, std::unique_lock<std::mutex>& lock,
                  std::chrono::nanoseconds deadline, const std::stop_token& stop) override;
  void advance(std::chrono::nanoseconds step);

 private:
  mutable std::mutex mutex_;
  WallTime wall_;
  std::chrono::nanoseconds steady_{0};
};

// RFC 3339 in UTC. Seconds: metav1.Time ("2026-01-02T03:04:05Z"); micros: metav1.MicroTime.
std::string format_rfc3339(WallTime time);
std::string format_rfc3339_micro(WallTime time);
Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace slipway::base
