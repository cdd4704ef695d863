#include "southbound/agent_door.h"

#include <algorithm>
#include <fmt/core.h>

#include "api/inventory/inventory.h"
#include "base/log.h"

namespace slipway::southbound {

using base::ErrorCode;
using base::Result;
using meta::ObjectKey;

namespace {

net::HttpResponse plain(int status, std::string text) {
  return {.status = status, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = std::move(text) + "\n"};
}

int status_of(const base::Error& error) {
  switch (error.code()) {
    case ErrorCode::kBadRequest:
    case ErrorCode::kUnsupported:
      return 400;
    case ErrorCode::kUnauthorized:
      return 401;
    case ErrorCode::kForbidden:
      return 403;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kTooManyRequests:
      return 429;
    case ErrorCode::kNoSpace:
    case ErrorCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

std::string address_without_port(const std::string& address) {
  const auto colon = address.rfind(':');
  return colon == std::string::npos ? address : address.substr(0, colon);
}

}  // namespace

void AgentDoor::handle(const net::HttpRequest& request, net::Responder& responder) {
  if (request.path == agentproto::kEnrollPath) {
    if (request.method != "POST") return responder.send(plain(405, "enrolment is a POST"));
    return enroll(request, responder);
  }
  if (request.path == agentproto::kConnectPath) return connect(request, responder);
  responder.send(plain(404, "this is the door of slipway-agent; clients of the Kubernetes API use another port"));
}

void AgentDoor::enroll(const net::HttpRequest& request, net::Responder& responder) {
  const std::string address = address_without_port(request.peer_address);
  if (!failures_.allows(address))
    return responder.send(plain(429, "too many refused enrolments from this address; wait a minute"));
  const auto parsed = agentproto::parse_enroll_request(request.body);
  if (!parsed) {
    failures_.count_failure(address);
    return responder.send(plain(status_of(parsed.error()), parsed.error().message()));
  }
  const auto response = enrollment_.enroll(*parsed, address);
  if (!response) {
    failures_.count_failure(address);
    return responder.send(plain(status_of(response.error()), response.error().message()));
  }
  responder.send(
      {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = agentproto::encode(*response)});
}

Result<ObjectKey> AgentDoor::authenticate(const net::HttpRequest& request) {
  if (!request.has_certificate)
    return base::fail(ErrorCode::kUnauthorized, "a client certificate is needed; enrol first");
  const auto key = parse_host_common_name(request.certificate.common_name);
  const auto& organizations = request.certificate.organizations;
  if (!key || std::ranges::find(organizations, kHostsOrganization) == organizations.end())
    return base::fail(ErrorCode::kForbidden, "this certificate is not a host's");
  // Read from the store, not from a cache: a revocation counts from the moment it was acknowledged.
  const auto host = manager_.client().get(api::inventory::kHost, *key);
  if (!host && host.error().code() == ErrorCode::kNotFound)
    return base::fail(ErrorCode::kForbidden, fmt::format("host '{}' is deleted here; register it again", key->name));
  if (!host) return host.error();
  if (!(*host)->get({"spec", "authorized"}).bool_or(true))
    return base::fail(ErrorCode::kForbidden, fmt::format("host '{}' is deauthorized", key->name));
  if ((*host)->text({"status", "agent", "keyFingerprint"}) != request.certificate.public_key_sha256_fingerprint)
    return base::fail(ErrorCode::kForbidden,
                      fmt::format("the certificate of host '{}' is revoked; it needs a new join token", key->name));
  return *key;
}

void AgentDoor::connect(const net::HttpRequest& request, net::Responder& responder) {
  const auto host = authenticate(request);
  if (!host) {
    base::log_info("southbound", "connection from {} refused: {}", request.peer_address, host.error().message());
    return responder.send(plain(status_of(host.error()), host.error().message()));
  }
  auto tunnel = net::TunnelMultiplexer::create({});
  // The callbacks need the socket that accept_websocket returns; until then nothing is delivered to Connections.
  auto socket = std::make_shared<std::weak_ptr<net::WebSocket>>();
  auto ready = std::make_shared<std::mutex>();
  std::unique_lock hold(*ready);
  const auto present = [socket, ready]() -> std::shared_ptr<net::WebSocket> {
    std::lock_guard lock(*ready);
    return socket->lock();
  };
  Connections& connections = connections_;
  auto accepted = responder.accept_websocket({.on_text =
                                                  [&connections, key = *host, present](std::string text) {
                                                    if (const auto self = present())
                                                      connections.receive(key, self.get(), text);
                                                  },
                                              .on_binary = [tunnel](std::string bytes) { tunnel->receive(bytes); },
                                              .on_writable = [tunnel] { tunnel->writable(); },
                                              .on_closed =
                                                  [&connections, key = *host, present, tunnel](std::string reason) {
                                                    tunnel->shutdown(reason);
                                                    if (const auto self = present()) connections.ended(key, self.get());
                                                  }});
  if (!accepted) return;
  *socket = accepted;
  tunnel->attach(accepted);
  connections_.open(*host, {.socket = std::move(accepted),
                            .tunnel = std::move(tunnel),
                            .key_fingerprint = request.certificate.public_key_sha256_fingerprint});
}

}  // namespace slipway::southbound
