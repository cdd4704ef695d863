#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "apiserver/observation/exposition.h"
#include "apiserver/request_path.h"
#include "base/clock.h"
#include "net/http_server.h"
#include "registry/resource.h"

namespace slipway::apiserver {

// Counts requests, with the names and labels of kube-apiserver (k8s.io/apiserver/pkg/endpoints/metrics). Clients cannot
// make series: what is no resource of the catalog, no known verb or beyond kMaxSeries is counted without its name.
// Thread-safe.
class RequestMetrics {
 public:
  static constexpr std::size_t kMaxSeries = 5'000;
  static constexpr std::array<double, 8> kBounds{0.005, 0.025, 0.1, 0.25, 0.5, 1, 5, 30};  // seconds

  // What is asked; the views live as long as the request.
  struct Subject {
    std::string_view verb;  // GET, LIST, WATCH, POST, PUT, PATCH, DELETE, DELETECOLLECTION; "other"
    std::string_view group, version, resource, subresource;
    std::string_view scope;  // cluster, namespace, resource; "" = no resource
    bool mutating() const;
  };

  void begin(const Subject& subject);
  void end(const Subject& subject);
  // A watch has no duration: it goes on after its answer began.
  void count(const Subject& subject, int code, std::optional<std::chrono::nanoseconds> duration);
  void write(Exposition& out) const;

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string, std::string>;
  using KeyView = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view, std::string_view,
                             std::string_view>;
  struct Series {
    std::map<int, std::uint64_t> codes;
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};
    double seconds = 0;
  };
  static MetricLabels labels_of(const Key& key);

  std::atomic<std::int64_t> reading_ = 0, mutating_ = 0;
  mutable std::mutex mutex_;
  std::map<Key, Series, std::less<>> series_;
};

// What a request is counted as. `resource` null: of no resource; `subresource` is one that it has.
RequestMetrics::Subject subject_of(const net::HttpRequest& request, const RequestPath& path, std::string_view verb,
                                   const registry::ResourceVersionInfo* resource);

// Stands between the handlers of one request and its connection and counts the answer.
class RequestMeter final : public net::Responder {
 public:
  // All must outlive this.
  RequestMeter(RequestMetrics& metrics, const RequestMetrics::Subject& subject, net::Responder& next,
               base::Clock& clock);
  ~RequestMeter() override;
  RequestMeter(const RequestMeter&) = delete;
  RequestMeter& operator=(const RequestMeter&) = delete;

  void send(net::HttpResponse response) override;
  std::shared_ptr<net::BodyStream> stream(net::HttpResponse head) override;
  std::shared_ptr<net::WebSocket> accept_websocket(net::WebSocketHandler handler) override;
  std::shared_ptr<net::Responder> keep() override { return next_.keep(); }
  void resume(std::function<void()> task) override { next_.resume(std::move(task)); }

 private:
  RequestMetrics& metrics_;
  const RequestMetrics::Subject subject_;
  net::Responder& next_;
  base::Clock& clock_;
  const std::chrono::nanoseconds started_;
};

}  // namespace slipway::apiserver
