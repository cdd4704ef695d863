#include "base/files.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "base/random.h"
#include "base/unique_fd.h"

namespace slipway::base {

namespace fs = std::filesystem;

Error errno_error(int number, std::string_view what) {
  ErrorCode code = ErrorCode::kUnknown;
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      code = ErrorCode::kNotFound;
      break;
    case EEXIST:
      code = ErrorCode::kAlreadyExists;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::kForbidden;
      break;
    case ENOSPC:
    case EDQUOT:
      code = ErrorCode::kNoSpace;
      break;
    case ETIMEDOUT:
      code = ErrorCode::kTimeout;
      break;
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPIPE:
      code = ErrorCode::kUnavailable;
      break;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
      code = ErrorCode::kInvalid;
      break;
    default:
      break;
  }
  return Error(code, fmt::format("{}: {}", what, std::strerror(number)));
}

Result<std::string> read_file(const fs::path& path, std::size_t limit) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, path.string());
  std::string content;
  char buffer[65536];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got == 0) return content;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, path.string());
    if (content.size() + static_cast<std::size_t>(got) > limit)
      return Error(ErrorCode::kTooLarge, fmt::format("{}: larger than {} bytes", path.string(), limit));
    content.append(buffer, static_cast<std::size_t>(got));
  }
}

namespace {

Status write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno_error(errno, path.string());
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Status sync_folder(const fs::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return errno_error(errno, folder.string());
  return {};
}

}  // namespace

Status write_file_atomically(const fs::path& path, std::string_view content, mode_t mode) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const fs::path temporary = folder / fmt::format(".{}.{}", path.filename().string(), SystemRandom::instance().hex(6));
  const auto write_temporary = [&]() -> Status {
    UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) return errno_error(errno, path.string());
    SLIPWAY_TRY(write_all(fd.get(), content, path));
    if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) return errno_error(errno, path.string());
    if (::rename(temporary.c_str(), path.c_str()) != 0) return errno_error(errno, path.string());
    return {};
  };
  Status written = write_temporary();
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_folder(folder);
}

Status make_folders(const fs::path& path, mode_t mode) {
  if (path.empty() || path == path.root_path()) return {};
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    return Error(ErrorCode::kInvalid, fmt::format("{}: is not a folder", path.string()));
  }
  SLIPWAY_TRY(make_folders(path.parent_path(), 0755));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return errno_error(errno, path.string());
  return {};
}

Status remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error && error.value() != ENOENT) return errno_error(error.value(), path.string());
  return {};
}

Result<TemporaryFolder> TemporaryFolder::create(std::string_view prefix) {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = fmt::format("{}/{}-XXXXXX", base != nullptr ? base : "/tmp", prefix);
  if (::mkdtemp(pattern.data()) == nullptr) return errno_error(errno, pattern);
  return TemporaryFolder(fs::path(pattern));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::move(other.path_)) {
  other.path_.clear();
}

TemporaryFolder::~TemporaryFolder() {
  if (!path_.empty()) (void)remove_tree(path_);
}

}  // namespace slipway::base
