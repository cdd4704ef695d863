#include "agent/host_record.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "data/json_text.h"
#include "pki/certificate.h"

namespace slipway::agent {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;
namespace fs = std::filesystem;
using Kind = RecordedEntry::Kind;

namespace {

constexpr std::size_t kMaxEntries = 200'000;
constexpr std::string_view kKindLetters = "fdlo";

// Mapped, not read: an image archive may be larger than the memory we want to use.
Result<std::string> hash_file(const fs::path& path, std::int64_t size) {
  if (size == 0) return pki::sha256_hex("");
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return base::errno_error(errno, path.string());
  const auto length = static_cast<std::size_t>(size);
  void* bytes = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (bytes == MAP_FAILED) return base::errno_error(errno, path.string());
  ::madvise(bytes, length, MADV_SEQUENTIAL);
  std::string hash = pki::sha256_hex({static_cast<const char*>(bytes), length});
  ::munmap(bytes, length);
  return hash;
}

RecordedEntry describe(const struct stat& info) {
  RecordedEntry entry;
  entry.kind = S_ISREG(info.st_mode)   ? Kind::kFile
               : S_ISDIR(info.st_mode) ? Kind::kFolder
               : S_ISLNK(info.st_mode) ? Kind::kLink
                                       : Kind::kOther;
  entry.mode = info.st_mode & 07777u;
  entry.user = info.st_uid;
  entry.group = info.st_gid;
  entry.size = entry.kind == Kind::kFile ? info.st_size : 0;
  entry.modified_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  entry.inode = info.st_ino;
  return entry;
}

bool same_file(const RecordedEntry& left, const RecordedEntry& right) {
  return left.kind == right.kind && left.size == right.size && left.modified_ns == right.modified_ns &&
         left.inode == right.inode;
}

// Every entry of the places, by host path; `previous` spares hashing.
class Walker {
 public:
  // With only_known, files that `previous` does not have are not hashed.
  Walker(const HostRoot& root, const HostRecord* previous, bool only_known)
      : root_(root), previous_(previous), only_known_(only_known) {}

  Status walk(const std::string& path) {
    struct stat info{};
    const fs::path outside = root_.at(path);
    if (::lstat(outside.c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return {};
      return base::errno_error(errno, path);
    }
    if (entries_.size() >= kMaxEntries)
      return base::fail(ErrorCode::kTooLarge, fmt::format("more than {} files to record", kMaxEntries));
    RecordedEntry entry = describe(info);
    SLIPWAY_TRY(read_content(path, outside, entry));
    const bool folder = entry.kind == Kind::kFolder;
    entries_.emplace(path, std::move(entry));
    if (!folder) return {};
    std::error_code error;
    for (const fs::directory_entry& child : fs::directory_iterator(outside, error))
      SLIPWAY_TRY(walk(path + "/" + child.path().filename().string()));
    if (error && error.value() != ENOENT) return base::errno_error(error.value(), path);
    return {};
  }

  std::map<std::string, RecordedEntry, std::less<>> take() { return std::move(entries_); }

 private:
  Status read_content(const std::string& path, const fs::path& outside, RecordedEntry& entry) const {
    std::error_code error;
    if (entry.kind == Kind::kLink) entry.content = fs::read_symlink(outside, error).string();
    if (entry.kind != Kind::kFile) return {};
    if (previous_ != nullptr) {
      const auto known = previous_->entries.find(path);
      if (known == previous_->entries.end() && only_known_) return {};
      if (known != previous_->entries.end() && same_file(known->second, entry)) {
        entry.content = known->second.content;
        return {};
      }
    }
    Result<std::string> hash = hash_file(outside, entry.size);
    if (!hash && hash.error().code() == ErrorCode::kNotFound) return {};
    entry.content = SLIPWAY_TRY(std::move(hash));
    return {};
  }

  const HostRoot& root_;
  const HostRecord* previous_;
  bool only_known_;
  std::map<std::string, RecordedEntry, std::less<>> entries_;
};

Result<std::map<std::string, RecordedEntry, std::less<>>> walk_places(const HostRoot& root,
                                                                      const std::vector<std::string>& places,
                                                                      const HostRecord* previous, bool only_known) {
  Walker walker(root, previous, only_known);
  for (const std::string& place : places) SLIPWAY_TRY(walker.walk(place));
  return walker.take();
}

Status make_again(const fs::path& outside, const RecordedEntry& entry) {
  if (entry.kind == Kind::kFolder) return base::make_folders(outside, entry.mode);
  if (entry.kind == Kind::kLink && ::symlink(entry.content.c_str(), outside.c_str()) != 0 && errno != EEXIST)
    return base::errno_error(errno, outside.string());
  return {};
}

Status repair(const fs::path& outside, const RecordedEntry& entry) {
  struct stat info{};
  if (::lstat(outside.c_str(), &info) != 0) return {};
  if ((info.st_uid != entry.user || info.st_gid != entry.group) &&
      ::lchown(outside.c_str(), entry.user, entry.group) != 0)
    return base::errno_error(errno, outside.string());
  if (entry.kind != Kind::kLink && (info.st_mode & 07777u) != entry.mode && ::chmod(outside.c_str(), entry.mode) != 0)
    return base::errno_error(errno, outside.string());
  return {};
}

// Controllers' hierarchies and the groups just below: deep enough for every kubelet's --cgroup-root in use.
constexpr int kCgroupDepth = 4;

Json to_json(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.append(text);
  return list;
}

std::vector<std::string> to_texts(const Json& list) {
  std::vector<std::string> result;
  for (const Json& item : list.items()) result.push_back(item.string_or_empty());
  return result;
}

}  // namespace

std::vector<std::string> list_cgroups(const HostRoot& root) {
  std::vector<std::string> result;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator walk(root.at("/sys/fs/cgroup"), options, error);
       !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (walk->is_symlink(error) || !walk->is_directory(error)) continue;
    if (walk.depth() + 1 >= kCgroupDepth) walk.disable_recursion_pending();
    result.push_back(root.inside(walk->path()).string());
  }
  return result;
}

Result<HostRecord> record_host(const HostRoot& root, const std::vector<std::string>& places,
                               std::vector<std::string> mounts, const HostRecord* previous) {
  HostRecord record;
  record.entries = SLIPWAY_TRY(walk_places(root, places, previous, false));
  record.mounts = std::move(mounts);
  std::error_code error;
  for (const fs::directory_entry& link : fs::directory_iterator(root.at("/sys/class/net"), error))
    record.links.push_back(link.path().filename());
  record.cgroups = list_cgroups(root);
  return record;
}

Result<HostRecord> load_host_record(const fs::path& file) {
  const std::string text = SLIPWAY_TRY(base::read_file(file));
  const Json json = SLIPWAY_TRY(data::parse_json(text).with_context(file.string()));
  HostRecord record;
  for (const auto& [path, value] : json["entries"].members()) {
    RecordedEntry& entry = record.entries[path];
    const std::size_t kind = kKindLetters.find(value.text({"kind"}));
    entry.kind = static_cast<Kind>(std::min<std::size_t>(kind, 3));
    entry.mode = static_cast<unsigned>(value["mode"].integer_or(0));
    entry.user = static_cast<unsigned>(value["user"].integer_or(0));
    entry.group = static_cast<unsigned>(value["group"].integer_or(0));
    entry.size = value["size"].integer_or(0);
    entry.modified_ns = value["modified"].integer_or(0);
    entry.inode = static_cast<std::uint64_t>(value["inode"].integer_or(0));
    entry.content = value.text({"content"});
  }
  record.links = to_texts(json["links"]);
  record.mounts = to_texts(json["mounts"]);
  record.cgroups = to_texts(json["cgroups"]);
  return record;
}

Status save_host_record(const fs::path& file, const HostRecord& record) {
  Json entries = Json::object();
  for (const auto& [path, entry] : record.entries)
    entries.set(path, Json::object({{"kind", std::string(1, kKindLetters[static_cast<std::size_t>(entry.kind)])},
                                    {"mode", std::int64_t{entry.mode}},
                                    {"user", std::int64_t{entry.user}},
                                    {"group", std::int64_t{entry.group}},
                                    {"size", entry.size},
                                    {"modified", entry.modified_ns},
                                    {"inode", static_cast<std::int64_t>(entry.inode)},
                                    {"content", entry.content}}));
  const Json json = Json::object({{"entries", std::move(entries)},
                                  {"links", to_json(record.links)},
                                  {"mounts", to_json(record.mounts)},
                                  {"cgroups", to_json(record.cgroups)}});
  return base::write_file_atomically(file, data::to_json(json) + "\n", 0600).with_context("the record of the host");
}

Result<RecordDifference> compare_with_record(const HostRoot& root, const std::vector<std::string>& places,
                                             const HostRecord& record) {
  const auto now = SLIPWAY_TRY(walk_places(root, places, &record, true));
  RecordDifference difference;
  for (const auto& [path, entry] : now) {
    const auto known = record.entries.find(path);
    if (known == record.entries.end()) {
      difference.extra.push_back(path);
    } else if (known->second.kind != entry.kind || known->second.content != entry.content) {
      difference.changed.push_back(path);
    }
  }
  std::ranges::sort(difference.extra, std::greater<>());
  for (const auto& [path, entry] : record.entries)
    if (!now.contains(path)) difference.missing.push_back(path);
  return difference;
}

Result<std::vector<std::string>> restore_record(const HostRoot& root, const std::vector<std::string>& places,
                                                const HostRecord& record) {
  const RecordDifference difference = SLIPWAY_TRY(compare_with_record(root, places, record));
  for (const std::string& path : difference.extra) {
    const fs::path outside = root.at(path);
    // One entry at a time: what is a mount point by now refuses to go, and nothing below a mount is touched.
    std::error_code error;
    fs::remove(outside, error);
    if (error) return base::errno_error(error.value(), fmt::format("removing {}", path));
  }
  std::vector<std::string> problems;
  for (const std::string& path : difference.missing) {
    const RecordedEntry& entry = record.entries.find(path)->second;
    if (entry.kind == Kind::kFile) {
      problems.push_back(fmt::format("{} of the image is missing", path));
    } else {
      SLIPWAY_TRY(make_again(root.at(path), entry).with_context("bringing back"));
    }
  }
  for (const std::string& path : difference.changed)
    problems.push_back(fmt::format("{} of the image was changed", path));
  for (const auto& [path, entry] : record.entries) SLIPWAY_TRY(repair(root.at(path), entry).with_context("repairing"));
  return problems;
}

}  // namespace slipway::agent
