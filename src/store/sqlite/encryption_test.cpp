// Values at rest: what a thief of the files sees, keys that are lost, wrong or rotated, files of format 1.
#include "store/encryption/encryption.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/files.h"
#include "data/encoding.h"
#include "store/encryption/sealing.h"
#include "store/sqlite/sqlite_store.h"

namespace slipway::store {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

constexpr std::string_view kSecretKey = "/registry/core/secrets/default/token";
constexpr std::string_view kTreasure = "correct-horse-battery-staple";

Encoder text(std::string value) {
  return [value = std::move(value)](Revision) { return value; };
}

class Encryption : public testing::Test {
 protected:
  std::unique_ptr<Store> open(const SqliteOptions& options = {}) {
    auto store = open_sqlite_store(path, {}, options);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(*store) : nullptr;
  }
  base::Error refusal() {
    const auto store = open_sqlite_store(path);
    EXPECT_FALSE(store);
    return store ? base::Error(ErrorCode::kUnknown, "") : store.error();
  }
  // Whether any file below the data folder, the key file aside, holds the bytes.
  std::string file_with(std::string_view bytes) const {
    for (const auto& file : fs::recursive_directory_iterator(path))
      if (file.is_regular_file() && base::read_file(file.path(), 256u << 20)->find(bytes) != std::string::npos)
        return file.path().string();
    return "";
  }
  void run_sql(const std::string& sql) const {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open((path / "store.db").c_str(), &connection), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(connection);
    sqlite3_close(connection);
  }

  base::TemporaryFolder folder = std::move(*base::TemporaryFolder::create());
  fs::path path = folder.path() / "data";
  fs::path keys = path / "encryption" / "keys.json";
};

TEST_F(Encryption, AStolenFileShowsNoSecret) {
  auto store = open();
  ASSERT_TRUE(store->create(kSecretKey, text(std::string(kTreasure))));
  ASSERT_TRUE(store->update(kSecretKey, 1, text(std::string(kTreasure) + "-2")));
  ASSERT_TRUE(store->create("/registry/core/secrets/default/gone", text(std::string(kTreasure) + "-3")));
  ASSERT_TRUE(store->remove("/registry/core/secrets/default/gone", 3, text(std::string(kTreasure) + "-end")));
  ASSERT_TRUE(store->create("/registry/core/configmaps/default/open", text("everybody-may-know")));
  EXPECT_EQ(file_with(kTreasure), "") << "while it runs, WAL included";
  EXPECT_NE(file_with("everybody-may-know"), "") << "the search finds what is there";
  store.reset();
  EXPECT_EQ(file_with(kTreasure), "");
  store = open();
  EXPECT_EQ(*store->get(kSecretKey)->value, std::string(kTreasure) + "-2");
  struct stat info{};
  ASSERT_EQ(::stat(keys.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(Encryption, FurtherPrefixesAreSealedAtTheNextStart) {
  constexpr std::string_view kKey = "/registry/core/configmaps/default/a";
  {
    auto store = open();
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(store->create(fmt::format("{}{}", kKey, i), text(std::string(3'000, 'x') + std::string(kTreasure))));
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(store->remove(fmt::format("{}{}", kKey, i), i + 1, text("gone")));
  }
  ASSERT_NE(file_with(kTreasure), "");
  SqliteOptions options;
  options.encryption.prefixes.emplace_back("/registry/core/configmaps/");
  auto store = open(options);
  EXPECT_EQ(file_with(kTreasure), "") << "not in the free pages and not in the WAL either";
  EXPECT_EQ(store->revision(), 90);
  EXPECT_EQ(store->list("")->entries.size(), 10u);
  EXPECT_EQ(store->get(fmt::format("{}45", kKey))->revision, 46);
}

TEST_F(Encryption, AFileOfFormatOneIsUpgraded) {
  ASSERT_TRUE(base::make_folders(path, 0700));
  run_sql(fmt::format(
      "PRAGMA journal_mode=WAL;"
      "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
      "CREATE TABLE objects(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, revision INTEGER NOT NULL, value BLOB "
      "NOT "
      "NULL);"
      "INSERT INTO meta VALUES('format', 1), ('revision', 9);"
      "INSERT INTO objects(key, revision, value) VALUES(CAST('{}' AS BLOB), 7, CAST('{}' AS BLOB)), "
      "(CAST('b' AS BLOB), 3, CAST('plain' AS BLOB)), (CAST('d' AS BLOB), 4, x''); DELETE FROM objects WHERE key=x'64'",
      kSecretKey, kTreasure));
  ASSERT_NE(file_with(kTreasure), "");
  auto store = open();
  EXPECT_EQ(store->revision(), 9);
  EXPECT_EQ(*store->get(kSecretKey)->value, kTreasure);
  EXPECT_EQ(store->get(kSecretKey)->revision, 7);
  EXPECT_EQ(*store->get("b")->value, "plain");
  EXPECT_EQ(store->list("")->entries.size(), 2u);
  EXPECT_EQ(store->update("b", 3, text("new"))->revision, 10);
  EXPECT_EQ(file_with(kTreasure), "");
  store = nullptr;
  EXPECT_EQ(*open()->get("b")->value, "new");
}

TEST_F(Encryption, ALostKeyIsRefusedByName) {
  ASSERT_TRUE(open()->create(kSecretKey, text(std::string(kTreasure))));
  fs::rename(keys, folder.path() / "keys.json");
  const base::Error error = refusal();
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_NE(error.message().find(keys.string()), std::string::npos) << error.message();
  EXPECT_FALSE(fs::exists(keys)) << "a new key would hide the loss";
  fs::rename(folder.path() / "keys.json", keys);
  EXPECT_EQ(*open()->get(kSecretKey)->value, kTreasure);
}

TEST_F(Encryption, AWrongKeyIsRefusedByName) {
  ASSERT_TRUE(open()->create(kSecretKey, text(std::string(kTreasure))));
  KeyRing other;
  other.add(base::SystemRandom::instance());
  ASSERT_TRUE(base::write_file_atomically(keys, other.text(), 0600));
  const base::Error error = refusal();
  EXPECT_NE(error.message().find(keys.string()), std::string::npos) << error.message();
  EXPECT_NE(error.message().find(other.ids()), std::string::npos) << error.message();
}

TEST_F(Encryption, AKeyFileForEverybodyIsRefused) {
  open();
  ASSERT_EQ(::chmod(keys.c_str(), 0644), 0);
  EXPECT_EQ(refusal().code(), ErrorCode::kForbidden);
}

TEST_F(Encryption, ALostDatabaseIsNoEmptyStore) {
  ASSERT_TRUE(open()->create("a", text("1")));
  fs::remove(path / "store.db");
  const base::Error error = refusal();
  EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
  EXPECT_NE(error.message().find("snapshot restore"), std::string::npos) << error.message();
}

TEST_F(Encryption, ValuesCannotStandInEachOthersPlace) {
  {
    auto store = open();
    ASSERT_TRUE(store->create(kSecretKey, text("mine")));
    ASSERT_TRUE(store->create("/registry/core/secrets/default/other", text("your")));
  }
  run_sql("UPDATE objects SET value=(SELECT value FROM objects WHERE created=2) WHERE created=1");
  EXPECT_EQ(refusal().code(), ErrorCode::kCorrupt) << "the checksum does not fit";
  Sealer sealer;
  KeyRing ring;
  ring.add(base::SystemRandom::instance());
  std::string sealed;
  ASSERT_TRUE(sealer.seal(ring.newest(), "a", 1, "value", sealed));
  EXPECT_EQ(*sealer.open(ring.newest(), "a", 1, sealed), "value");
  EXPECT_FALSE(sealer.open(ring.newest(), "b", 1, sealed));
  EXPECT_FALSE(sealer.open(ring.newest(), "a", 2, sealed));
  sealed[14] ^= 1;
  EXPECT_FALSE(sealer.open(ring.newest(), "a", 1, sealed));
  EXPECT_FALSE(sealer.open(ring.newest(), "a", 1, "short"));
}

TEST_F(Encryption, RotationSealsAnewAndForgetsTheOldKey) {
  auto store = open();
  ASSERT_TRUE(store->create(kSecretKey, text(std::string(kTreasure))));
  const std::string before = *base::read_file(keys);
  const auto busy = rotate_encryption(path);
  ASSERT_FALSE(busy) << "a running server keeps the folder";
  EXPECT_EQ(*base::read_file(keys), before);
  store.reset();

  const auto rotated = rotate_encryption(path);
  ASSERT_TRUE(rotated) << rotated.error().message();
  const auto ring = KeyFile::of(path).read();
  ASSERT_TRUE(ring);
  EXPECT_EQ(ring->ids(), rotated->key);
  EXPECT_EQ(KeyRing::parse(before, "")->ids(), rotated->unused_keys);
  store = open();
  EXPECT_EQ(*store->get(kSecretKey)->value, kTreasure);
  EXPECT_EQ(store->revision(), 1);
  store.reset();
  ASSERT_TRUE(base::write_file_atomically(keys, before, 0600));
  EXPECT_NE(refusal().message().find(rotated->key), std::string::npos);
}

// A command does not know which further prefixes the server was given.
TEST_F(Encryption, RotationCoversWhatIsSealedByFurtherPrefixes) {
  SqliteOptions options;
  options.encryption.prefixes.emplace_back("other/");
  ASSERT_TRUE(open(options)->create("other/a", text(std::string(kTreasure))));
  ASSERT_TRUE(rotate_encryption(path));
  EXPECT_EQ(file_with(kTreasure), "");
  EXPECT_EQ(*open(options)->get("other/a")->value, kTreasure);
  EXPECT_EQ(*open()->get("other/a")->value, kTreasure);
}

TEST_F(Encryption, KeysMayComeFromSystemd) {
  const auto credentials = folder.path() / "credentials";
  ASSERT_TRUE(base::make_folders(credentials, 0700));
  KeyRing ring;
  ring.add(base::SystemRandom::instance());
  ASSERT_TRUE(base::write_file_atomically(credentials / "slipway-encryption-keys", ring.text(), 0440));
  ::setenv("CREDENTIALS_DIRECTORY", credentials.c_str(), 1);
  ASSERT_TRUE(open()->create(kSecretKey, text(std::string(kTreasure))));
  EXPECT_FALSE(fs::exists(keys));
  // A new key in front: the next start seals with it, and the old one may go.
  ring.add(base::SystemRandom::instance());
  ASSERT_TRUE(base::write_file_atomically(credentials / "slipway-encryption-keys", ring.text(), 0440));
  EXPECT_EQ(*open()->get(kSecretKey)->value, kTreasure);
  ring.keep_newest();
  ASSERT_TRUE(base::write_file_atomically(credentials / "slipway-encryption-keys", ring.text(), 0440));
  EXPECT_EQ(*open()->get(kSecretKey)->value, kTreasure);
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_NE(refusal().message().find(keys.string()), std::string::npos);
}

TEST(KeyRing, RefusesDamagedText) {
  KeyRing ring;
  ring.add(base::SystemRandom::instance());
  const std::string good = ring.text();
  ASSERT_TRUE(KeyRing::parse(good, "f"));
  EXPECT_EQ(KeyRing::parse(good, "f")->text(), good);
  std::string changed = good;
  const auto key = changed.find(data::base64_encode(ring.newest().bytes));
  changed[key] = changed[key] == 'A' ? 'B' : 'A';
  const std::string twice = fmt::format(R"({{"version":1,"keys":[{0},{0}]}})",
                                        good.substr(good.find('[') + 1, good.rfind(']') - good.find('[') - 1));
  for (const std::string& bad :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"version":1})"),
        std::string(R"({"version":2,"keys":[]})"), changed, twice, good.substr(0, good.size() / 2)}) {
    const auto parsed = KeyRing::parse(bad, "the-file");
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalid);
    EXPECT_NE(parsed.error().message().find("the-file"), std::string::npos);
    EXPECT_EQ(parsed.error().message().find(data::base64_encode(ring.newest().bytes)), std::string::npos);
  }
}

}  // namespace
}  // namespace slipway::store
