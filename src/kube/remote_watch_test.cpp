#include "kube/remote_watch.h"

#include <deque>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <thread>

namespace slipway::kube {
namespace {

using base::ErrorCode;
using base::fail;
using testing::ElementsAre;
using namespace std::chrono_literals;

std::string line(const char* type, int revision) {
  return fmt::format(R"({{"type": "{}", "object": {{"metadata": {{"name": "r{}", "resourceVersion": "{}"}}}}}})", type,
                     revision, revision);
}

// Gives its lines one by one, then ends as told; or goes on in silence.
class ScriptedStream final : public RawStream {
 public:
  ScriptedStream(std::deque<std::string> lines, std::optional<base::Error> end)
      : lines_(std::move(lines)), end_(std::move(end)) {}

  base::Result<std::vector<std::string>> next(std::chrono::milliseconds timeout) override {
    if (closed_) return fail(ErrorCode::kCancelled, "closed");
    if (!lines_.empty()) {
      std::vector<std::string> out{lines_.front()};
      lines_.pop_front();
      return out;
    }
    if (end_) return *end_;
    for (auto waited = 0ms; waited < timeout && !closed_; waited += 1ms) std::this_thread::sleep_for(1ms);
    if (closed_) return fail(ErrorCode::kCancelled, "closed");
    return std::vector<std::string>();
  }
  void close() override { closed_ = true; }

 private:
  std::deque<std::string> lines_;
  const std::optional<base::Error> end_;
  std::atomic<bool> closed_ = false;
};

// A server that answers each opening of the watch from a list.
struct Script {
  using Answer = std::function<base::Result<std::unique_ptr<RawStream>>()>;
  std::deque<Answer> answers;
  std::vector<std::string> asked;  // revisions

  void stream(std::deque<std::string> lines, std::optional<base::Error> end = fail(ErrorCode::kUnavailable, "ended")) {
    answers.push_back([lines, end]() -> base::Result<std::unique_ptr<RawStream>> {
      return std::unique_ptr<RawStream>(std::make_unique<ScriptedStream>(lines, end));
    });
  }
  void refuse(ErrorCode code) {
    answers.push_back([code]() -> base::Result<std::unique_ptr<RawStream>> { return fail(code, "refused"); });
  }
  base::Result<std::unique_ptr<Watch>> open(std::string revision, bool bookmarks = false) {
    return open_watch(
        [this](const std::string& from) -> base::Result<std::unique_ptr<RawStream>> {
          asked.push_back(from);
          if (answers.empty()) return fail(ErrorCode::kUnavailable, "no server");
          const Answer answer = std::move(answers.front());
          answers.pop_front();
          return answer();
        },
        std::move(revision), bookmarks);
  }
};

// Names of the events until an error, then its code.
std::vector<std::string> read(Watch& watch) {
  std::vector<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const auto events = watch.next(10s);
    if (!events) {
      seen.emplace_back(base::error_code_name(events.error().code()));
      break;
    }
    for (const WatchEvent& event : *events) seen.push_back(meta::name(*event.object));
  }
  return seen;
}

const std::string kGone = R"({"type": "ERROR", "object": {"code": 410, "reason": "Gone", "message": "old"}})";

TEST(RemoteWatch, GoesOnAfterTheLastEventOrBookmark) {
  Script script;
  script.stream({line("ADDED", 5), line("BOOKMARK", 9)});
  script.stream({line("MODIFIED", 12)}, fail(ErrorCode::kTimeout, "cut"));
  script.refuse(ErrorCode::kUnavailable);
  script.refuse(ErrorCode::kTooManyRequests);
  script.stream({line("DELETED", 13), kGone});
  const auto watch = script.open("3");
  ASSERT_TRUE(watch);
  EXPECT_THAT(read(**watch), ElementsAre("r5", "r12", "r13", base::error_code_name(ErrorCode::kExpired)));
  EXPECT_THAT(script.asked, ElementsAre("3", "9", "12", "12", "12"));
  EXPECT_EQ((*watch)->next(1s).error().code(), ErrorCode::kExpired) << "an ended watch stays so";
}

TEST(RemoteWatch, BookmarksAreForThoseWhoWantThem) {
  Script script;
  script.stream({line("BOOKMARK", 9), kGone});
  EXPECT_THAT(read(**script.open("3", true)), ElementsAre("r9", base::error_code_name(ErrorCode::kExpired)));
}

TEST(RemoteWatch, ARevisionThatIsForgottenEndsIt) {
  for (const ErrorCode code : {ErrorCode::kExpired, ErrorCode::kGone}) {
    Script script;
    script.refuse(code);
    EXPECT_EQ(script.open("3").error().code(), ErrorCode::kExpired);
    script.stream({line("ADDED", 5)});
    script.refuse(code);
    EXPECT_THAT(read(**script.open("3")), ElementsAre("r5", base::error_code_name(ErrorCode::kExpired)));
  }
}

TEST(RemoteWatch, TriesAreBounded) {
  Script script;
  script.stream({});
  EXPECT_THAT(read(**script.open("3")), ElementsAre(base::error_code_name(ErrorCode::kUnavailable)));
  EXPECT_EQ(script.asked.size(), 6u);
  Script endless;
  for (int i = 0; i < 50; ++i) endless.stream({});
  EXPECT_THAT(read(**endless.open("3")), ElementsAre(base::error_code_name(ErrorCode::kUnavailable)));
  EXPECT_EQ(endless.asked.size(), 6u) << "streams that end without an event count as failures";
}

TEST(RemoteWatch, WhatCannotPassEndsItAtOnce) {
  Script script;
  script.stream({line("ADDED", 5)});
  script.refuse(ErrorCode::kForbidden);
  EXPECT_THAT(read(**script.open("3")), ElementsAre("r5", base::error_code_name(ErrorCode::kForbidden)));
  for (const char* from : {"", "0"}) {
    Script first;
    first.stream({line("ADDED", 5)});
    EXPECT_THAT(read(**first.open(from)), ElementsAre("r5", base::error_code_name(ErrorCode::kUnavailable)));
    EXPECT_EQ(first.asked.size(), 1u) << "the events of its beginning may be out of order";
  }
}

TEST(RemoteWatch, TimeoutAndClose) {
  Script script;
  script.stream({}, std::nullopt);
  const auto watch = script.open("3");
  EXPECT_TRUE((*watch)->next(5ms)->empty());
  std::jthread closer([&] { (*watch)->close(); });
  EXPECT_EQ((*watch)->next(30s).error().code(), ErrorCode::kCancelled);

  Script broken;  // closed while it waits for its next try
  broken.stream({});
  const auto waiting = broken.open("3");
  std::jthread other([&] { (*waiting)->close(); });
  const auto end = (*waiting)->next(30s);
  ASSERT_FALSE(end);
  EXPECT_THAT(end.error().code(), testing::AnyOf(ErrorCode::kCancelled, ErrorCode::kUnavailable));
}

}  // namespace
}  // namespace slipway::kube
