#include "kube/remote_watch.h"

#include <algorithm>
#include <condition_variable>
#include <fmt/core.h>
#include <mutex>
#include <optional>

#include "data/json_text.h"

namespace slipway::kube {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using std::chrono::milliseconds;

namespace {

constexpr int kReopenTries = 5;
constexpr milliseconds kFirstPause{100};
// A stream that lived so long worked, also when nothing happened.
constexpr std::chrono::seconds kLived{5};

std::optional<WatchEvent::Type> event_type(std::string_view text) {
  using Type = WatchEvent::Type;
  for (const Type type : {Type::kAdded, Type::kModified, Type::kDeleted, Type::kBookmark}) {
    if (registry::watch_event_type_text(type) == text) return type;
  }
  return std::nullopt;
}

// Old servers say 410 Gone for a revision that is too old.
Error watch_error(const Error& error) {
  return error.code() == ErrorCode::kGone ? fail(ErrorCode::kExpired, error.message()) : error;
}

Result<WatchEvent> parse_event(const std::string& line) {
  const Json event = SLIPWAY_TRY(data::parse_json(line).with_context("a watch event"));
  const std::string& type_text = event["type"].string_or_empty();
  if (type_text == "ERROR") return watch_error(error_of_status(event["object"]));
  const auto type = event_type(type_text);
  if (!type) return fail(ErrorCode::kInternal, fmt::format("a watch event of unknown type \"{}\"", type_text));
  return WatchEvent{*type, std::make_shared<const Json>(event["object"])};
}

bool may_pass(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout || code == ErrorCode::kTooManyRequests;
}

class ResumingWatch final : public Watch {
 public:
  using Clock = std::chrono::steady_clock;

  ResumingWatch(OpenWatch open, std::string revision, bool bookmarks, std::unique_ptr<RawStream> stream)
      : open_(std::move(open)),
        bookmarks_(bookmarks),
        revision_(std::move(revision)),
        resumable_(!revision_.empty() && revision_ != "0"),
        stream_(std::move(stream)) {}

  Result<std::vector<WatchEvent>> next(milliseconds timeout) override {
    const auto deadline = Clock::now() + timeout;
    while (!failure_) {
      const std::shared_ptr<RawStream> stream = present_stream();
      if (!stream) {
        reopen(deadline);
        if (!failure_ && Clock::now() >= deadline) return std::vector<WatchEvent>();
        continue;
      }
      const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
      auto lines = stream->next(std::max(left, milliseconds(0)));
      if (!lines) {
        lost(lines.error());
        continue;
      }
      std::vector<WatchEvent> events = events_of(*lines);
      if (!events.empty() || (!failure_ && Clock::now() >= deadline)) return events;
    }
    return *failure_;
  }

  void close() override {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (stream_) stream_->close();
    changed_.notify_all();
  }

 private:
  std::shared_ptr<RawStream> present_stream() {
    const std::lock_guard lock(mutex_);
    return stream_;
  }

  std::vector<WatchEvent> events_of(const std::vector<std::string>& lines) {
    std::vector<WatchEvent> events;
    for (const std::string& line : lines) {
      Result<WatchEvent> event = parse_event(line);
      if (!event) {
        // What came before the error still counts.
        failure_ = event.error();
        break;
      }
      const std::string& revision = meta::resource_version(*event->object);
      if (!revision.empty()) revision_ = revision;
      failures_ = 0;
      if (bookmarks_ || event->type != WatchEvent::Type::kBookmark) events.push_back(std::move(*event));
    }
    return events;
  }

  void lost(const Error& error) {
    if (!resumable_ || !may_pass(error.code())) {
      failure_ = error;
      return;
    }
    if (Clock::now() - opened_at_ >= kLived) failures_ = 0;
    count_failure(error);
    const std::lock_guard lock(mutex_);
    stream_.reset();
  }

  void count_failure(const Error& error) {
    // The first try comes at once: servers end every watch after a while.
    next_try_ = Clock::now() + (failures_ == 0 ? milliseconds(0) : kFirstPause * (1 << failures_));
    if (++failures_ > kReopenTries) failure_ = error;
  }

  // Waits for the time of the next try, until `deadline` at most, and tries.
  void reopen(Clock::time_point deadline) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, std::min(deadline, next_try_), [this] { return closed_; });
      if (closed_) failure_ = fail(ErrorCode::kCancelled, "the watch was closed");
    }
    if (failure_ || Clock::now() < next_try_) return;
    auto opened = open_(revision_);
    if (!opened) {
      const Error error = watch_error(opened.error());
      if (may_pass(error.code()))
        count_failure(error);
      else
        failure_ = error;
      return;
    }
    opened_at_ = Clock::now();
    const std::lock_guard lock(mutex_);
    stream_ = std::move(*opened);
    if (closed_) stream_->close();
  }

  const OpenWatch open_;
  const bool bookmarks_;
  std::string revision_;  // after the last event or bookmark
  const bool resumable_;
  std::optional<Error> failure_;
  int failures_ = 0;  // since the last event
  Clock::time_point opened_at_ = Clock::now(), next_try_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<RawStream> stream_;  // null while it is broken
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<Watch>> open_watch(OpenWatch open, std::string revision, bool bookmarks) {
  auto stream = open(revision);
  if (!stream) return watch_error(stream.error());
  return Result<std::unique_ptr<Watch>>(
      std::make_unique<ResumingWatch>(std::move(open), std::move(revision), bookmarks, std::move(*stream)));
}

}  // namespace slipway::kube
