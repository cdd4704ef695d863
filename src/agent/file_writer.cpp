#include "agent/file_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <ranges>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace slipway::agent {

using base::ErrorCode;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

namespace {

struct Ownership {
  uid_t user = 0;
  gid_t group = 0;
};

// "user" or "user:group"; numbers are taken as they are.
Result<Ownership> look_up(const std::string& owner) {
  const std::size_t colon = owner.find(':');
  const std::string user = owner.substr(0, colon);
  Ownership result;
  char* end = nullptr;
  if (const passwd* entry = ::getpwnam(user.c_str()); entry != nullptr) {
    result = {entry->pw_uid, entry->pw_gid};
  } else {
    result.user = static_cast<uid_t>(std::strtoul(user.c_str(), &end, 10));
    if (user.empty() || *end != '\0')
      return base::fail(ErrorCode::kInvalid, fmt::format("this host has no user '{}'", user));
  }
  if (colon == std::string::npos) return result;
  const std::string group_name = owner.substr(colon + 1);
  if (const struct ::group* known = ::getgrnam(group_name.c_str()); known != nullptr) {
    result.group = known->gr_gid;
  } else {
    result.group = static_cast<gid_t>(std::strtoul(group_name.c_str(), &end, 10));
    if (group_name.empty() || *end != '\0')
      return base::fail(ErrorCode::kInvalid, fmt::format("this host has no group '{}'", group_name));
  }
  return result;
}

bool is_there(const fs::path& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::ranges::find(list, item) != list.end();
}

// Content, mode, owner and times: the host looks as before when the copy is put back.
Status copy_as_is(const fs::path& from, const fs::path& to) {
  struct stat info{};
  if (::lstat(from.c_str(), &info) != 0) return base::errno_error(errno, from.string());
  if (!S_ISREG(info.st_mode))
    return base::fail(ErrorCode::kInvalid, fmt::format("{} is no regular file and is not replaced", from.string()));
  const std::string content = SLIPWAY_TRY(base::read_file(from));
  SLIPWAY_TRY(base::write_file_atomically(to, content, info.st_mode & 07777));
  if (::chown(to.c_str(), info.st_uid, info.st_gid) != 0 && ::geteuid() == 0)
    return base::errno_error(errno, to.string());
  const timespec times[2] = {info.st_atim, info.st_mtim};
  ::utimensat(AT_FDCWD, to.c_str(), times, 0);
  return {};
}

}  // namespace

Status FileWriter::plan_one(const std::string& path, WorkState& state) const {
  std::vector<std::string> missing;
  for (fs::path place = path; place != place.root_path(); place = place.parent_path()) {
    if (is_there(environment_.root.at(place.string())) || contains(state.created, place.string())) break;
    missing.push_back(place.string());
  }
  state.created.insert(state.created.end(), missing.rbegin(), missing.rend());
  if (!missing.empty() || contains(state.created, path)) return {};
  if (std::ranges::find(state.replaced, path, &ReplacedFile::path) != state.replaced.end()) return {};
  const std::string name = fmt::format("{}", state.replaced.size());
  SLIPWAY_TRY(base::make_folders(backup(name).parent_path(), 0700));
  SLIPWAY_TRY(copy_as_is(environment_.root.at(path), backup(name)));
  state.replaced.push_back({path, name});
  return {};
}

Status FileWriter::plan(const std::vector<cloudinit::WriteFile>& files, WorkState& state) const {
  for (const cloudinit::WriteFile& file : files) SLIPWAY_TRY(plan_one(file.path, state).with_context(file.path));
  return {};
}

Status FileWriter::write(const cloudinit::WriteFile& file) const {
  const fs::path path = environment_.root.at(file.path);
  const Ownership owner = SLIPWAY_TRY(look_up(file.owner).with_context(file.path));
  const auto mode = static_cast<mode_t>(std::strtoul(file.permissions.c_str(), nullptr, 8));
  SLIPWAY_TRY(base::make_folders(path.parent_path()).with_context(file.path));
  const bool other_owner = owner.user != ::geteuid() || owner.group != ::getegid();
  // Nobody else reads it before it belongs to its owner.
  SLIPWAY_TRY(base::write_file_atomically(path, file.content, other_owner ? 0600 : mode).with_context(file.path));
  if (!other_owner) return {};
  if (::chown(path.c_str(), owner.user, owner.group) != 0 || ::chmod(path.c_str(), mode) != 0)
    return base::errno_error(errno, file.path);
  return {};
}

Status FileWriter::take_back(const WorkState& state) const {
  for (const ReplacedFile& file : state.replaced) {
    if (!is_there(backup(file.backup))) continue;
    const fs::path path = environment_.root.at(file.path);
    SLIPWAY_TRY(base::make_folders(path.parent_path()));
    SLIPWAY_TRY(copy_as_is(backup(file.backup), path).with_context("putting a file back"));
  }
  for (const std::string& path : std::views::reverse(state.created)) {
    const fs::path outside = environment_.root.at(path);
    struct stat info{};
    if (::lstat(outside.c_str(), &info) != 0) continue;
    // A folder that somebody else uses by now stays.
    const int failed = S_ISDIR(info.st_mode) ? ::rmdir(outside.c_str()) : ::unlink(outside.c_str());
    if (failed != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY)
      return base::errno_error(errno, outside.string());
  }
  return {};
}

}  // namespace slipway::agent
