#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "net/http_connection.h"

namespace slipway::net {

// One request from its place in the queue to its answer: the Responder that a handler sees. Lives as long as it waits,
// the handler runs, or somebody keeps it; a handler that lets it go without an answer is answered with 500. One thread
// at a time. Internal to net.
class HttpExchange final : public Responder, public std::enable_shared_from_this<HttpExchange> {
 public:
  HttpExchange(std::shared_ptr<HttpService> service, std::shared_ptr<HttpConnection> connection, HttpRequest request);
  ~HttpExchange() override;
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  // On a worker thread: the handler's turn.
  void handle(WorkerPool::Slot slot);
  // The workers did not take it.
  void refuse(int status, std::string_view message);

  void send(HttpResponse response) override;
  std::shared_ptr<BodyStream> stream(HttpResponse head) override;
  std::shared_ptr<WebSocket> accept_websocket(WebSocketHandler handler) override;
  std::shared_ptr<Responder> keep() override { return shared_from_this(); }
  void resume(std::function<void()> task) override;

 private:
  bool take_turn();
  // Runs a part of the handling; an exception is an answer, too.
  void guard(const std::function<void()>& part);
  void fail(std::string_view problem);

  const std::shared_ptr<HttpService> service_;
  const std::shared_ptr<HttpConnection> connection_;
  const HttpRequest request_;
  std::optional<WorkerPool::Slot> slot_;  // from the handler's turn on
  bool answered_ = false;
};

}  // namespace slipway::net
