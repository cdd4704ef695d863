#pragma once

#include <algorithm>
#include <condition_variable>
#include <fmt/core.h>
#include <future>
#include <gmock/gmock.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "apiserver/api_server.h"
#include "data/json_text.h"
#include "registry/test_registry.h"

// The door without a network, for tests only: requests in, what would be sent out.
namespace slipway::apiserver {

using data::Json;
using registry::json;

// A connection as the door sees it; remembers what was written.
class FakeBody final : public net::BodyStream {
 public:
  bool write(std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    text_ += bytes;
    changed_.notify_all();
    return !gone_;
  }
  void finish() override {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }
  void on_closed(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    callback_ = std::move(callback);
  }
  bool is_congested() const override {
    const std::lock_guard lock(mutex_);
    return text_.size() > most_unsent_;
  }
  void on_writable(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    on_writable_ = std::move(callback);
  }
  // From now on so much may be unsent; nothing is ever taken as sent.
  void allow(std::size_t most_unsent) {
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      most_unsent_ = most_unsent;
      callback = on_writable_;
    }
    if (callback) callback();
  }
  void go_away() {
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      gone_ = true;
      callback = callback_;
    }
    callback();
  }
  // The lines so far, once there are this many or the stream is finished.
  std::vector<Json> lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10),
                      [&] { return finished_ || std::ranges::count(text_, '\n') >= static_cast<long>(count); });
    std::vector<Json> out;
    for (std::size_t at = 0, end = 0; (end = text_.find('\n', at)) != text_.npos; at = end + 1)
      out.push_back(json(text_.substr(at, end - at)));
    return out;
  }
  bool wait_finished() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return finished_; });
  }

 private:
  std::function<void()> on_writable_;
  std::size_t most_unsent_ = SIZE_MAX;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  bool finished_ = false;
  bool gone_ = false;
  std::function<void()> callback_;
};

class FakeResponder : public net::Responder {
 public:
  void send(net::HttpResponse answer) override {
    answer.body = answer.whole_body();
    answer.parts.clear();
    response = std::move(answer);
  }
  std::shared_ptr<net::BodyStream> stream(net::HttpResponse head) override {
    response = std::move(head);
    body = std::make_shared<FakeBody>();
    body->allow(most_unsent);
    return body;
  }
  std::shared_ptr<net::WebSocket> accept_websocket(net::WebSocketHandler) override { return nullptr; }
  std::shared_ptr<net::Responder> keep() override {
    const auto end = std::make_shared<std::promise<void>>();
    let_go = end->get_future();
    return {this, [end](net::Responder*) { end->set_value(); }};
  }
  void resume(std::function<void()> task) override { task(); }

  std::shared_future<void> let_go;  // of the request that kept this
  net::HttpResponse response;
  std::shared_ptr<FakeBody> body;
  std::size_t most_unsent = SIZE_MAX;
};

// Returns when the request is over.
inline void serve(ApiServer& door, const net::HttpRequest& request, FakeResponder& responder) {
  door.handle(request, responder);
  responder.let_go.wait();
}

inline constexpr std::string_view kWidgets = "/apis/example.com/v1/namespaces/default/widgets";
inline constexpr std::string_view kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

using RequestHeaders = std::vector<std::pair<std::string, std::string>>;

// A request with a client certificate of the user; an empty name is none.
inline net::HttpRequest test_request(const UserInfo& user, std::string method, std::string target,
                                     std::string body = "", RequestHeaders headers = {}) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.target = target;
  request.path = target.substr(0, target.find('?'));
  std::string query = target.find('?') == target.npos ? "" : target.substr(target.find('?') + 1);
  while (!query.empty()) {
    const std::string part = query.substr(0, query.find('&'));
    query.erase(0, std::min(query.size(), part.size() + 1));
    request.query.emplace(part.substr(0, part.find('=')),
                          part.find('=') == part.npos ? "" : part.substr(part.find('=') + 1));
  }
  request.headers = std::move(headers);
  request.body = std::move(body);
  request.has_certificate = !user.name.empty();
  request.certificate.common_name = user.name;
  request.certificate.organizations = user.groups;
  return request;
}

class DoorTest : public testing::Test {
 protected:
  explicit DoorTest(store::StoreOptions store_options = {}) : test(store_options) {}

  FakeResponder send(std::string method, std::string target, std::string body = "",
                     std::map<std::string, std::string> headers = {}) {
    const net::HttpRequest request = test_request({.name = "admin", .groups = {"system:masters"}}, std::move(method),
                                                  std::move(target), std::move(body), {headers.begin(), headers.end()});
    FakeResponder responder;
    responder.most_unsent = most_unsent;
    serve(door, request, responder);
    return responder;
  }
  Json ok(std::string method, std::string target, std::string body = "",
          std::map<std::string, std::string> headers = {}) {
    const auto answer = send(std::move(method), std::move(target), std::move(body), std::move(headers));
    EXPECT_EQ(answer.response.status / 100, 2) << answer.response.body;
    return json(answer.response.body);
  }
  Json fails(int status, std::string method, std::string target, std::string body = "",
             std::map<std::string, std::string> headers = {}) {
    const auto answer = send(std::move(method), std::move(target), std::move(body), std::move(headers));
    EXPECT_EQ(answer.response.status, status) << answer.response.body;
    const Json document = json(answer.response.body);
    EXPECT_EQ(document.text({"kind"}), "Status");
    EXPECT_EQ(document["code"], Json(status));
    return document;
  }
  Json make(std::string_view name, std::string_view spec = R"({"size": 1})") {
    return ok("POST", std::string(kWidgets), data::to_json(registry::widget(name, spec)));
  }
  std::string object(std::string_view name) { return fmt::format("{}/{}", kWidgets, name); }

  std::size_t most_unsent = SIZE_MAX;  // of bodies from now on
  registry::TestRegistry test;
  ApiServerOptions options{.clock = &test.clock};
  ApiServer door{test.registry, options};
};

}  // namespace slipway::apiserver
