#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "registry/resource.h"

namespace slipway::apiserver {

// Stands between a handler and the connection: gives every answer of a request the warnings that hold for all of them,
// lays JSON out for people who ask for it (pretty), and packs large answers for clients that accept gzip.
class ResponseDecorator final : public net::Responder {
 public:
  // All must outlive this.
  ResponseDecorator(const net::HttpRequest& request, net::Responder& next) : request_(request), next_(next) {}

  void warn(std::string warning) { warnings_.push_back(std::move(warning)); }

  void send(net::HttpResponse response) override;
  std::shared_ptr<net::BodyStream> stream(net::HttpResponse head) override;
  std::shared_ptr<net::WebSocket> accept_websocket(net::WebSocketHandler handler) override;
  std::shared_ptr<net::Responder> keep() override { return next_.keep(); }
  void resume(std::function<void()> task) override { next_.resume(std::move(task)); }

 private:
  const net::HttpRequest& request_;
  net::Responder& next_;
  std::vector<std::string> warnings_;
};

// What requests of a deprecated version are told, "" for other versions: the words its definition gives, or
// `example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget`.
std::string deprecation_warning(const registry::ResourceVersionInfo& version);

}  // namespace slipway::apiserver
