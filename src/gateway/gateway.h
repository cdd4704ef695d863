#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/tunnel.h"

namespace slipway::gateway {

// Opens a stream to the API server that a TLS server name stands for. Runs on a network thread: must not block.
// kNotFound: the name is nobody's; anything else: it is known but cannot be reached now.
using TunnelDialer = std::function<base::Result<std::shared_ptr<net::TunnelStream>>(const std::string& server_name)>;

struct GatewayOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0 = any free one
  std::size_t max_connections = 5'000;
  std::chrono::milliseconds hello_timeout{5'000};     // from accept to a complete client hello
  std::chrono::milliseconds idle_timeout{3'600'000};  // no byte in either direction
};

struct GatewayCounters {
  std::uint64_t accepted = 0;
  std::uint64_t tunnelled = 0;
  std::uint64_t unknown_names = 0;  // answered with the alert unrecognized_name
  std::uint64_t unreachable = 0;    // answered with the alert internal_error
  std::uint64_t malformed = 0;      // no TLS client hello
  std::uint64_t timed_out = 0;      // hello or idle
  std::uint64_t open = 0;           // now
};

// The one door to all clusters: reads the server name of a TLS client's first message, and copies bytes between the
// client and a tunnel to that cluster's host. TLS ends at the cluster's API server; the gateway sees no plaintext and
// holds no key.
class Gateway {
 public:
  static base::Result<std::unique_ptr<Gateway>> start(GatewayOptions options, TunnelDialer dialer);
  virtual ~Gateway() = default;
  virtual std::uint16_t port() const = 0;
  virtual GatewayCounters counters() const = 0;
  // Ends every connection. Idempotent.
  virtual void stop() = 0;
};

}  // namespace slipway::gateway
