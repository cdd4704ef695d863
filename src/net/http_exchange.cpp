#include "net/http_exchange.h"

#include "base/log.h"

namespace slipway::net {

HttpExchange::HttpExchange(std::shared_ptr<HttpService> service, std::shared_ptr<HttpConnection> connection,
                           HttpRequest request)
    : service_(std::move(service)), connection_(std::move(connection)), request_(std::move(request)) {
  ++service_->running_handlers;
}

HttpExchange::~HttpExchange() {
  // What never had its turn is dropped only by a server that stops.
  if (!answered_ && slot_ && !service_->stopping) fail("the handler gave no answer");
  --service_->running_handlers;
}

void HttpExchange::handle(WorkerPool::Slot slot) {
  slot_.emplace(std::move(slot));
  guard([this] { service_->handler(request_, *this); });
}

void HttpExchange::refuse(int status, std::string_view message) {
  send(connection_->refusal(status, message, &request_));
}

void HttpExchange::send(HttpResponse response) {
  if (!take_turn()) return;
  connection_->answer(std::move(response));
}

std::shared_ptr<BodyStream> HttpExchange::stream(HttpResponse head) {
  if (!take_turn()) return nullptr;
  return connection_->begin_stream(std::move(head));
}

std::shared_ptr<WebSocket> HttpExchange::accept_websocket(WebSocketHandler handler) {
  if (!take_turn()) return nullptr;
  return connection_->upgrade(request_, std::move(handler));
}

void HttpExchange::resume(std::function<void()> task) {
  // This may be gone before the pool's call returns.
  const auto service = service_;
  service->workers.resume([self = shared_from_this(), rest = std::move(task)] { self->guard(rest); });
}

bool HttpExchange::take_turn() {
  if (answered_) base::log_error("net", "a handler answered {} {} twice", request_.method, request_.path);
  return !std::exchange(answered_, true);
}

void HttpExchange::guard(const std::function<void()>& part) {
  try {
    part();
  } catch (const std::exception& exception) {
    if (!answered_) fail(exception.what());
  }
}

void HttpExchange::fail(std::string_view problem) {
  answered_ = true;
  base::log_error("net", "{} {}: {}", request_.method, request_.path, problem);
  connection_->answer({.status = 500, .headers = {{"content-type", "text/plain"}}, .body = "internal error\n"});
}

}  // namespace slipway::net
