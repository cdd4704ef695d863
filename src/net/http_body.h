#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::net {

// Collects the body of one HTTP/1.1 message (RFC 9112 sections 6 and 7) as its bytes come. Chunk extensions and
// trailers are read over and dropped. Our own because Beast's chunk parser asserts on some splits of the last chunk
// (boostorg/beast pull request 2861, later than Debian's 1.81). Internal to net.
class HttpBody {
 public:
  enum class Framing { kNone, kLength, kChunked, kUntilEnd };
  HttpBody(Framing framing, std::uint64_t length, std::size_t limit);

  // Takes what belongs to the body; returns how much that was. kTooLarge above the limit (at once when a length says
  // so), kBadRequest for broken chunks.
  base::Result<std::size_t> take(std::string_view bytes);
  bool complete() const { return state_ == State::kDone; }
  // The connection ended: completes kUntilEnd.
  void end_of_stream();
  std::string release() { return std::move(text_); }

 private:
  enum class State { kData, kUntilEnd, kChunkSize, kChunkData, kChunkEnd, kTrailer, kDone };
  base::Status append(std::string_view bytes);
  base::Result<std::size_t> step(std::string_view bytes);
  // A line without its CRLF, once it is whole; it may come in pieces.
  base::Result<std::optional<std::string>> line(std::string_view bytes, std::size_t& used);
  base::Status begin_chunk(std::string_view size_line);

  State state_;
  std::uint64_t left_;  // of the body or of the present chunk
  const std::size_t limit_;
  std::string text_;
  std::string line_;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace slipway::net
