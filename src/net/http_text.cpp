#include "net/http_text.h"

#include <algorithm>
#include <fmt/core.h>

namespace slipway::net {

using base::ErrorCode;
using base::fail;

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (text[i] == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(ErrorCode::kBadRequest, "a malformed percent code in the URL");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return fail(ErrorCode::kBadRequest, "a NUL in the URL");
    out += c;
  }
  return out;
}

void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

}  // namespace

std::string_view status_text(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

base::Status parse_target(HttpRequest& request) {
  const std::string_view target = request.target;
  if (target.empty() || target[0] != '/') return fail(ErrorCode::kBadRequest, "the request target is no path");
  const std::string_view without_fragment = target.substr(0, target.find('#'));
  const std::size_t mark = without_fragment.find('?');
  request.path = SLIPWAY_TRY(percent_decode(without_fragment.substr(0, mark), false));
  std::string_view rest = mark == std::string_view::npos ? "" : without_fragment.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    std::string name = SLIPWAY_TRY(percent_decode(pair.substr(0, equals), true));
    const std::string_view raw = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    request.query.emplace(std::move(name), SLIPWAY_TRY(percent_decode(raw, true)));
  }
  return {};
}

std::string render_head(const HttpResponse& response, const HeadOptions& options) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, status_text(response.status));
  for (const auto& [name, value] : response.headers) {
    append_clean(head, name);
    head += ": ";
    append_clean(head, value);
    head += "\r\n";
  }
  if (options.chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!options.until_close && !options.without_body) {
    head += fmt::format("Content-Length: {}\r\n", response.body_size());
  }
  if (response.status != 101) head += options.keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  head += "\r\n";
  return head;
}

std::string render_chunk(std::string_view bytes) {
  std::string chunk = fmt::format("{:x}\r\n", bytes.size());
  chunk.reserve(chunk.size() + bytes.size() + 2);
  chunk += bytes;
  chunk += "\r\n";
  return chunk;
}

std::size_t HttpResponse::body_size() const {
  std::size_t size = body.size();
  for (const SharedBytes& part : parts) size += part->size();
  return size;
}

std::string HttpResponse::whole_body() const {
  std::string whole;
  whole.reserve(body_size());
  whole += body;
  for (const SharedBytes& part : parts) whole += *part;
  return whole;
}

std::string_view HttpRequest::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

std::string_view HttpRequest::query_value(std::string_view name) const {
  const auto found = query.find(std::string(name));
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

bool HttpRequest::has_query(std::string_view name) const {
  return query.contains(std::string(name));
}

std::string HttpRequest::peer_host() const {
  std::string_view host = std::string_view(peer_address).substr(0, peer_address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

}  // namespace slipway::net
