// How fast durable writes and lists are. The rival is SQLite itself, one fsynced transaction per write, on the same
// disk in the same run. The data lies under build/, so that the disk is the one that is meant.
#include <atomic>
#include <chrono>
#include <fmt/core.h>
#include <thread>

#include "base/figures.h"
#include "base/files.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using namespace slipway;
using Clock = std::chrono::steady_clock;

const std::string kValue(2'048, 'x');
constexpr std::chrono::seconds kDuration{2};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void give_up(const base::Error& error) {
  fmt::print(stderr, "{}\n", error.message());
  std::exit(1);
}

double creates_per_second(store::Store& store, int threads, const std::string& prefix) {
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> count = 0;
  static std::atomic<int> run = 0;
  const int number = ++run;
  const auto start = Clock::now();
  {
    std::vector<std::jthread> writers;
    for (int thread = 0; thread < threads; ++thread)
      writers.emplace_back([&, thread] {
        for (int i = 0; !stop; ++i) {
          const auto key = fmt::format("{}bench/{}/{}/{}", prefix, number, thread, i);
          if (const auto made = store.create(key, [](store::Revision) { return kValue; }); !made) give_up(made.error());
          ++count;
        }
      });
    std::this_thread::sleep_for(kDuration);
    stop = true;
  }
  return static_cast<double>(count) / seconds_since(start);
}

double bare_sqlite_per_second(const std::filesystem::path& file) {
  auto database = store::Database::open(file);
  if (!database) give_up(database.error());
  if (const auto made = database->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                          "CREATE TABLE t(k TEXT PRIMARY KEY, v BLOB)");
      !made)
    give_up(made.error());
  auto insert = database->prepare("INSERT INTO t VALUES(?1, ?2)");
  if (!insert) give_up(insert.error());
  std::int64_t count = 0;
  const auto start = Clock::now();
  for (; Clock::now() - start < kDuration; ++count) {
    const std::string key = fmt::format("bench/{}", count);
    if (const auto run = insert->bind_bytes(1, key).bind_bytes(2, kValue).run(); !run) give_up(run.error());
  }
  return static_cast<double>(count) / seconds_since(start);
}

double list_milliseconds(store::Store& store, int objects) {
  {
    std::vector<std::jthread> writers;
    for (int thread = 0; thread < 50; ++thread)
      writers.emplace_back([&, thread] {
        for (int i = thread; i < objects; i += 50)
          if (const auto made = store.create(fmt::format("list/{}", i), [](store::Revision) { return kValue; }); !made)
            give_up(made.error());
      });
  }
  std::vector<double> times;
  for (int i = 0; i < 21; ++i) {
    const auto start = Clock::now();
    const auto page = store.list("list/");
    if (!page || page->entries.size() != static_cast<std::size_t>(objects)) std::exit(1);
    times.push_back(seconds_since(start) * 1'000);
  }
  return base::median(times);
}

// The median of three starts; the file is in the page cache, as after a restart of the program.
double start_milliseconds(const std::filesystem::path& folder, int objects) {
  const std::string value(4'096, 'x');
  std::vector<double> times;
  for (int round = 0; round < 4; ++round) {
    const auto start = Clock::now();
    auto store = store::open_sqlite_store(folder);
    if (!store) give_up(store.error());
    if (round > 0) times.push_back(seconds_since(start) * 1'000);
    if (round > 0) continue;
    std::vector<std::jthread> writers;
    for (int thread = 0; thread < 100; ++thread)
      writers.emplace_back([&, thread] {
        for (int i = thread; i < objects; i += 100)
          if (const auto made =
                  (*store)->create(fmt::format("/registry/core/configmaps/namespace-{}/object-{}", i % 100, i),
                                   [&](store::Revision) { return value; });
              !made)
            give_up(made.error());
      });
  }
  return base::median(times);
}

double bare_scan_milliseconds(const std::filesystem::path& file) {
  const auto start = Clock::now();
  auto database = store::Database::open(file);
  if (!database) give_up(database.error());
  auto select = database->prepare("SELECT * FROM objects");
  if (!select) give_up(select.error());
  std::size_t bytes = 0;
  if (const auto run = select->run([&](const store::Statement& row) { bytes += row.bytes(5).size(); }); !run)
    give_up(run.error());
  return seconds_since(start) * 1'000;
}

}  // namespace

int main() {
  const std::filesystem::path folder = "build/store-bench";
  if (const auto cleared = base::remove_tree(folder); !cleared) give_up(cleared.error());
  auto store = store::open_sqlite_store(folder);
  if (!store) give_up(store.error());

  const double rival = bare_sqlite_per_second(folder / "rival.db");
  const std::string rival_name = "bare SQLite, a transaction a write";
  std::vector<base::Figure> figures;
  for (const bool sealed : {false, true})
    for (const int threads : {1, 10, 100})
      figures.push_back({fmt::format("durable creates{}, {} {}, 2 KiB", sealed ? " of Secrets" : "", threads,
                                     threads == 1 ? "thread" : "threads"),
                         creates_per_second(**store, threads, sealed ? "/registry/core/secrets/" : ""),
                         "writes/s",
                         rival,
                         rival_name,
                         {},
                         false});
  figures.push_back({"list of 10,000 objects, 2 KiB", list_milliseconds(**store, 10'000), "ms", {}, "", {}, true});
  store->reset();
  for (const int objects : {10'000, 100'000})
    figures.push_back({fmt::format("start with {} objects of 4 KiB, every checksum verified", objects),
                       start_milliseconds(folder / fmt::format("start-{}", objects), objects), "ms",
                       bare_scan_milliseconds(folder / fmt::format("start-{}", objects) / "store.db"),
                       "bare SQLite, reading every row", objects == 100'000 ? std::optional(1'000.0) : std::nullopt,
                       true});
  fmt::print("{}", base::figures_table("store: SQLite backend", figures));
  if (const auto cleared = base::remove_tree(folder); !cleared) give_up(cleared.error());
  if (const auto written = base::write_figures("build/figures", "store", figures); !written) give_up(written.error());
}
