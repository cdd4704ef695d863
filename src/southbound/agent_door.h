#pragma once

#include "net/http_server.h"
#include "southbound/connections.h"
#include "southbound/enrollment.h"

namespace slipway::southbound {

// The HTTP side of the agents' door: POST /v1/enroll and GET /v1/connect (websocket over mutual TLS). Hand handle() to
// a net::HttpServer whose TLS trusts the orchestrator's CA for client certificates. Thread-safe.
class AgentDoor {
 public:
  AgentDoor(control::Manager& manager, Connections& connections, Enrollment& enrollment)
      : manager_(manager), connections_(connections), enrollment_(enrollment), failures_(manager.clock()) {}

  void handle(const net::HttpRequest& request, net::Responder& responder);

 private:
  void enroll(const net::HttpRequest& request, net::Responder& responder);
  void connect(const net::HttpRequest& request, net::Responder& responder);
  // The host of a client certificate that is still good; kForbidden says what happened to it.
  base::Result<meta::ObjectKey> authenticate(const net::HttpRequest& request);

  control::Manager& manager_;
  Connections& connections_;
  Enrollment& enrollment_;
  FailureLimiter failures_;
};

}  // namespace slipway::southbound
