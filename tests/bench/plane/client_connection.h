#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace slipway::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

struct SslDeleter {
  void operator()(SSL* session) const { SSL_free(session); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslDeleter>;

// Where a server listens and how a client shows who it is.
struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string certificate_pem, key_pem;  // client certificate; "" = none
  std::string authorization;             // "Bearer ..."; "" = none
};
// The server's certificate is not checked: both ends are this program's own.
base::Result<SslContext> client_context(const Endpoint& endpoint);

struct Answer {
  int status = 0;
  std::uint64_t body_bytes = 0;
  std::string body;  // up to the limit asked for
};

// One keep-alive HTTP/1.1 connection over TLS, non-blocking, one request at a time.
class ClientConnection {
 public:
  static base::Result<std::unique_ptr<ClientConnection>> connect(SSL_CTX* context, const Endpoint& endpoint);

  int fd() const { return fd_.get(); }
  // Sends when it can. `keep_bytes` of the body are kept for the answer. `on_body` sees the body as it comes (watches).
  void request(std::string bytes, std::size_t keep_bytes = 0, std::function<void(std::string_view)> on_body = {});
  // Moves bytes both ways. True when the answer is complete (then see answer()); an error ends the connection.
  base::Result<bool> on_io();
  bool wants_write() const { return !connected_ ? wants_write_ : sent_ < out_.size(); }
  const Answer& answer() const { return answer_; }
  bool has_head() const { return head_done_; }

 private:
  ClientConnection(base::UniqueFd fd, std::unique_ptr<SSL, SslDeleter> session)
      : fd_(std::move(fd)), session_(std::move(session)) {}
  base::Result<bool> handshake();
  base::Status send_some();
  base::Status take(std::string_view bytes);
  base::Status take_head();
  void take_chunked(std::string_view bytes);
  void take_body(std::string_view bytes);

  base::UniqueFd fd_;
  std::unique_ptr<SSL, SslDeleter> session_;
  bool connected_ = false;
  bool wants_write_ = true;
  std::string out_;
  std::size_t sent_ = 0;

  std::string head_;
  bool head_done_ = false;
  bool done_ = true;
  bool chunked_ = false;
  std::uint64_t left_ = 0;  // of the body, or of the chunk and its line end
  std::string chunk_line_;
  bool in_chunk_ = false;
  bool last_chunk_ = false;
  std::size_t keep_bytes_ = 0;
  std::function<void(std::string_view)> on_body_;
  Answer answer_;
};

// "GET /x HTTP/1.1" with the headers every request has.
std::string render_request(const Endpoint& endpoint, std::string_view method, std::string_view target,
                           std::string_view body = "", std::string_view content_type = "application/json");

}  // namespace slipway::bench
