#include "apiserver/response_encoding.h"

#include <fmt/core.h>

#include "apiserver/header_list.h"
#include "data/gzip.h"
#include "pki/certificate.h"

namespace slipway::apiserver {

namespace {

constexpr std::size_t kWorthPacking = 128u << 10;
constexpr int kQuick = 1;

// "q=0", "q=0.0", ...
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = next_part(parameters, ';');
    if (!parameter.starts_with("q=")) continue;
    return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool accepts_type(std::string_view accept, std::string_view type) {
  if (trim(accept).empty()) return true;
  const std::string range = fmt::format("{}/*", type.substr(0, type.find('/')));
  while (!accept.empty()) {
    std::string_view offer = next_part(accept, ',');
    const std::string_view name = next_part(offer, ';');
    if ((name == type || name == range || name == "*/*") && !is_refused(offer)) return true;
  }
  return false;
}

bool accepts_encoding(std::string_view accept_encoding, std::string_view coding) {
  while (!accept_encoding.empty()) {
    std::string_view offer = next_part(accept_encoding, ',');
    const std::string_view name = next_part(offer, ';');
    if ((name == coding || name == "*") && !is_refused(offer)) return true;
  }
  return false;
}

std::string entity_tag(std::string_view body) {
  return fmt::format("\"{}\"", pki::sha256_hex(body));
}

bool is_unchanged(const net::HttpRequest& request, std::string_view tag) {
  std::string_view known = request.header("if-none-match");
  while (!known.empty()) {
    std::string_view one = next_part(known, ',');
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

void compress(const net::HttpRequest& request, net::HttpResponse& response) {
  std::size_t size = response.body.size();
  for (const net::SharedBytes& part : response.parts) size += part->size();
  if (request.method != "GET" || response.status != 200 || size <= kWorthPacking) return;
  for (const auto& [name, value] : response.headers)
    if (name == "content-encoding") return;
  response.headers.emplace_back("vary", "Accept-Encoding");
  if (!accepts_encoding(request.header("accept-encoding"), "gzip")) return;
  response.body = data::gzip_compress(response.whole_body(), kQuick);
  response.parts.clear();
  response.headers.emplace_back("content-encoding", "gzip");
}

}  // namespace slipway::apiserver
