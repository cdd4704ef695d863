#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_message.h"

// The text side of HTTP/1.1 without I/O. Internal to net.
namespace slipway::net {

std::string_view status_text(int status);

// Fills path and query from target. kBadRequest for a malformed percent code, a NUL or a target without a leading '/'.
base::Status parse_target(HttpRequest& request);

struct HeadOptions {
  bool keep_alive = true;
  bool chunked = false;       // else Content-Length of the body
  bool until_close = false;   // neither: the body ends with the connection (HTTP/1.0)
  bool without_body = false;  // 1xx, 204, 304: neither length nor body
};
// Status line, headers and the empty line. Line breaks inside names and values become spaces.
std::string render_head(const HttpResponse& response, const HeadOptions& options);

std::string render_chunk(std::string_view bytes);

}  // namespace slipway::net
