#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::daemon {

struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  bool is_loopback() const;
};
// "127.0.0.1:6440", "[::1]:6440"; port 0 = any free one.
base::Result<ListenAddress> parse_listen_address(std::string_view text);

// "[::1]:6440", "edge.example:6440".
std::string host_and_port(const std::string& host, std::uint16_t port);

// How this process itself reaches a door that listens on `address`.
std::string local_host(const ListenAddress& address);

// How clients reach it: under the first advertised name. A door on loopback has no other name, whatever is advertised.
std::string reachable_host(const ListenAddress& address, const std::vector<std::string>& advertise);

// Every name under which a client may call this machine, for a serving certificate.
std::vector<std::string> serving_names(std::span<const ListenAddress> doors, const std::vector<std::string>& advertise);

}  // namespace slipway::daemon
