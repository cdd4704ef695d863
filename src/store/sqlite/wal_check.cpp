#include "store/sqlite/wal_check.h"

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <map>
#include <string>
#include <string_view>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "store/sqlite/store_file.h"

namespace slipway::store {

namespace {

constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kFrameHeaderSize = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // the lowest bit: checksums over big-endian words

std::uint32_t word_at(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const Checksum&) const = default;

  void add(const char* bytes, std::size_t size, bool big_endian) {
    for (std::size_t at = 0; at + 8 <= size; at += 8) {
      std::uint32_t words[2];
      std::memcpy(words, bytes + at, sizeof words);
      if (big_endian != (std::endian::native == std::endian::big))
        for (std::uint32_t& word : words) word = __builtin_bswap32(word);
      first += words[0] + second;
      second += words[1] + first;
    }
  }
};

Checksum checksum_at(const char* bytes) {
  return {word_at(bytes), word_at(bytes + 4)};
}

bool is_page_size(std::uint32_t size) {
  return size >= 512 && size <= 65'536 && std::has_single_bit(size);
}

class WalReader {
 public:
  WalReader(int fd, int database) : fd_(fd), database_(database) {}

  // False when the frames show that something synced is damaged.
  bool is_whole() {
    std::string header(kHeaderSize, '\0');
    if (!read(fd_, 0, header)) return true;
    const std::uint32_t magic = word_at(header.data());
    big_endian_ = (magic & 1) != 0;
    page_size_ = word_at(header.data() + 8);
    salt_ = header.substr(16, 8);
    Checksum running;
    running.add(header.data(), 24, big_endian_);
    const bool is_good =
        (magic & ~1u) == kMagic && is_page_size(page_size_) && running == checksum_at(header.data() + 24);
    return is_good ? frames_are_whole(running) : is_copied();
  }

 private:
  struct Frame {
    std::string bytes;
    bool fits = false;     // of this run of the WAL, with a checksum that follows from the one before
    bool commits = false;  // the last of a transaction
  };

  static bool read(int fd, std::uint64_t offset, std::string& into) {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      done += static_cast<std::size_t>(got);
    }
    return true;
  }

  bool read_frame(std::uint64_t number, Checksum& running, Frame& frame) const {
    frame.bytes.resize(kFrameHeaderSize + page_size_);
    if (!read(fd_, kHeaderSize + number * frame.bytes.size(), frame.bytes)) return false;
    // Another salt: older than the last restart of the WAL, so everything in it was copied into the database.
    const bool is_of_this_run = std::string_view(frame.bytes).substr(8, 8) == salt_;
    Checksum found = running;
    found.add(frame.bytes.data(), 8, big_endian_);
    found.add(frame.bytes.data() + kFrameHeaderSize, page_size_, big_endian_);
    running = checksum_at(frame.bytes.data() + 16);
    frame.fits = is_of_this_run && found == running;
    frame.commits = is_of_this_run && word_at(frame.bytes.data() + 4) != 0;
    return true;
  }

  bool frames_are_whole(Checksum running) const {
    Frame frame;
    bool is_broken = false;
    bool ended_behind_the_break = false;
    for (std::uint64_t number = 0; read_frame(number, running, frame); ++number) {
      if (frame.fits && ended_behind_the_break) return false;
      is_broken = is_broken || !frame.fits;
      ended_behind_the_break = is_broken && frame.commits;
    }
    return true;
  }

  // The header is wrong. A crash leaves that when the WAL begins anew, after all of it was copied into the database; so
  // what it holds must be there.
  bool is_copied() {
    std::string head(18, '\0');
    if (!read(database_, 0, head)) return true;
    page_size_ = word_at(head.data() + 14) & 0xffff;
    if (page_size_ == 1) page_size_ = 65'536;
    if (!is_page_size(page_size_)) return true;
    big_endian_ = std::endian::native == std::endian::big;
    Frame frame;
    Checksum running;
    std::map<std::uint32_t, std::string> pages, uncommitted;
    for (std::uint64_t number = 0; read_frame(number, running, frame); ++number) {
      // The first one has nothing before it that could tell.
      if (number == 0) salt_ = frame.bytes.substr(8, 8);
      if (number > 0 && !frame.fits) break;
      uncommitted[word_at(frame.bytes.data())] = frame.bytes.substr(kFrameHeaderSize);
      if (word_at(frame.bytes.data() + 4) == 0) continue;
      pages.merge(uncommitted);
      for (auto& [page, content] : uncommitted) pages[page] = std::move(content);
      uncommitted.clear();
    }
    std::string there(page_size_, '\0');
    for (const auto& [page, content] : pages)
      if (page == 0 || !read(database_, std::uint64_t{page - 1} * page_size_, there) || there != content) return false;
    return true;
  }

  const int fd_;
  const int database_;
  std::uint32_t page_size_ = 0;
  std::string salt_;
  bool big_endian_ = false;
};

}  // namespace

base::Status check_wal(const std::filesystem::path& database) {
  const std::filesystem::path file = database.string() + "-wal";
  const base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno == ENOENT ? base::Status() : base::Status(base::errno_error(errno, file.string()));
  const base::UniqueFd into(::open(database.c_str(), O_RDONLY | O_CLOEXEC));
  if (!into.valid())
    return errno == ENOENT ? base::Status() : base::Status(base::errno_error(errno, database.string()));
  if (!WalReader(fd.get(), into.get()).is_whole())
    return damaged(database, fmt::format("{} has a break amid acknowledged writes", file.string()));
  return {};
}

}  // namespace slipway::store
