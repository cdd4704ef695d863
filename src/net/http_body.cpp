#include "net/http_body.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::net {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kMaxLine = 1024;  // chunk size with extensions, or one trailer
constexpr std::size_t kMaxTrailers = 8u << 10;
constexpr std::size_t kMaxSizeDigits = 8;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Error broken(std::string_view why) {
  return fail(ErrorCode::kBadRequest, fmt::format("malformed HTTP message: {}", why));
}

}  // namespace

HttpBody::HttpBody(Framing framing, std::uint64_t length, std::size_t limit)
    : state_(State::kDone), left_(length), limit_(limit) {
  switch (framing) {
    case Framing::kNone:
      break;
    case Framing::kLength:
      if (length > 0) state_ = State::kData;
      break;
    case Framing::kChunked:
      state_ = State::kChunkSize;
      break;
    case Framing::kUntilEnd:
      state_ = State::kUntilEnd;
      break;
  }
}

void HttpBody::end_of_stream() {
  if (state_ == State::kUntilEnd) state_ = State::kDone;
}

Status HttpBody::append(std::string_view bytes) {
  if (bytes.size() > limit_ - text_.size()) {
    return fail(ErrorCode::kTooLarge, fmt::format("Request entity too large: limit is {}", limit_));
  }
  text_ += bytes;
  return {};
}

Result<std::optional<std::string>> HttpBody::line(std::string_view bytes, std::size_t& used) {
  const std::size_t end = bytes.find('\n');
  used = end == std::string_view::npos ? bytes.size() : end + 1;
  line_ += bytes.substr(0, used);
  if (line_.size() > kMaxLine) return broken("a chunk's line is too long");
  if (end == std::string_view::npos) return std::optional<std::string>();
  std::string whole = std::exchange(line_, {});
  if (!whole.ends_with("\r\n")) return broken("a chunk's line does not end in CRLF");
  whole.resize(whole.size() - 2);
  return std::optional<std::string>(std::move(whole));
}

Status HttpBody::begin_chunk(std::string_view size_line) {
  std::size_t digits = 0;
  std::uint64_t size = 0;
  while (digits < size_line.size() && hex_value(size_line[digits]) >= 0) {
    if (digits == kMaxSizeDigits)
      return fail(ErrorCode::kTooLarge, fmt::format("Request entity too large: limit is {}", limit_));
    size = size * 16 + static_cast<std::uint64_t>(hex_value(size_line[digits++]));
  }
  const std::string_view rest = size_line.substr(digits);
  if (digits == 0 || !(rest.empty() || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t'))
    return broken("a chunk without a size");
  if (size > limit_ - text_.size()) {
    return fail(ErrorCode::kTooLarge, fmt::format("Request entity too large: limit is {}", limit_));
  }
  left_ = size;
  state_ = size == 0 ? State::kTrailer : State::kChunkData;
  return {};
}

// One step; the state tells what the bytes are.
Result<std::size_t> HttpBody::step(std::string_view bytes) {
  std::size_t used = 0;
  switch (state_) {
    case State::kDone:
      return used;
    case State::kUntilEnd:
      SLIPWAY_TRY(append(bytes));
      return bytes.size();
    case State::kData:
    case State::kChunkData:
      used = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      SLIPWAY_TRY(append(bytes.substr(0, used)));
      left_ -= used;
      if (left_ == 0) state_ = state_ == State::kData ? State::kDone : State::kChunkEnd;
      return used;
    case State::kChunkSize:
      if (const auto text = SLIPWAY_TRY(line(bytes, used))) SLIPWAY_TRY(begin_chunk(*text));
      return used;
    case State::kChunkEnd:
      if (const auto text = SLIPWAY_TRY(line(bytes, used))) {
        if (!text->empty()) return broken("a chunk is longer than its size");
        state_ = State::kChunkSize;
      }
      return used;
    case State::kTrailer:
      if (const auto text = SLIPWAY_TRY(line(bytes, used))) {
        trailer_bytes_ += text->size() + 2;
        if (trailer_bytes_ > kMaxTrailers) return broken("its trailers are too long");
        if (text->empty()) state_ = State::kDone;
      }
      return used;
  }
  return used;
}

Result<std::size_t> HttpBody::take(std::string_view bytes) {
  // A length beyond the limit is refused before its first byte.
  if (state_ == State::kData && left_ > limit_ - text_.size()) {
    return fail(ErrorCode::kTooLarge, fmt::format("Request entity too large: limit is {}", limit_));
  }
  std::size_t total = 0;
  while (state_ != State::kDone && total < bytes.size()) total += SLIPWAY_TRY(step(bytes.substr(total)));
  return total;
}

}  // namespace slipway::net
