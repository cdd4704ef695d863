#pragma once

#include "base/result.h"
#include "plane/servers.h"

namespace slipway::bench {

// The least a server can do over TLS, in a process of its own: answers every request with a fixed body at once;
// `GET /stream` is answered with watch events for ever. Shows what the load generator can take.
class EchoServer {
 public:
  static base::Result<EchoServer> start(std::size_t body_bytes, std::size_t event_bytes);
  const Endpoint& endpoint() const { return endpoint_; }
  ~EchoServer();
  EchoServer(EchoServer&& other) noexcept : pid_(std::exchange(other.pid_, -1)), endpoint_(other.endpoint_) {}

 private:
  EchoServer() = default;
  pid_t pid_ = -1;
  Endpoint endpoint_;
};

}  // namespace slipway::bench
