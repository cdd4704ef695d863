// Writes to a store from several threads until it is killed, and prints each acknowledged write to standard output:
// "put KEY REVISION" or "delete KEY REVISION", one line, one write(2) each. For the crash test.
#include <fmt/core.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "store/sqlite/sqlite_store.h"

namespace {

using slipway::store::Revision;

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

std::string value_of(const std::string& key, Revision revision) {
  const std::string head = fmt::format("{} {} ", key, revision);
  // Several pages long, so that a torn write would show.
  return head + std::string(static_cast<std::size_t>(revision % 9'000), 'x');
}

void write_for_ever(slipway::store::Store& store, const std::string& prefix) {
  for (int round = 0;; ++round) {
    const std::string key = fmt::format("{}/{}", prefix, round % 50);
    const auto encode = [&](Revision revision) { return value_of(key, revision); };
    const auto present = store.get(key);
    const bool remove = present && round % 7 == 0;
    const auto written = !present ? store.create(key, encode)
                         : remove ? store.remove(key, present->revision, encode)
                                  : store.update(key, present->revision, encode);
    if (!written) {
      fmt::print(stderr, "{}\n", written.error().message());
      std::_Exit(2);
    }
    say(fmt::format("{} {} {}\n", remove ? "delete" : "put", key, written->revision));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: {} FOLDER WRITER-NAME\n", argv[0]);
    return 64;
  }
  auto store = slipway::store::open_sqlite_store(argv[1]);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().message());
    return 1;
  }
  say(fmt::format("open - {}\n", (*store)->revision()));
  std::vector<std::jthread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&, i] { write_for_ever(**store, fmt::format("{}-{}", argv[2], i)); });
}
