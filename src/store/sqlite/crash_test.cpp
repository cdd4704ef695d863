// kill -9 under write load: no acknowledged write is lost, the others are whole or absent, the revision never goes
// back.
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
#include "store/sqlite/sqlite_store.h"

namespace slipway::store {
namespace {

struct Acknowledged {
  Revision revision = 0;
  bool deleted = false;
};

// Runs the writer, kills it `delay` after its first line, returns everything it printed.
std::string run_and_kill(const std::filesystem::path& folder, const std::string& name,
                         std::chrono::microseconds delay) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(writer.get(), STDOUT_FILENO);
    ::execl(SLIPWAY_STORE_CRASH_WRITER, "writer", folder.c_str(), name.c_str(), nullptr);
    std::_Exit(127);
  }
  writer.reset();
  std::string output;
  std::jthread killer;
  char buffer[65'536];
  for (ssize_t count = 0; (count = ::read(reader.get(), buffer, sizeof buffer)) > 0;) {
    if (output.empty())
      killer = std::jthread([child, delay] {
        std::this_thread::sleep_for(delay);  // the kill must come at an arbitrary moment
        ::kill(child, SIGKILL);
      });
    output.append(buffer, static_cast<std::size_t>(count));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the writer ended by itself: " << status;
  return output;
}

TEST(StoreCrash, NoAcknowledgedWriteIsLostUnderKill) {
  const char* wanted = std::getenv("SLIPWAY_CRASH_ROUNDS");
  const int rounds = wanted ? std::max(1, std::atoi(wanted)) : 10;
  auto folder = base::TemporaryFolder::create();
  ASSERT_TRUE(folder);
  const auto path = folder->path() / "data";
  std::mt19937 random(20'261'121);
  std::map<std::string, Acknowledged> acknowledged;
  Revision newest = 0;
  std::size_t writes = 0;

  for (int round = 0; round < rounds; ++round) {
    // Two sets of keys in turn: half of the rounds also update and delete what earlier processes left.
    const auto delay = std::chrono::microseconds(random() % 150'000);
    std::istringstream output(run_and_kill(path, fmt::format("w{}", round % 2), delay));
    std::string verb, key;
    for (Revision revision = 0; output >> verb >> key >> revision && !output.eof();) {
      if (verb == "open") {
        ASSERT_GE(revision, newest) << "the revision went back in round " << round;
        continue;
      }
      ++writes;
      newest = std::max(newest, revision);
      Acknowledged& last = acknowledged[key];
      if (revision > last.revision) last = {revision, verb == "delete"};
    }

    auto store = open_sqlite_store(path);
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_GE((*store)->revision(), newest) << "round " << round;
    newest = (*store)->revision();
    // Each writer thread has at most one write under way, so at most one of its keys may be newer than acknowledged.
    std::map<std::string, int> ahead;
    for (auto& [name, last] : acknowledged) {
      const auto entry = (*store)->get(name);
      const Acknowledged found{entry ? entry->revision : last.revision, !entry};
      ASSERT_GE(found.revision, last.revision) << name << " went back in round " << round;
      if (found.revision == last.revision && found.deleted == last.deleted) continue;
      const std::string writer = name.substr(0, name.find('/'));
      ASSERT_EQ(++ahead[writer], 1) << "an acknowledged write to " << name << " is lost in round " << round;
      last = found;
    }
    const auto page = (*store)->list("");
    for (const Entry& entry : page->entries) {
      const std::string head = fmt::format("{} {} ", entry.key, entry.revision);
      ASSERT_EQ(*entry.value, head + std::string(static_cast<std::size_t>(entry.revision % 9'000), 'x'))
          << "a torn value in round " << round;
    }
  }
  fmt::print("{} kills, {} acknowledged writes, none lost\n", rounds, writes);
  EXPECT_GT(writes, static_cast<std::size_t>(rounds));
}

}  // namespace
}  // namespace slipway::store
