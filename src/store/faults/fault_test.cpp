// Whatever breaks below SQLite, at whichever of its operations: the outcome is an error, never a lie. Acknowledged
// writes are there, the others are whole or absent, revisions never go back, and it heals when the disk does.
#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <optional>
#include <thread>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "store/faults/fault_vfs.h"
#include "store/sqlite/sqlite_store.h"

namespace slipway::store {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using Fault = FaultVfs::Fault;
using Effect = FaultVfs::Effect;

constexpr int kKeys = 7;

// What a client of the store knows: the last acknowledged value of each key, and what it tried since then in vain.
class Client {
 public:
  // One write, different each time; false when it was refused.
  bool write(Store& store) {
    const int number = count_++;
    const std::string key = fmt::format("{}{}", number % 3 == 0 ? "/registry/core/secrets/s" : "k", number % kKeys);
    const auto present = store.get(key);
    EXPECT_EQ(present.has_value(), known_[key].has_value()) << "a reader saw what was not acknowledged";
    const bool remove = present && number % 4 == 3;
    const std::string value = fmt::format("{} {} ", key, number) + std::string(std::size_t{1'701} * (number % 6), 'v');
    const auto encode = [&](Revision) { return value; };
    const auto written = !present ? store.create(key, encode)
                         : remove ? store.remove(key, present->revision, encode)
                                  : store.update(key, present->revision, encode);
    const auto wanted = remove ? std::nullopt : std::optional(value);
    if (!written) {
      tried_[key].push_back(wanted);
      const ErrorCode code = written.error().code();
      EXPECT_TRUE(code == ErrorCode::kUnavailable || code == ErrorCode::kNoSpace) << written.error().message();
      return false;
    }
    EXPECT_GT(written->revision, newest_);
    newest_ = written->revision;
    known_[key] = wanted;
    tried_[key].clear();
    return true;
  }

  // After a start. What was tried in vain may have come true.
  void compare(Store& store) {
    ASSERT_GE(store.revision(), newest_) << "the revision went back";
    newest_ = store.revision();
    std::size_t there = 0;
    for (auto& [key, value] : known_) {
      const auto entry = store.get(key);
      const auto found = entry ? std::optional(*entry->value) : std::nullopt;
      auto& tried = tried_[key];
      ASSERT_TRUE(found == value || std::ranges::find(tried, found) != tried.end())
          << key << " is " << found.value_or("absent").substr(0, 40) << ", acknowledged was "
          << value.value_or("absent").substr(0, 40);
      value = found;
      tried.clear();
      there += found ? 1 : 0;
    }
    ASSERT_EQ(store.list("")->entries.size(), there);
  }
  int writes() const { return count_; }

 private:
  std::map<std::string, std::optional<std::string>> known_;
  std::map<std::string, std::vector<std::optional<std::string>>> tried_;
  Revision newest_ = 0;
  int count_ = 0;
};

class Faults : public testing::Test {
 protected:
  void SetUp() override {
    base::set_log_level(base::LogLevel::kError);
    // The recording stands for the disk, so the files may lie where an fsync costs nothing.
    if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
  }
  void TearDown() override {
    ::unsetenv("TMPDIR");
    vfs.restore_power();
    base::set_log_level(base::LogLevel::kInfo);
  }

  base::Result<std::unique_ptr<Store>> try_open() {
    SqliteOptions options;
    options.checkpoint_frames = 12;
    options.full_check_after = std::chrono::hours(1);
    return open_sqlite_store(path_, {}, options);
  }
  void open() {
    auto store = try_open();
    ASSERT_TRUE(store) << store.error().message();
    store_ = std::move(*store);
  }
  void begin() {
    store_.reset();
    folder_.reset();
    folder_.emplace(std::move(*base::TemporaryFolder::create()));
    path_ = folder_->path() / "data";
    client_ = {};
    vfs.record();
  }
  // Writes, restarts, writes; `until_fault`: no further than the fault. An open that fails is tried again once the
  // fault is gone.
  void work(bool until_fault) {
    for (int part = 0; part < 3; ++part) {
      auto store = try_open();
      if (!store) return;
      store_ = std::move(*store);
      ASSERT_NO_FATAL_FAILURE(client_.compare(*store_));
      for (int i = 0; i < 8; ++i) {
        client_.write(*store_);
        if (until_fault && vfs.fired()) return;
      }
      if (part < 2) store_.reset();
    }
  }
  void heal() {
    vfs.disarm();
    if (!store_) {
      ASSERT_NO_FATAL_FAILURE(open());
      ASSERT_NO_FATAL_FAILURE(client_.compare(*store_));
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!client_.write(*store_)) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it does not heal";
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void restart_and_compare() {
    store_.reset();
    ASSERT_NO_FATAL_FAILURE(open());
    ASSERT_NO_FATAL_FAILURE(client_.compare(*store_));
  }
  void lose_power() {
    vfs.cut_power();
    store_.reset();
    vfs.lose_unsynced(random_);
    vfs.restore_power();
  }
  // For every place of the fault (or, in the short form, some), until the work is done before it happens.
  void sweep(Fault fault, const std::function<void()>& then, bool until_fault = false) {
    const bool is_long = std::getenv("SLIPWAY_LONG_FAULTS") != nullptr;
    int places = 0;
    for (fault.at = 1;; fault.at += is_long ? 1 : 1 + fault.at / 9) {
      SCOPED_TRACE(fmt::format("at operation {}", fault.at));
      ASSERT_NO_FATAL_FAILURE(begin());
      vfs.arm(fault);
      ASSERT_NO_FATAL_FAILURE(work(until_fault));
      const bool fired = vfs.fired();
      ASSERT_NO_FATAL_FAILURE(then());
      if (!fired) break;
      ++places;
    }
    fmt::print("{} places\n", places);
    EXPECT_GT(places, 3);
  }

  FaultVfs& vfs = FaultVfs::instance();
  std::mt19937 random_{20'261'121};
  std::optional<base::TemporaryFolder> folder_;
  fs::path path_;
  std::unique_ptr<Store> store_;
  Client client_;
};

struct Case {
  std::string name;
  Fault fault;
};
void PrintTo(const Case& value, std::ostream* out) {
  *out << value.name;
}

class DiskFaults : public Faults, public testing::WithParamInterface<Case> {};

TEST_P(DiskFaults, AreErrorsAndHeal) {
  sweep(GetParam().fault, [&] {
    ASSERT_NO_FATAL_FAILURE(heal());
    ASSERT_NO_FATAL_FAILURE(restart_and_compare());
  });
}

// The same, and then the power goes: what was acknowledged after the fault must not rest on pages that only memory has.
TEST_P(DiskFaults, LeaveNothingInMemoryOnly) {
  sweep(GetParam().fault, [&] {
    ASSERT_NO_FATAL_FAILURE(heal());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(client_.write(*store_));
    lose_power();
    ASSERT_NO_FATAL_FAILURE(restart_and_compare());
  });
}

// The program dies with the fault, starts anew over what the page cache shows, goes on, and then the power goes.
TEST_P(DiskFaults, AreSurvivedByTheNextProcess) {
  const auto then = [&] {
    vfs.cut_power();
    store_.reset();
    vfs.restore_power();
    ASSERT_NO_FATAL_FAILURE(restart_and_compare());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(client_.write(*store_));
    lose_power();
    ASSERT_NO_FATAL_FAILURE(restart_and_compare());
  };
  sweep(GetParam().fault, then, true);
}

INSTANTIATE_TEST_SUITE_P(Faults, DiskFaults,
                         testing::Values(Case{"Write", {FaultVfs::kWrite, 1, false, Effect::kIoError, ""}},
                                         Case{"WriteForLong", {FaultVfs::kWrite, 1, true, Effect::kIoError, ""}},
                                         Case{"ShortWrite", {FaultVfs::kWrite, 1, false, Effect::kShortWrite, ""}},
                                         Case{"FullDisk", {FaultVfs::kWrite, 1, true, Effect::kNoSpace, ""}},
                                         Case{"FullDiskOnce", {FaultVfs::kWrite, 1, false, Effect::kNoSpace, ""}},
                                         Case{"Sync", {FaultVfs::kSync, 1, false, Effect::kIoError, ""}},
                                         Case{"SyncForLong", {FaultVfs::kSync, 1, true, Effect::kIoError, ""}},
                                         Case{"SyncOfTheWal", {FaultVfs::kSync, 1, false, Effect::kIoError, "-wal"}},
                                         Case{"SyncOnAFullDisk", {FaultVfs::kSync, 1, false, Effect::kNoSpace, ""}},
                                         Case{"Truncate", {FaultVfs::kTruncate, 1, false, Effect::kIoError, ""}},
                                         Case{"Open", {FaultVfs::kOpen, 1, false, Effect::kIoError, ""}},
                                         Case{"Read", {FaultVfs::kRead, 1, false, Effect::kIoError, ""}},
                                         Case{"Anything", {FaultVfs::kChange, 1, false, Effect::kIoError, ""}}),
                         [](const auto& instance) { return instance.param.name; });

TEST_F(Faults, ALossOfPowerAtAnyOperationLosesNoAcknowledgedWrite) {
  sweep({FaultVfs::kChange, 1, false, Effect::kPowerCut, ""}, [&] {
    lose_power();
    ASSERT_NO_FATAL_FAILURE(restart_and_compare());
    ASSERT_NO_FATAL_FAILURE(heal());
    lose_power();
    ASSERT_NO_FATAL_FAILURE(restart_and_compare());
  });
}

// A bit that flips on the disk is found, or lies where nothing is: never another value, never a write that is missing.
class FlippedBits : public Faults {
 protected:
  // A store with a WAL that was not copied into the file yet, as a killed process leaves it.
  void leave_files() {
    begin();
    ASSERT_NO_FATAL_FAILURE(open());
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(client_.write(*store_));
    store_.reset();
    SqliteOptions options;
    options.full_check_after = std::chrono::hours(1);
    auto store = open_sqlite_store(path_, {}, options);
    ASSERT_TRUE(store);
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(client_.write(**store));
    vfs.cut_power();
    store->reset();
    vfs.restore_power();
    ASSERT_GT(fs::file_size(path_ / "store.db-wal"), 10'000u);
    for (const auto& file : fs::recursive_directory_iterator(path_))
      if (file.is_regular_file()) files_[file.path()] = *base::read_file(file.path());
  }
  void put_back() {
    for (const char* name : {"store.db-wal", "store.db-shm", "store.db"}) fs::remove(path_ / name);
    for (const auto& [file, content] : files_) ASSERT_TRUE(base::write_file_atomically(file, content, 0600));
  }
  // How many of the bits were found.
  int flip(const fs::path& file, std::size_t begin, std::size_t end, int count) {
    int found = 0;
    for (int i = 0; i < count; ++i) {
      const std::size_t at = begin + (end - begin) * static_cast<std::size_t>(i) / static_cast<std::size_t>(count);
      SCOPED_TRACE(fmt::format("byte {} of {}", at, file.string()));
      put_back();
      std::string content = files_[file];
      content[at] = static_cast<char>(content[at] ^ (1 << (i % 8)));
      EXPECT_TRUE(base::write_file_atomically(file, content, 0600));
      auto store = try_open();
      if (store) {
        Client client = client_;
        client.compare(**store);
        if (HasFatalFailure()) return found;
      } else {
        EXPECT_EQ(store.error().code(), ErrorCode::kCorrupt) << store.error().message();
        ++found;
      }
    }
    return found;
  }
  std::map<fs::path, std::string> files_;
};

TEST_F(FlippedBits, OfTheDatabaseAreFound) {
  ASSERT_NO_FATAL_FAILURE(leave_files());
  const auto file = path_ / "store.db";
  EXPECT_GT(flip(file, 0, files_[file].size(), 300), 30) << "the others lie in free space or below the WAL";
}

TEST_F(FlippedBits, OfTheWalAreFound) {
  ASSERT_NO_FATAL_FAILURE(leave_files());
  const auto file = path_ / "store.db-wal";
  // The last transaction may be one that a crash cut off, which nobody can know.
  const std::size_t last = 8 * (4'096 + 24);
  EXPECT_GT(flip(file, 0, files_[file].size() - last, 200), 190);
}

TEST_F(FlippedBits, WhileReadingAreFound) {
  ASSERT_NO_FATAL_FAILURE(leave_files());
  int found = 0;
  for (int at = 1;; ++at) {
    SCOPED_TRACE(at);
    ASSERT_NO_FATAL_FAILURE(put_back());
    vfs.arm({FaultVfs::kRead, at, false, Effect::kFlipBit, ".db"});
    auto store = try_open();
    const bool fired = vfs.fired();
    vfs.disarm();
    if (store) {
      Client client = client_;
      ASSERT_NO_FATAL_FAILURE(client.compare(**store));
    } else {
      ++found;
    }
    if (!fired) break;
  }
  EXPECT_GT(found, 5);
}

}  // namespace
}  // namespace slipway::store
