#include "data/gzip.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <zlib.h>

namespace slipway::data {

namespace {

constexpr int kGzipWindow = 16 + MAX_WBITS;
constexpr int kMemoryLevel = 8;
constexpr std::size_t kChunk = 64u << 10;

Bytef* zlib_bytes(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib reads them only
}

}  // namespace

std::string gzip_compress(std::string_view bytes, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = zlib_bytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int state = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) std::abort();  // deflateBound is enough for every input
  packed.shrink_to_fit();
  return packed;
}

base::Result<std::string> gzip_decompress(std::string_view bytes, std::size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) std::abort();
  stream.next_in = zlib_bytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string plain;
  int state = Z_OK;
  while (state == Z_OK && plain.size() <= max_bytes) {
    const std::size_t before = plain.size();
    plain.resize(before + std::min(kChunk, max_bytes + 1 - before));
    stream.next_out = reinterpret_cast<Bytef*>(plain.data() + before);
    stream.avail_out = static_cast<uInt>(plain.size() - before);
    state = inflate(&stream, Z_NO_FLUSH);
    plain.resize(plain.size() - stream.avail_out);
    if (state == Z_OK && stream.avail_in == 0 && stream.avail_out != 0) break;
  }
  const bool rest = stream.avail_in != 0;
  inflateEnd(&stream);
  if (plain.size() > max_bytes)
    return base::fail(base::ErrorCode::kTooLarge, fmt::format("gzip data holds more than {} bytes", max_bytes));
  if (state != Z_STREAM_END || rest)
    return base::fail(base::ErrorCode::kInvalid, "the data is no complete gzip stream");
  plain.shrink_to_fit();
  return plain;
}

}  // namespace slipway::data
