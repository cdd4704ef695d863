// Works on a store until it is killed, for the crash test. Given what it does (crash_points.inc), the data folder and
// an argument. "write" writes from several threads and prints each acknowledged write to standard output: "put KEY
// REVISION" or "delete KEY REVISION", one line, one write(2) each. SLIPWAY_STORE_KILL="N before" (or "N after") kills
// it at the N-th operation that SQLite does on a file.
#include <cstdlib>
#include <fmt/core.h>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/log.h"
#include "store/faults/fault_vfs.h"
#include "store/snapshot/snapshot.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using namespace slipway;
using store::Revision;

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

template <typename T>
void check(const base::Result<T>& result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().message());
  std::_Exit(2);
}

std::string value_of(const std::string& key, Revision revision) {
  const std::string head = fmt::format("{} {} ", key, revision);
  // Several pages long, so that a torn write would show.
  return head + std::string(static_cast<std::size_t>(revision % 9'000), 'x');
}

void write_for_ever(store::Store& store, const std::string& prefix) {
  for (int round = 0;; ++round) {
    const std::string key = fmt::format("{}/{}", prefix, round % 50);
    const auto encode = [&](Revision revision) { return value_of(key, revision); };
    const auto present = store.get(key);
    const bool remove = present && round % 7 == 0;
    const auto written = !present ? store.create(key, encode)
                         : remove ? store.remove(key, present->revision, encode)
                                  : store.update(key, present->revision, encode);
    check(written);
    say(fmt::format("{} {} {}\n", remove ? "delete" : "put", key, written->revision));
  }
}

void write(const std::string& folder, const std::string& name) {
  store::SqliteOptions options;
  options.checkpoint_frames = 60;
  auto store = store::open_sqlite_store(folder, {}, options);
  check(store);
  say(fmt::format("open - {}\n", (*store)->revision()));
  std::vector<std::jthread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&, i] {
      write_for_ever(**store, fmt::format("{}{}-{}", i % 2 == 0 ? "" : "/registry/core/secrets/", name, i));
    });
}

void arm() {
  const char* wanted = std::getenv("SLIPWAY_STORE_KILL");
  if (wanted == nullptr) return;
  std::istringstream text(wanted);
  store::FaultVfs::Fault fault;
  std::string moment;
  text >> fault.at >> moment;
  fault.effect = moment == "after" ? store::FaultVfs::Effect::kKillAfter : store::FaultVfs::Effect::kKill;
  store::FaultVfs::instance().arm(fault);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: {} write|rotate|seal|save|restore FOLDER NAME|FILE|PREFIX\n", argv[0]);
    return 64;
  }
  base::set_log_level(base::LogLevel::kError);
  arm();
  const std::string mode = argv[1], folder = argv[2], argument = argv[3];
  if (mode == "write") write(folder, argument);
  if (mode == "rotate") check(store::rotate_encryption(folder));
  if (mode == "save") check(store::save_snapshot(folder, argument));
  if (mode == "restore") check(store::restore_snapshot(argument, folder, {}));
  if (mode == "seal") {
    store::SqliteOptions options;
    options.encryption.prefixes.push_back(argument);
    check(store::open_sqlite_store(folder, {}, options));
  }
}
