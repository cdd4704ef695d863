#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_message.h"

// HTTP/1.1 message parsing without I/O (Beast's parser inside, which is heavy to compile). Internal to net.
namespace slipway::net {

struct HttpLimits {
  std::size_t max_header_bytes = 64u << 10;
  std::size_t max_body_bytes = 3u << 20;
};

enum class HttpProgress { kNeedHead, kNeedBody, kDone };

// One request or response after the other from a stream of bytes: feed(), then next() until it is not kDone. After an
// error the stream is useless. Errors: kBadRequest (400), kTooLarge (413 or, for the head, kInvalid = 431).
class HttpRequestParser {
 public:
  explicit HttpRequestParser(HttpLimits limits);
  ~HttpRequestParser();
  void feed(std::string_view bytes);
  // kDone: `request` is filled (method, target, headers, body, path, query) and the parser stands at the next one.
  base::Result<HttpProgress> next(HttpRequest& request);
  // The head of the message whose body is still missing, or was refused; none when no such head came whole.
  std::optional<HttpRequest> unfinished() const;
  // Valid once next() said kNeedBody or kDone about the current message.
  bool expects_continue() const;
  bool keep_alive() const;
  bool is_http_1_0() const;
  bool has_begun() const;   // bytes of an unfinished message are there
  std::string take_rest();  // the unparsed bytes (after an upgrade)

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class HttpResponseParser {
 public:
  explicit HttpResponseParser(HttpLimits limits);
  ~HttpResponseParser();
  void feed(std::string_view bytes);
  base::Result<HttpProgress> next(HttpResponse& response);
  // The connection ended; completes a body that has no length of its own.
  base::Result<HttpProgress> end(HttpResponse& response);
  std::string take_rest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::net
