#include "store/snapshot/snapshot_file.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <memory>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"

namespace slipway::store {

namespace {

using base::Result;
using base::Status;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string end() {
    std::string digest(32, '\0');
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size, const std::filesystem::path& file) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::errno_error(errno, file.string());
    if (got == 0) return base::fail(base::ErrorCode::kCorrupt, fmt::format("{}: it ends too early", file.string()));
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

Status digest_of(int fd, std::uint64_t size, Sha256& digest, const std::filesystem::path& file) {
  constexpr std::uint64_t kBlock = 1u << 20;
  for (std::uint64_t offset = 0; offset < size; offset += kBlock)
    digest.add(SLIPWAY_TRY(read_at(fd, offset, static_cast<std::size_t>(std::min(kBlock, size - offset)), file)));
  return {};
}

Result<base::UniqueFd> open_file(const std::filesystem::path& file, int flags, std::uint64_t& size) {
  base::UniqueFd fd(::open(file.c_str(), flags | O_CLOEXEC));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return base::errno_error(errno, file.string());
  if (!S_ISREG(info.st_mode))
    return base::fail(base::ErrorCode::kInvalid, fmt::format("{} is no ordinary file", file.string()));
  size = static_cast<std::uint64_t>(info.st_size);
  return fd;
}

}  // namespace

Status seal_snapshot_file(const std::filesystem::path& file, const SnapshotDescription& description) {
  SnapshotTrailer trailer;
  const base::UniqueFd fd = SLIPWAY_TRY(open_file(file, O_RDWR, trailer.database_size));
  const std::string text = description_text(description);
  trailer.description_size = text.size();
  Sha256 digest;
  SLIPWAY_TRY(digest_of(fd.get(), trailer.database_size, digest, file));
  digest.add(text);
  trailer.sha256 = digest.end();
  const std::string end = text + trailer.bytes();
  std::size_t done = 0;
  while (done < end.size()) {
    const ssize_t put =
        ::pwrite(fd.get(), end.data() + done, end.size() - done, static_cast<off_t>(trailer.database_size + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return base::errno_error(errno, file.string());
    done += static_cast<std::size_t>(put);
  }
  if (::fsync(fd.get()) != 0) return base::errno_error(errno, file.string());
  return {};
}

Result<SnapshotDescription> check_snapshot_file(const std::filesystem::path& file) {
  const auto corrupt = [&](std::string_view what) {
    return base::fail(base::ErrorCode::kCorrupt,
                      fmt::format("{} cannot be used: {}. Take another snapshot", file.string(), what));
  };
  std::uint64_t size = 0;
  const base::UniqueFd fd = SLIPWAY_TRY(open_file(file, O_RDONLY, size));
  if (size < SnapshotTrailer::kSize) return corrupt("it is too short for a snapshot");
  const std::string end = SLIPWAY_TRY(read_at(fd.get(), size - SnapshotTrailer::kSize, SnapshotTrailer::kSize, file));
  const auto trailer = parse_trailer(end, size);
  if (!trailer) return corrupt(trailer.error().message());
  const std::string text =
      SLIPWAY_TRY(read_at(fd.get(), trailer->database_size, static_cast<std::size_t>(trailer->description_size), file));
  Sha256 digest;
  SLIPWAY_TRY(digest_of(fd.get(), trailer->database_size, digest, file));
  digest.add(text);
  if (digest.end() != trailer->sha256) return corrupt("its checksum is wrong, so it was changed or damaged");
  auto description = parse_description(text);
  if (!description) return corrupt(description.error().message());
  return description;
}

}  // namespace slipway::store
