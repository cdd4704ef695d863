#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plane/client_connection.h"

namespace slipway::bench {

// What a number of connections did, each with one request under way at a time.
struct LoadResult {
  std::size_t answers = 0;
  std::size_t refused = 0;  // a status other than 2xx
  double seconds = 0;
  std::vector<double> milliseconds;  // latency of every answer, sorted
  std::uint64_t body_bytes = 0;
  std::string first_refusal;

  double per_second() const { return seconds > 0 ? static_cast<double>(answers) / seconds : 0; }
  double percentile(double part) const;  // ms; 0 when there is nothing
};

// A pool of connections to one server, driven by the calling thread.
class Load {
 public:
  Load(Endpoint endpoint, SSL_CTX* context) : endpoint_(std::move(endpoint)), context_(context) {}

  // Connects (not counted) and sends the requests that `next` makes until it has no more or the time is up, then
  // waits for the last answers. Refusals are counted; a broken connection is an error.
  using Next = std::function<std::optional<std::string>()>;
  base::Result<LoadResult> run(std::size_t connections, const Next& next,
                               std::chrono::milliseconds time = std::chrono::hours(1));
  // The same with `rate` requests a second, whatever the answers do, over the connections in turn. The latency of a
  // request counts from when it was due, also while it waited for a free connection.
  base::Result<LoadResult> run_paced(std::size_t connections, const Next& next, double rate,
                                     std::chrono::milliseconds time);
  // One request on a connection of its own; the body is kept.
  base::Result<Answer> ask(std::string_view method, std::string_view target, std::string_view body = "",
                           std::string_view content_type = "application/json");
  const Endpoint& endpoint() const { return endpoint_; }
  SSL_CTX* context() const { return context_; }

 private:
  base::Status open(std::size_t connections);
  base::Result<LoadResult> drive(const Next& next, std::chrono::milliseconds time, double rate = 0);

  Endpoint endpoint_;
  SSL_CTX* context_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;  // kept between runs of the same width
};

}  // namespace slipway::bench
