#include "cloudinit/content_encoding.h"

#include <algorithm>
#include <fmt/core.h>

#include "data/encoding.h"
#include "data/gzip.h"

namespace slipway::cloudinit {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

Result<std::string> unpack_gzip(std::string_view packed, std::size_t limit) {
  auto bytes = data::gzip_decompress(packed, limit);
  if (bytes) return bytes;
  if (bytes.error().code() == ErrorCode::kTooLarge)
    return fail(ErrorCode::kTooLarge, fmt::format("unpacks to more than {} bytes", limit));
  return fail(ErrorCode::kInvalid, "is not valid gzip data");
}

// Base64 as people wrap it: line breaks and spaces are left out before the strict reader.
Result<std::string> unpack_base64(std::string_view text) {
  std::string joined(text);
  std::erase_if(joined, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
  auto bytes = data::base64_decode(joined);
  if (!bytes) return fail(ErrorCode::kInvalid, "is not valid base64 text");
  return bytes;
}

}  // namespace

Result<std::string> decode_content(std::string_view content, std::string_view encoding, std::size_t limit) {
  std::string kind(encoding);
  std::ranges::transform(kind, kind.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const bool is_plain = kind.empty() || kind == "text/plain";
  const bool is_base64 = kind == "base64" || kind == "b64";
  const bool is_gzip = kind == "gzip" || kind == "gz";
  const bool is_both = kind == "gzip+base64" || kind == "gz+base64" || kind == "gzip+b64" || kind == "gz+b64";
  if (!is_plain && !is_base64 && !is_gzip && !is_both)
    return fail(ErrorCode::kUnsupported,
                fmt::format("has the unknown encoding '{}'; use base64, gzip or gzip+base64", kind.substr(0, 40)));
  std::string bytes = is_base64 || is_both ? SLIPWAY_TRY(unpack_base64(content)) : std::string(content);
  if (is_gzip || is_both) bytes = SLIPWAY_TRY(unpack_gzip(bytes, limit));
  if (bytes.size() > limit) return fail(ErrorCode::kTooLarge, fmt::format("is larger than {} bytes", limit));
  return bytes;
}

}  // namespace slipway::cloudinit
