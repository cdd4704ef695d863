#include "store/sqlite/sqlite_store.h"

#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>

#include "base/files.h"
#include "base/subprocess.h"

namespace slipway::store {
namespace {

using base::ErrorCode;

Encoder text(std::string value) {
  return [value = std::move(value)](Revision) { return value; };
}

class SqliteStore : public testing::Test {
 protected:
  base::TemporaryFolder folder = std::move(*base::TemporaryFolder::create());
  std::filesystem::path path = folder.path() / "data";

  void run_sql(const char* sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open((path / "store.db").c_str(), &connection), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(connection);
  }
};

TEST_F(SqliteStore, StateAndRevisionSurviveARestart) {
  {
    auto store = open_sqlite_store(path);
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_TRUE((*store)->create("a", text("one")));
    ASSERT_TRUE((*store)->create("b", text("two")));
    ASSERT_TRUE((*store)->update("a", 1, text("three")));
    ASSERT_TRUE((*store)->remove("b", 2, text("end")));
  }
  auto store = open_sqlite_store(path);
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ((*store)->revision(), 4) << "the delete's revision counts";
  EXPECT_EQ(*(*store)->get("a")->value, "three");
  EXPECT_EQ((*store)->get("a")->revision, 3);
  EXPECT_FALSE((*store)->get("b"));
  EXPECT_EQ((*store)->watch("", 3).error().code(), ErrorCode::kExpired) << "the ring starts empty";
  EXPECT_TRUE((*store)->watch("", 4));
  EXPECT_EQ((*store)->create("c", text(""))->revision, 5);
}

TEST_F(SqliteStore, OneProcessAtATime) {
  auto first = open_sqlite_store(path);
  ASSERT_TRUE(first);
  const auto second = open_sqlite_store(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message().find(fmt::format("is in use by process {}", ::getpid())), std::string::npos)
      << second.error().message();
  first->reset();
  EXPECT_TRUE(open_sqlite_store(path));
}

TEST_F(SqliteStore, ValuesAreForTheOwnerOnly) {
  auto store = open_sqlite_store(path);
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->create("a", text("secret")));
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    struct stat info{};
    ASSERT_EQ(::stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0077, 0u) << file.path();
  }
}

TEST_F(SqliteStore, RefusesADamagedFile) {
  {
    auto store = open_sqlite_store(path);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE((*store)->create(fmt::format("k{}", i), text(std::string(3'000, 'x'))));
  }
  {
    std::fstream file(path / "store.db", std::ios::in | std::ios::out | std::ios::binary);
    const std::string garbage(64 * 1024, '\x5a');
    file.seekp(4096);
    file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
  }
  const auto store = open_sqlite_store(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(store.error().message().find("snapshot restore"), std::string::npos) << store.error().message();
}

TEST_F(SqliteStore, RefusesWhatIsNoDatabase) {
  ASSERT_TRUE(base::make_folders(path));
  ASSERT_TRUE(base::write_file_atomically(path / "store.db", std::string(9'000, 'n'), 0600));
  const auto store = open_sqlite_store(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::kCorrupt) << store.error().message();
}

TEST_F(SqliteStore, RefusesTheFileOfANewerProgram) {
  ASSERT_TRUE(open_sqlite_store(path));
  run_sql("UPDATE meta SET value=3 WHERE name='format'");
  const auto store = open_sqlite_store(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::kUnsupported);
}

TEST_F(SqliteStore, RefusesARevisionThatWentBack) {
  {
    auto store = open_sqlite_store(path);
    ASSERT_TRUE((*store)->create("a", text("")));
  }
  run_sql("UPDATE state SET revision=0");
  const auto store = open_sqlite_store(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), ErrorCode::kCorrupt);
}

// What fails with an I/O error (not a full disk) makes the log look at its file again before it goes on. The file size
// limit of a child process makes such errors.
int write_across_a_size_limit(const std::filesystem::path& path) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto store = open_sqlite_store(path);
  if (!store || !(*store)->create("before", text("safe"))) return 1;
  const rlimit old_limit = {RLIM_INFINITY, RLIM_INFINITY};
  const rlimit small = {200'000, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return 2;
  int written = 0;
  for (; written < 1'000; ++written) {
    const auto made = (*store)->create(fmt::format("k/{}", written), text(std::string(10'000, 'x')));
    if (made) continue;
    if (made.error().code() != ErrorCode::kUnavailable) return 3;
    break;
  }
  if (written == 1'000) return 4;
  if (*(*store)->get("before")->value != "safe" || (*store)->revision() != written + 1) return 5;
  if (::setrlimit(RLIMIT_FSIZE, &old_limit) != 0) return 6;
  if (const auto healed = (*store)->create("after", text("x")); !healed || healed->revision != written + 2) return 7;
  store->reset();
  store = open_sqlite_store(path);
  if (!store || (*store)->list("k/")->entries.size() != static_cast<std::size_t>(written)) return 8;
  return (*store)->get("after") ? 0 : 9;
}

TEST_F(SqliteStore, AnIoErrorFailsWritesOnlyAndHeals) {
  const pid_t child = ::fork();
  if (child == 0) std::_Exit(write_across_a_size_limit(path));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the number of the step that failed";
}

// A small tmpfs in a mount namespace of the test's thread, so that nothing outside sees it.
TEST_F(SqliteStore, AFullDiskFailsWritesOnlyAndHeals) {
  std::string skipped;
  std::jthread([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mkdir(path.c_str(), 0700) != 0 || ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") != 0) {
      skipped = "a tmpfs can only be mounted by root";
      return;
    }
    auto store = open_sqlite_store(path);
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_TRUE((*store)->create("before", text("safe")));
    {
      std::ofstream(path / "ballast") << std::string(300'000, 'b');
    }

    base::Error last(ErrorCode::kUnknown, "");
    int written = 0;
    for (; written < 1'000; ++written) {
      const auto result = (*store)->create(fmt::format("k/{}", written), text(std::string(20'000, 'x')));
      if (!result) {
        last = result.error();
        break;
      }
    }
    EXPECT_EQ(last.code(), ErrorCode::kNoSpace) << last.message();
    EXPECT_FALSE((*store)->create("more", text(std::string(20'000, 'x'))));
    EXPECT_EQ(*(*store)->get("before")->value, "safe");
    EXPECT_EQ((*store)->list("k/")->entries.size(), static_cast<std::size_t>(written));
    EXPECT_EQ((*store)->revision(), written + 1) << "a lost write takes no revision";

    std::filesystem::remove(path / "ballast");
    const auto healed = (*store)->create("after", text(std::string(20'000, 'x')));
    EXPECT_TRUE(healed) << healed.error().message();
    store->reset();
    store = open_sqlite_store(path);
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_EQ((*store)->list("")->entries.size(), static_cast<std::size_t>(written + 2));
    EXPECT_EQ((*store)->revision(), written + 2);
  }).join();
  if (!skipped.empty()) GTEST_SKIP() << skipped;
}

}  // namespace
}  // namespace slipway::store
