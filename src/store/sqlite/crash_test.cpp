// kill -9 at any moment: no acknowledged write is lost, the others are whole or absent, the revision never goes back.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "store/snapshot/snapshot.h"
#include "store/sqlite/background_check.h"
#include "store/sqlite/sqlite_store.h"

namespace slipway::store {
namespace {

namespace fs = std::filesystem;

struct Acknowledged {
  Revision revision = 0;
  bool deleted = false;
};

struct Job {
  std::string mode;
  fs::path folder;
  std::string argument;
  std::pair<std::string, std::string> environment;  // what kills it, or nothing
  std::chrono::microseconds delay{0};               // or it is killed so long after its first line
  int lines = 0;                                    // or after so many lines
};

struct Ended {
  std::string output;
  bool was_killed = false;
  int status = 0;
};

Ended run(const Job& given) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(writer.get(), STDOUT_FILENO);
    if (!given.environment.first.empty())
      ::setenv(given.environment.first.c_str(), given.environment.second.c_str(), 1);
    ::execl(SLIPWAY_STORE_CRASH_WRITER, "writer", given.mode.c_str(), given.folder.c_str(), given.argument.c_str(),
            nullptr);
    std::_Exit(127);
  }
  writer.reset();
  Ended ended;
  std::jthread killer;
  char buffer[65'536];
  for (ssize_t count = 0; (count = ::read(reader.get(), buffer, sizeof buffer)) > 0;) {
    if (ended.output.empty() && given.delay.count() > 0)
      killer = std::jthread([child, delay = given.delay] {
        std::this_thread::sleep_for(delay);  // the kill must come at an arbitrary moment
        ::kill(child, SIGKILL);
      });
    ended.output.append(buffer, static_cast<std::size_t>(count));
    if (given.lines > 0 && std::ranges::count(ended.output, '\n') >= given.lines) ::kill(child, SIGKILL);
  }
  EXPECT_EQ(::waitpid(child, &ended.status, 0), child);
  ended.was_killed = WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == SIGKILL;
  return ended;
}

class StoreCrash : public testing::Test {
 protected:
  void read_output(const std::string& text) {
    std::istringstream output(text);
    std::string verb, key;
    for (Revision revision = 0; output >> verb >> key >> revision && !output.eof();) {
      if (verb == "open") {
        ASSERT_GE(revision, newest_) << "the revision went back";
        continue;
      }
      ++writes_;
      newest_ = std::max(newest_, revision);
      Acknowledged& last = acknowledged_[key];
      if (revision > last.revision) last = {revision, verb == "delete"};
    }
  }

  void check() {
    auto store = open_sqlite_store(path_);
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_GE((*store)->revision(), newest_);
    // A watcher that saw the newest write goes on after it or has to list again.
    const auto watch = (*store)->watch("", newest_);
    if (watch) {
      ASSERT_EQ((*watch)->position(), (*store)->revision());
    } else {
      ASSERT_EQ(watch.error().code(), base::ErrorCode::kExpired);
    }
    newest_ = (*store)->revision();
    // Each writer thread has at most one write under way, so at most one of its keys may be newer than acknowledged.
    std::map<std::string, int> ahead;
    for (auto& [name, last] : acknowledged_) {
      const auto entry = (*store)->get(name);
      const Acknowledged found{entry ? entry->revision : last.revision, !entry};
      ASSERT_GE(found.revision, last.revision) << name << " went back";
      if (found.revision == last.revision && found.deleted == last.deleted) continue;
      const std::string writer = name.substr(0, name.rfind('/'));
      ASSERT_EQ(++ahead[writer], 1) << "an acknowledged write to " << name << " is lost";
      last = found;
    }
    const auto page = (*store)->list("");
    for (const Entry& entry : page->entries) {
      const std::string head = fmt::format("{} {} ", entry.key, entry.revision);
      ASSERT_EQ(*entry.value, head + std::string(static_cast<std::size_t>(entry.revision % 9'000), 'x'))
          << "a torn value";
    }
  }

  void check_file() {
    auto database = Database::open(path_ / "store.db");
    ASSERT_TRUE(database);
    const auto whole = store::check_file(*database, path_ / "store.db");
    ASSERT_TRUE(whole) << whole.error().message();
  }

  base::TemporaryFolder folder_ = std::move(*base::TemporaryFolder::create());
  fs::path path_ = folder_.path() / "data";
  std::map<std::string, Acknowledged> acknowledged_;
  Revision newest_ = 0;
  std::size_t writes_ = 0;
};

TEST_F(StoreCrash, NoAcknowledgedWriteIsLostUnderKill) {
  const char* wanted = std::getenv("SLIPWAY_CRASH_ROUNDS");
  const int rounds = wanted ? std::max(1, std::atoi(wanted)) : 12;
  std::mt19937 random(20'261'121);
  const auto start = std::chrono::steady_clock::now();
  int kills = 0;
  for (int round = 0; kills < rounds; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    // Two sets of keys in turn: half of the rounds also update and delete what earlier processes left.
    Job writer{"write", path_, fmt::format("w{}", round / 3 % 2), {}, {}, 0};
    // By the clock, or before or after one of SQLite's own steps: in the WAL, between it and its fsync, in a
    // checkpoint.
    if (round % 3 == 0) {
      writer.delay = std::chrono::microseconds(1 + random() % 60'000);
    } else {
      writer.environment = {"SLIPWAY_STORE_KILL",
                            fmt::format("{} {}", 1 + random() % 600, round % 3 == 1 ? "before" : "after")};
    }
    const Ended ended = run(writer);
    ASSERT_TRUE(ended.was_killed) << "it ended by itself: " << ended.status;
    ++kills;
    ASSERT_NO_FATAL_FAILURE(read_output(ended.output));
    ASSERT_NO_FATAL_FAILURE(check());
    if (round % 10 == 0) {
      ASSERT_NO_FATAL_FAILURE(check_file());
    }
  }
  ASSERT_NO_FATAL_FAILURE(check_file());
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{} kills of the bare store, {} acknowledged writes, none lost, {:.3f} s a round\n", kills, writes_,
             seconds / kills);
  EXPECT_GT(writes_, static_cast<std::size_t>(rounds));
}

struct Point {
  std::string name;
  std::string mode;
};

TEST_F(StoreCrash, NothingIsLostAtAnyNamedPoint) {
  const std::vector<Point> points = {
#include "store/sqlite/crash_points.inc"
  };
  const fs::path snapshot = folder_.path() / "snapshot";
  for (const Point& point : points) {
    SCOPED_TRACE(point.name + " in " + point.mode);
    if (point.mode == "seal") {
      // What an earlier round sealed would leave nothing to do.
      fs::remove_all(path_);
      acknowledged_.clear();
      newest_ = 0;
    }
    // Something to lose, acknowledged and left behind by a kill.
    const Ended filled = run({"write", path_, "w0", {}, {}, 60});
    ASSERT_NO_FATAL_FAILURE(read_output(filled.output));
    ASSERT_NO_FATAL_FAILURE(check());
    std::string argument = "w1";
    if (point.mode == "seal") argument = "w0-";
    if (point.mode == "save" || point.mode == "restore") argument = snapshot;
    if (point.mode == "restore") {
      ASSERT_TRUE(save_snapshot(path_, snapshot));
    }
    const Ended ended = run({point.mode, path_, argument, {"SLIPWAY_CRASH_POINT", point.name}, {}, 0});
    ASSERT_TRUE(ended.was_killed) << "the point was not reached: " << ended.status;
    ASSERT_NO_FATAL_FAILURE(read_output(ended.output));
    ASSERT_NO_FATAL_FAILURE(check());
    ASSERT_NO_FATAL_FAILURE(check_file());
    ASSERT_FALSE(fs::exists(path_ / "store.swap"));
    ASSERT_FALSE(fs::exists(path_ / "store.db.new"));
    // What was interrupted can be done again.
    if (point.mode != "write") {
      const Ended again = run({point.mode, path_, argument, {}, {}, 0});
      ASSERT_EQ(again.status, 0);
      ASSERT_NO_FATAL_FAILURE(check());
    }
  }
}

}  // namespace
}  // namespace slipway::store
