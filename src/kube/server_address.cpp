#include "kube/server_address.h"

#include <fmt/core.h>

namespace slipway::kube {

using base::ErrorCode;
using base::fail;
using base::Result;

bool ServerAddress::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Result<ServerAddress> parse_server(const std::string& url) {
  const auto bad = [&url](std::string_view why) {
    return fail(ErrorCode::kInvalid, fmt::format("kubeconfig server \"{}\": {}", url, why));
  };
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return bad("only https:// is supported");
  std::string_view rest = std::string_view(url).substr(kScheme.size());
  ServerAddress server{.host = "", .port = "443", .prefix = ""};
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    server.prefix = rest.substr(slash);
    while (server.prefix.ends_with('/')) server.prefix.pop_back();
    rest = rest.substr(0, slash);
  }
  if (rest.find('@') != std::string_view::npos) return bad("credentials in the URL are not supported");
  const std::size_t bracket = rest.find(']');
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    server.port = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  server.host = rest;
  const bool numeric = !server.port.empty() && server.port.find_first_not_of("0123456789") == std::string::npos;
  if (server.host.empty() || !numeric) return bad("needs the form https://host:port");
  return server;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace slipway::kube
