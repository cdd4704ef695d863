#include "store/snapshot/snapshot.h"

#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "base/files.h"
#include "store/sqlite/sqlite_store.h"

namespace slipway::store {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr std::string_view kSecret = "/registry/core/secrets/default/token";

Encoder text(std::string value) {
  return [value = std::move(value)](Revision) { return value; };
}

class Snapshot : public testing::Test {
 protected:
  std::unique_ptr<Store> open(const fs::path& folder) {
    auto store = open_sqlite_store(folder);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(*store) : nullptr;
  }
  void fill() {
    auto store = open(data);
    ASSERT_TRUE(store->create(kSecret, text("treasure")));
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(store->create(fmt::format("k/{}", i), text(std::string(3'000, 'x'))));
  }

  base::TemporaryFolder scratch = std::move(*base::TemporaryFolder::create());
  fs::path data = scratch.path() / "data";
  fs::path other = scratch.path() / "other";
  fs::path file = scratch.path() / "snapshot";
  fs::path keys = data / "encryption" / "keys.json";
};

TEST_F(Snapshot, OfAStoppedStoreIsRestored) {
  fill();
  const auto saved = save_snapshot(data, file);
  ASSERT_TRUE(saved) << saved.error().message();
  EXPECT_EQ(saved->revision, 201);
  EXPECT_EQ(saved->objects, 201);
  EXPECT_EQ(saved->sealed, 1);
  struct stat info{};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(base::read_file(file)->find("treasure"), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path()), {}), 2) << "nothing else is left";

  ASSERT_TRUE(open(data)->create("later", text("lost by the restore")));
  const auto restored = restore_snapshot(file, data, {});
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_EQ(restored->revision, 201 + kRevisionLeap);
  auto store = open(data);
  EXPECT_EQ(store->revision(), 201 + kRevisionLeap);
  EXPECT_EQ(*store->get(kSecret)->value, "treasure");
  EXPECT_EQ(store->list("k/")->entries.size(), 200u);
  EXPECT_FALSE(store->get("later"));
  EXPECT_EQ(store->watch("", 202).error().code(), ErrorCode::kExpired) << "who saw what is lost must list again";
  EXPECT_EQ(store->update(kSecret, 1, text("new"))->revision, 202 + kRevisionLeap);
  // The old store is whole.
  const auto aside = scratch.path() / "aside";
  fs::create_directory(aside);
  fs::rename(data / restored->aside / "store.db", aside / "store.db");
  if (fs::exists(data / restored->aside / "store.db-wal"))
    fs::rename(data / restored->aside / "store.db-wal", aside / "store.db-wal");
  fs::create_directory(aside / "encryption");
  fs::copy(keys, aside / "encryption" / "keys.json");
  EXPECT_EQ(*open(aside)->get("later")->value, "lost by the restore");
}

// Writers go on; the snapshot is the state at one revision: keys are written in order, so no gap may show.
TEST_F(Snapshot, OfARunningStoreIsOneRevision) {
  auto store = open(data);
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    for (int i = 0; !stop; ++i) ASSERT_TRUE(store->create(fmt::format("k/{:08}", i), text(std::string(2'000, 'x'))));
  });
  for (int round = 0; round < 5; ++round) {
    while (store->revision() < 100 * (round + 1)) std::this_thread::yield();
    const Revision before = store->revision();
    const auto saved = save_snapshot(data, file);
    ASSERT_TRUE(saved) << saved.error().message();
    EXPECT_GE(saved->revision, before);
    EXPECT_LE(saved->revision, store->revision());
    ASSERT_TRUE(verify_snapshot(file, keys));
    fs::remove_all(other);
    ASSERT_TRUE(restore_snapshot(file, other, keys));
    const auto page = open(other)->list("k/");
    EXPECT_EQ(static_cast<Revision>(page->entries.size()), saved->revision);
    EXPECT_EQ(page->entries.back().key, fmt::format("k/{:08}", saved->revision - 1));
  }
  stop = true;
}

TEST_F(Snapshot, ARunningStoreIsNotReplaced) {
  fill();
  ASSERT_TRUE(save_snapshot(data, file));
  auto store = open(data);
  const auto restored = restore_snapshot(file, data, {});
  ASSERT_FALSE(restored);
  EXPECT_NE(restored.error().message().find("is in use"), std::string::npos) << restored.error().message();
  EXPECT_TRUE(store->create("still", text("works")));
}

TEST_F(Snapshot, KeysAreNeededAndNamed) {
  fill();
  ASSERT_TRUE(save_snapshot(data, file));
  EXPECT_FALSE(verify_snapshot(file, {})->was_opened);
  EXPECT_TRUE(verify_snapshot(file, keys)->was_opened);
  const auto without = restore_snapshot(file, other, {});
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().message().find((other / "encryption" / "keys.json").string()), std::string::npos)
      << without.error().message();
  EXPECT_FALSE(fs::exists(other / "store.db"));

  const auto old_keys = scratch.path() / "old-keys.json";
  fs::copy(keys, old_keys);
  ASSERT_TRUE(rotate_encryption(data));
  EXPECT_EQ(verify_snapshot(file, keys).error().code(), ErrorCode::kUnavailable);
  EXPECT_FALSE(restore_snapshot(file, data, {}));
  const std::string newest = *base::read_file(keys);
  const auto restored = restore_snapshot(file, data, old_keys);
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_EQ(*base::read_file(keys), newest);
  EXPECT_EQ(*open(data)->get(kSecret)->value, "treasure") << "sealed with the newest key again";

  ASSERT_TRUE(restore_snapshot(file, other, old_keys));
  EXPECT_EQ(*open(other)->get(kSecret)->value, "treasure");
}

TEST_F(Snapshot, ADamagedOneIsRefused) {
  fill();
  ASSERT_TRUE(save_snapshot(data, file));
  const std::string good = *base::read_file(file);
  const auto check = [&](const std::string& bytes, const std::string& what) {
    ASSERT_TRUE(base::write_file_atomically(file, bytes, 0600));
    const auto verdict = verify_snapshot(file, {});
    ASSERT_FALSE(verdict) << what;
    EXPECT_EQ(verdict.error().code(), ErrorCode::kCorrupt) << what;
    EXPECT_NE(verdict.error().message().find(file.string()), std::string::npos) << what;
    EXPECT_FALSE(restore_snapshot(file, other, keys)) << what;
    EXPECT_FALSE(fs::exists(other / "store.db")) << what;
  };
  check("", "empty");
  check(good.substr(0, good.size() - 1), "cut");
  check(good + "x", "longer");
  check(good.substr(4096), "without its head");
  for (std::size_t at = 17; at < good.size(); at += good.size() / 23) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    check(flipped, fmt::format("a bit of byte {}", at));
  }
  ASSERT_TRUE(base::write_file_atomically(file, good, 0600));
  EXPECT_TRUE(verify_snapshot(file, keys));
}

TEST_F(Snapshot, NoStoreNoSnapshot) {
  const auto saved = save_snapshot(data, file);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(verify_snapshot(file, {}).error().code(), ErrorCode::kNotFound);
}

TEST(SnapshotTrailer, RoundTripAndRefusals) {
  const SnapshotTrailer trailer{4096, 100, std::string(32, 's')};
  const std::string bytes = trailer.bytes();
  ASSERT_EQ(bytes.size(), SnapshotTrailer::kSize);
  ASSERT_TRUE(parse_trailer(bytes, 4096 + 100 + 64));
  EXPECT_EQ(parse_trailer(bytes, 4096 + 100 + 64)->sha256, trailer.sha256);
  EXPECT_FALSE(parse_trailer(bytes, 4096 + 100 + 65));
  EXPECT_FALSE(parse_trailer(bytes.substr(1), 4096 + 100 + 64));
  EXPECT_FALSE(parse_trailer((SnapshotTrailer{~0ull, 1, std::string(32, 's')}).bytes(), 64));
  const SnapshotDescription description{2, 7, 3, 1, {"0badcafe"}, "2026-01-01T00:00:00Z", "1.0"};
  EXPECT_EQ(description_text(*parse_description(description_text(description))), description_text(description));
  for (const char* bad : {"", "{}", "[]", R"({"storeFormat":2,"revision":-1,"objects":0,"sealed":0})"})
    EXPECT_FALSE(parse_description(bad)) << bad;
}

}  // namespace
}  // namespace slipway::store
