#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "agent/host_root.h"
#include "base/result.h"

namespace slipway::agent {

// One file, folder or link as it was recorded.
struct RecordedEntry {
  enum class Kind { kFile, kFolder, kLink, kOther };
  Kind kind = Kind::kOther;
  unsigned mode = 0;
  unsigned user = 0;
  unsigned group = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;
  std::string content;  // sha256 of a file, target of a link
};

// What stood in a distribution's places, which interfaces, mounts and cgroups there were, before a cluster came: the
// image's embedded parts and whatever the administrator put there.
struct HostRecord {
  std::map<std::string, RecordedEntry, std::less<>> entries;  // by path, as the host calls it
  std::vector<std::string> links;
  std::vector<std::string> mounts;
  std::vector<std::string> cgroups;

  bool has(std::string_view path) const { return entries.find(path) != entries.end(); }
};

// Walks the places. Hashes of files that `previous` knows with the same size, time and inode are taken from it.
base::Result<HostRecord> record_host(const HostRoot& root, const std::vector<std::string>& places,
                                     std::vector<std::string> mounts, const HostRecord* previous);

// Control groups of the upper levels.
std::vector<std::string> list_cgroups(const HostRoot& root);

base::Result<HostRecord> load_host_record(const std::filesystem::path& file);  // kNotFound: none yet
base::Status save_host_record(const std::filesystem::path& file, const HostRecord& record);

// How the host differs from the record.
struct RecordDifference {
  std::vector<std::string> extra;    // children before parents
  std::vector<std::string> missing;  // parents before children
  std::vector<std::string> changed;  // content or kind
};
base::Result<RecordDifference> compare_with_record(const HostRoot& root, const std::vector<std::string>& places,
                                                   const HostRecord& record);

// Removes everything in the places that the record does not have, brings recorded folders and links back, repairs mode
// and owner. Files that the record has are never removed or written. Returns what cannot be restored, for people.
base::Result<std::vector<std::string>> restore_record(const HostRoot& root, const std::vector<std::string>& places,
                                                      const HostRecord& record);

}  // namespace slipway::agent
