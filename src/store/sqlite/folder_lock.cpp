#include "store/sqlite/folder_lock.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <fstream>
#include <string>
#include <sys/file.h>
#include <unistd.h>

#include "base/files.h"

namespace slipway::store {

namespace {

std::string holder_of(const std::filesystem::path& path) {
  std::string id;
  std::ifstream(path) >> id;
  if (id.empty()) return "another process";
  std::string name;
  std::ifstream(fmt::format("/proc/{}/comm", id)) >> name;
  return name.empty() ? fmt::format("process {}", id) : fmt::format("process {} ({})", id, name);
}

}  // namespace

base::Result<base::UniqueFd> lock_folder(const std::filesystem::path& folder) {
  const auto path = folder / "store.lock";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return base::errno_error(errno, path.string());
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::errno_error(errno, path.string());
    return base::fail(base::ErrorCode::kUnavailable,
                      fmt::format("the data folder {} is in use by {}; stop it or choose another folder",
                                  folder.string(), holder_of(path)));
  }
  const std::string id = fmt::format("{}\n", ::getpid());
  // Only a courtesy for the message above: a full disk must not keep the store from opening.
  if (::ftruncate(fd.get(), 0) == 0) [[maybe_unused]]
    const auto written = ::pwrite(fd.get(), id.data(), id.size(), 0);
  return fd;
}

}  // namespace slipway::store
