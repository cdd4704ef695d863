#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/result.h"

namespace slipway::base {

// An Error for errno `number`: ENOENT -> kNotFound, ENOSPC and EDQUOT -> kNoSpace, EACCES -> kForbidden, ...
Error errno_error(int number, std::string_view what);

// Reads a whole regular file; kTooLarge above `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 64u << 20);

// Replaces `path` in one step (temporary file beside it, fsync, rename, fsync of the folder). After a crash the file
// has either its old or its new content. The folder must exist.
Status write_file_atomically(const std::filesystem::path& path, std::string_view content, mode_t mode);

// Creates the folder and its missing parents; an existing one keeps its mode.
Status make_folders(const std::filesystem::path& path, mode_t mode = 0755);

// Removes a file or a whole folder without following symbolic links or crossing into other mounts below it.
// Nothing there is success.
Status remove_tree(const std::filesystem::path& path);

// A folder that is removed with its content at the end of the object's life (tests, scratch space).
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> create(std::string_view prefix = "slipway");
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace slipway::base
