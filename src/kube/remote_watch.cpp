#include "kube/remote_watch.h"

#include <fmt/core.h>
#include <optional>

#include "data/json_text.h"

namespace slipway::kube {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

std::optional<WatchEvent::Type> event_type(std::string_view text) {
  using Type = WatchEvent::Type;
  for (const Type type : {Type::kAdded, Type::kModified, Type::kDeleted, Type::kBookmark}) {
    if (registry::watch_event_type_text(type) == text) return type;
  }
  return std::nullopt;
}

class StreamWatch final : public Watch {
 public:
  explicit StreamWatch(std::unique_ptr<RawStream> stream) : stream_(std::move(stream)) {}

  Result<std::vector<WatchEvent>> next(std::chrono::milliseconds timeout) override {
    if (failure_) return *failure_;
    const std::vector<std::string> lines = SLIPWAY_TRY(stream_->next(timeout));
    std::vector<WatchEvent> events;
    for (const std::string& line : lines) {
      Result<WatchEvent> event = parse(line);
      if (event) {
        events.push_back(std::move(*event));
        continue;
      }
      // What came before the error still counts.
      failure_ = event.error();
      break;
    }
    if (events.empty() && failure_) return *failure_;
    return events;
  }

  void close() override { stream_->close(); }

 private:
  static Result<WatchEvent> parse(const std::string& line) {
    const Json event = SLIPWAY_TRY(data::parse_json(line).with_context("a watch event"));
    const std::string& type_text = event["type"].string_or_empty();
    if (type_text == "ERROR") {
      const base::Error error = error_of_status(event["object"]);
      // Old servers say 410 Gone for a revision that is too old.
      if (error.code() == ErrorCode::kGone) return fail(ErrorCode::kExpired, error.message());
      return error;
    }
    const auto type = event_type(type_text);
    if (!type) return fail(ErrorCode::kInternal, fmt::format("a watch event of unknown type \"{}\"", type_text));
    return WatchEvent{*type, std::make_shared<const Json>(event["object"])};
  }

  const std::unique_ptr<RawStream> stream_;
  std::optional<base::Error> failure_;
};

}  // namespace

std::unique_ptr<Watch> watch_stream(std::unique_ptr<RawStream> stream) {
  return std::make_unique<StreamWatch>(std::move(stream));
}

}  // namespace slipway::kube
