#include "daemon/door_address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/core.h>
#include <unistd.h>

namespace slipway::daemon {

using base::ErrorCode;
using base::fail;

bool ListenAddress::is_loopback() const {
  return host.starts_with("127.") || host == "::1" || host == "localhost";
}

base::Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto bad = [&] {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("'{}' is no address to listen on; write ADDR:PORT such as 127.0.0.1:6440 or [::1]:6440", text));
  };
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return bad();
  std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  ListenAddress address{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || port.empty()) return bad();
  return address;
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::string local_host(const ListenAddress& address) {
  if (address.host == "0.0.0.0") return "127.0.0.1";
  if (address.host == "::") return "::1";
  return address.host;
}

std::string reachable_host(const ListenAddress& address, const std::vector<std::string>& advertise) {
  return !advertise.empty() && !address.is_loopback() ? advertise.front() : local_host(address);
}

std::vector<std::string> serving_names(std::span<const ListenAddress> doors,
                                       const std::vector<std::string>& advertise) {
  std::vector<std::string> names{"localhost", "127.0.0.1"};
  std::array<char, 256> hostname{};
  if (::gethostname(hostname.data(), hostname.size() - 1) == 0 && hostname[0] != '\0')
    names.emplace_back(hostname.data());
  for (const ListenAddress& address : doors)
    if (address.host != "0.0.0.0" && address.host != "::") names.push_back(address.host);
  names.insert(names.end(), advertise.begin(), advertise.end());
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace slipway::daemon
