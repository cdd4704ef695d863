// One suite for every backend of Store.
#include <atomic>
#include <condition_variable>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/files.h"
#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"

namespace slipway::store {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

constexpr auto kPatience = 10s;  // for what must happen
constexpr auto kGlance = 20ms;   // for what must not

Encoder text(std::string value) {
  return [value = std::move(value)](Revision) { return value; };
}

struct Backend {
  std::string name;
  std::function<std::unique_ptr<Store>(const std::filesystem::path&, StoreOptions)> make;
};
void PrintTo(const Backend& backend, std::ostream* out) {
  *out << backend.name;
}

class StoreConformance : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { open({}); }
  void open(StoreOptions options) {
    store.reset();
    folder.emplace(std::move(*base::TemporaryFolder::create()));
    store = GetParam().make(folder->path(), options);
    ASSERT_TRUE(store);
  }
  std::vector<Event> take(Watch& watch, std::size_t count) {
    std::vector<Event> all;
    while (all.size() < count) {
      auto events = watch.next(kPatience);
      if (!events || events->empty()) break;
      all.insert(all.end(), events->begin(), events->end());
    }
    return all;
  }

  std::optional<base::TemporaryFolder> folder;
  std::unique_ptr<Store> store;
};

std::vector<std::string> keys(const ListPage& page) {
  std::vector<std::string> out;
  for (const Entry& entry : page.entries) out.push_back(entry.key);
  return out;
}

TEST_P(StoreConformance, CreateGetUpdateRemove) {
  EXPECT_EQ(store->revision(), 0);
  const auto created = store->create("a", [](Revision revision) { return fmt::format("made at {}", revision); });
  ASSERT_TRUE(created);
  EXPECT_EQ(created->revision, 1);
  EXPECT_EQ(*created->value, "made at 1");
  EXPECT_EQ(store->create("a", text("again")).error().code(), ErrorCode::kAlreadyExists);

  const auto updated = store->update("a", 1, text("two"));
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->revision, 2);
  EXPECT_EQ(*store->get("a")->value, "two");
  EXPECT_EQ(store->update("a", 1, text("late")).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(store->remove("a", 1, text("late")).error().code(), ErrorCode::kConflict);

  const auto removed = store->remove("a", 2, text("last words"));
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->revision, 3);
  EXPECT_EQ(*removed->value, "last words");
  EXPECT_EQ(store->get("a").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store->update("a", 3, text("x")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store->remove("a", 3, text("x")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store->create("a", text("back"))->revision, 4);
  EXPECT_EQ(store->revision(), 4);
}

TEST_P(StoreConformance, RefusedWritesTakeNoRevision) {
  ASSERT_TRUE(store->create("a", text("1")));
  ASSERT_FALSE(store->create("a", text("1")));
  ASSERT_FALSE(store->update("missing", 1, text("1")));
  EXPECT_EQ(store->create("b", text("1"))->revision, 2);
}

TEST_P(StoreConformance, CreatesWithoutAThreadThatWaits) {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, base::Result<Entry>> told;
  const auto create = [&](const std::string& key) {
    store->create_later(key, text(key), [&, key](base::Result<Entry> result) {
      const std::lock_guard lock(mutex);
      told.emplace(key, std::move(result));
      changed.notify_all();
    });
  };
  const auto all_told = [&](std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kPatience, [&] { return told.size() == count; });
  };
  ASSERT_TRUE(store->create("there", text("1")));
  create("there");
  for (int i = 0; i < 3'000; ++i) create(fmt::format("key/{:04}", i));  // more than one batch takes
  ASSERT_TRUE(all_told(3'001));
  EXPECT_EQ(told.at("there").error().code(), ErrorCode::kAlreadyExists);
  for (int i = 0; i < 3'000; ++i) {
    const std::string key = fmt::format("key/{:04}", i);
    ASSERT_TRUE(told.at(key));
    EXPECT_EQ(told.at(key)->revision, i + 2) << "in the order of the calls";
  }
  EXPECT_EQ(store->list("key/")->entries.size(), 3'000u);

  told.clear();
  create("last");
  store->close();
  create("late");
  ASSERT_TRUE(all_told(2));
  EXPECT_TRUE(told.at("last")) << "what was taken is written before the store is closed";
  EXPECT_EQ(told.at("late").error().code(), ErrorCode::kUnavailable);
}

TEST_P(StoreConformance, KeysAndValuesAreBytes) {
  const std::string key("a\0b\xff", 4);
  const std::string value("\0\n\xff'\"", 5);
  ASSERT_TRUE(store->create(key, text(value)));
  EXPECT_EQ(*store->get(key)->value, value);
  ASSERT_TRUE(store->create("empty", text("")));
  EXPECT_EQ(*store->get("empty")->value, "");
}

TEST_P(StoreConformance, ListsByPrefixInOrderAndInPages) {
  for (const char* key : {"b/2", "a/1", "b/1", "c/1", "b/3"}) ASSERT_TRUE(store->create(key, text(key)));
  EXPECT_EQ(keys(*store->list("b/")), (std::vector<std::string>{"b/1", "b/2", "b/3"}));
  EXPECT_EQ(keys(*store->list("")).size(), 5u);
  EXPECT_EQ(store->list("none/")->entries.size(), 0u);
  EXPECT_EQ(store->list("none/")->revision, 5);

  const auto first = store->list("b/", "", 2);
  EXPECT_EQ(keys(*first), (std::vector<std::string>{"b/1", "b/2"}));
  EXPECT_EQ(first->next_key, "b/3");
  EXPECT_EQ(first->remaining, 1);
  const auto second = store->list("b/", first->next_key, 2);
  EXPECT_EQ(keys(*second), (std::vector<std::string>{"b/3"}));
  EXPECT_EQ(second->next_key, "");
  EXPECT_EQ(second->remaining, 0);
}

TEST_P(StoreConformance, ListsAnOlderStateOutOfTheRing) {
  ASSERT_TRUE(store->create("k/a", text("a1")));
  ASSERT_TRUE(store->create("k/b", text("b1")));
  const Revision then = store->revision();
  ASSERT_TRUE(store->update("k/a", 1, text("a2")));
  ASSERT_TRUE(store->remove("k/b", 2, text("b-end")));
  ASSERT_TRUE(store->create("k/c", text("c1")));
  ASSERT_TRUE(store->create("k/b", text("b2")));

  const auto past = store->list("k/", "", 0, then);
  ASSERT_TRUE(past);
  EXPECT_EQ(past->revision, then);
  ASSERT_EQ(keys(*past), (std::vector<std::string>{"k/a", "k/b"}));
  EXPECT_EQ(*past->entries[0].value, "a1");
  EXPECT_EQ(past->entries[0].revision, 1);
  EXPECT_EQ(*past->entries[1].value, "b1");
  EXPECT_EQ(keys(*store->list("k/", "k/b", 1, then)), (std::vector<std::string>{"k/b"}));
  EXPECT_EQ(keys(*store->list("k/")), (std::vector<std::string>{"k/a", "k/b", "k/c"}));
  EXPECT_EQ(store->list("k/", "", 0, 99).error().code(), ErrorCode::kInvalid);
}

// Pages of one revision, whatever is written between them: against a plain copy of that state.
TEST_P(StoreConformance, PagesAreOfOneRevisionUnderChange) {
  std::mt19937 random(20'261'121);
  std::map<std::string, std::string> present;
  const auto change = [&] {
    const std::string key = fmt::format("{}/{:03}", random() % 4 == 0 ? "j" : "k", random() % 700);
    const auto entry = store->get(key);
    const std::string value = std::to_string(random());
    if (!entry) {
      ASSERT_TRUE(store->create(key, text(value)));
      present[key] = value;
    } else if (random() % 3 == 0) {
      ASSERT_TRUE(store->remove(key, entry->revision, text("")));
      present.erase(key);
    } else {
      ASSERT_TRUE(store->update(key, entry->revision, text(value)));
      present[key] = value;
    }
  };
  for (int i = 0; i < 1'500; ++i) ASSERT_NO_FATAL_FAILURE(change());
  for (const std::size_t limit : {1u, 7u, 50u, 10'000u}) {
    const auto then = present;
    const Revision revision = store->revision();
    std::map<std::string, std::string> seen;
    std::string next;
    std::int64_t expected = -1;
    do {
      const auto page = store->list("k/", next, limit, revision);
      ASSERT_TRUE(page) << page.error().message();
      ASSERT_EQ(page->revision, revision);
      if (expected >= 0) {
        ASSERT_EQ(static_cast<std::int64_t>(page->entries.size()) + page->remaining, expected);
      }
      expected = page->remaining;
      ASSERT_EQ(page->next_key.empty(), page->remaining == 0);
      for (const Entry& entry : page->entries) {
        ASSERT_TRUE(seen.empty() || seen.rbegin()->first < entry.key);
        ASSERT_LE(entry.revision, revision);
        seen[entry.key] = *entry.value;
      }
      next = page->next_key;
      for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(change());
    } while (!next.empty());
    auto wanted = then;
    std::erase_if(wanted, [](const auto& entry) { return !entry.first.starts_with("k/"); });
    ASSERT_EQ(seen, wanted) << "limit " << limit;
  }
}

// A bookmark's revision is one that a new watch may start from without missing anything.
TEST_P(StoreConformance, APositionIsWhereAnotherWatchGoesOn) {
  auto watch = store->watch("k/", 0);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store->create(fmt::format("other/{}", i), text("")));
    ASSERT_TRUE(store->create(fmt::format("k/{}", i), text("")));
  }
  ASSERT_EQ(take(**watch, 5).size(), 5u);
  const Revision position = (*watch)->position();
  EXPECT_EQ(position, 10);
  ASSERT_TRUE(store->create("k/later", text("")));
  auto next = store->watch("k/", position);
  ASSERT_TRUE(next);
  const auto events = take(**next, 1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].key, "k/later");
}

TEST_P(StoreConformance, PrefixesEndWhereTheyShould) {
  for (const char* key : {"a", "a/", "a/1", "a0", "a\xff", "a\xff\xff",
                          "a\xff\xff"
                          "1",
                          "b", "\xff", "\xff\xff"})
    ASSERT_TRUE(store->create(key, text("")));
  EXPECT_EQ(store->list("a")->entries.size(), 7u);
  EXPECT_EQ(store->list("a/")->entries.size(), 2u);
  EXPECT_EQ(store->list("a\xff")->entries.size(), 3u);
  EXPECT_EQ(store->list("\xff")->entries.size(), 2u);
  EXPECT_EQ(store->list("\xff\xff")->entries.size(), 1u);
  EXPECT_EQ(store->list("a/", "b", 1)->entries.size(), 0u);
  EXPECT_EQ(store->list("a/", "a", 1)->remaining, 1);
}

TEST_P(StoreConformance, WatchSeesEveryChangeOfItsPrefixOnce) {
  ASSERT_TRUE(store->create("k/a", text("1")));
  auto watch = store->watch("k/", 0);
  ASSERT_TRUE(watch);
  ASSERT_TRUE(store->create("other", text("1")));
  ASSERT_TRUE(store->update("k/a", 1, text("2")));
  ASSERT_TRUE(store->remove("k/a", 3, text("end")));
  const auto events = take(**watch, 3);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].revision, 1);
  EXPECT_EQ(events[0].previous, nullptr);
  EXPECT_EQ(*events[1].value, "2");
  EXPECT_EQ(*events[1].previous, "1");
  EXPECT_EQ(events[1].previous_revision, 1);
  EXPECT_EQ(events[2].type, Event::Type::kDelete);
  EXPECT_EQ(*events[2].value, "end");
  EXPECT_TRUE((*watch)->next(kGlance)->empty());
  EXPECT_EQ((*watch)->position(), 4);
}

TEST_P(StoreConformance, WatchStartsAfterARevision) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->create(fmt::format("k/{}", i), text("")));
  auto watch = store->watch("k/", 2);
  ASSERT_TRUE(watch);
  EXPECT_EQ((*watch)->position(), 2);
  const auto events = take(**watch, 1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].key, "k/2");
  EXPECT_EQ(store->watch("k/", 4).error().code(), ErrorCode::kInvalid);
}

TEST_P(StoreConformance, TheRingIsBoundedAndSaysExpired) {
  open({.ring_events = 4});
  auto slow = store->watch("k/", 0);
  auto bystander = store->watch("other/", 0);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(store->create(fmt::format("k/{}", i), text("")));
  EXPECT_EQ((*slow)->next(kPatience).error().code(), ErrorCode::kExpired);
  EXPECT_EQ(store->watch("k/", 1).error().code(), ErrorCode::kExpired);
  EXPECT_EQ(store->list("k/", "", 0, 1).error().code(), ErrorCode::kExpired);
  EXPECT_EQ(take(**store->watch("k/", 2), 4).size(), 4u);
  EXPECT_EQ(store->list("k/", "", 0, 2)->entries.size(), 2u);
  // Nothing of its prefix happened, so an idle watch lives on although the ring moved past it.
  ASSERT_TRUE(store->create("other/1", text("")));
  EXPECT_EQ(take(**bystander, 1).size(), 1u);
}

TEST_P(StoreConformance, TheRingIsBoundedInBytes) {
  open({.ring_bytes = 10'000});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store->create(fmt::format("k/{}", i), text(std::string(2'000, 'x'))));
  EXPECT_EQ(store->watch("k/", 5).error().code(), ErrorCode::kExpired);
  EXPECT_TRUE(store->watch("k/", 7));
}

TEST_P(StoreConformance, CloseEndsWatchesAndWrites) {
  auto watch = store->watch("", 0);
  std::jthread closer([&] { (*watch)->close(); });
  EXPECT_EQ((*watch)->next(kPatience).error().code(), ErrorCode::kCancelled);
  auto other = store->watch("", 0);
  std::jthread store_closer([&] { store->close(); });
  EXPECT_EQ((*other)->next(kPatience).error().code(), ErrorCode::kCancelled);
  store_closer.join();
  EXPECT_EQ(store->create("a", text("")).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(store->watch("", 0).error().code(), ErrorCode::kUnavailable);
}

TEST_P(StoreConformance, AWatchOutlivesItsStore) {
  auto watch = store->watch("", 0);
  store.reset();
  EXPECT_EQ((*watch)->next(kPatience).error().code(), ErrorCode::kCancelled);
}

TEST_P(StoreConformance, OnReadyTellsWhenNextHasSomething) {
  auto watch = store->watch("k/", 0);
  std::atomic<int> calls = 0;
  (*watch)->on_ready([&] { ++calls; });
  EXPECT_EQ(calls, 0);
  ASSERT_TRUE(store->create("other", text("")));
  EXPECT_EQ(calls, 0);
  ASSERT_TRUE(store->create("k/1", text("")));
  EXPECT_EQ(calls, 1) << "told before the write was acknowledged";
  EXPECT_EQ((*watch)->next(0ms)->size(), 1u);
  ASSERT_TRUE(store->create("k/2", text("")));
  EXPECT_EQ(calls, 2);
  (*watch)->on_ready({});
  ASSERT_TRUE(store->create("k/3", text("")));
  EXPECT_EQ(calls, 2);
  (*watch)->on_ready([&] { ++calls; });
  EXPECT_EQ(calls, 3) << "something is waiting already";
  store->close();
  EXPECT_EQ(calls, 4);
}

TEST_P(StoreConformance, ConcurrentWritersAreSerialised) {
  constexpr int kThreads = 8;
  constexpr int kWrites = 50;
  ASSERT_TRUE(store->create("counter", text("0")));
  auto watch = store->watch("", 0);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kWrites; ++i) {
          ASSERT_TRUE(store->create(fmt::format("own/{}/{}", thread, i), text("")));
          // Compare and swap until it works: every increment must count.
          for (;;) {
            const auto now = store->get("counter");
            if (store->update("counter", now->revision, text(std::to_string(std::stoi(*now->value) + 1)))) break;
          }
        }
      });
    }
  }
  EXPECT_EQ(*store->get("counter")->value, std::to_string(kThreads * kWrites));
  const std::size_t total = 1 + 2 * kThreads * kWrites;
  EXPECT_EQ(store->revision(), static_cast<Revision>(total));
  const auto events = take(**watch, total);
  ASSERT_EQ(events.size(), total);
  for (std::size_t i = 0; i < total; ++i) EXPECT_EQ(events[i].revision, static_cast<Revision>(i + 1));
}

INSTANTIATE_TEST_SUITE_P(
    Backends, StoreConformance,
    testing::Values(Backend{"memory", [](const auto&, StoreOptions options) { return make_memory_store(options); }},
                    Backend{"sqlite",
                            [](const auto& folder, StoreOptions options) {
                              auto store = open_sqlite_store(folder, options);
                              return store ? std::move(*store) : nullptr;
                            }}),
    [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace slipway::store
