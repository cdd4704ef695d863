#include "plane/client_connection.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>

#include "base/files.h"

namespace slipway::bench {

using base::ErrorCode;
using base::fail;

namespace {

base::Error broken(std::string_view what) {
  return fail(ErrorCode::kUnavailable, fmt::format("load generator: {}", what));
}

template <typename T>
T* read_pem(const std::string& pem, T* (*read)(BIO*, T**, pem_password_cb*, void*)) {
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  T* const value = read(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return value;
}

}  // namespace

base::Result<SslContext> client_context(const Endpoint& endpoint) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return broken("no TLS context");
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (endpoint.certificate_pem.empty()) return context;
  X509* const certificate = read_pem<X509>(endpoint.certificate_pem, PEM_read_bio_X509);
  EVP_PKEY* const key = read_pem<EVP_PKEY>(endpoint.key_pem, PEM_read_bio_PrivateKey);
  const bool used = certificate != nullptr && key != nullptr &&
                    SSL_CTX_use_certificate(context.get(), certificate) == 1 &&
                    SSL_CTX_use_PrivateKey(context.get(), key) == 1;
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!used) return broken("the client certificate is not usable");
  return context;
}

base::Result<std::unique_ptr<ClientConnection>> ClientConnection::connect(SSL_CTX* context, const Endpoint& endpoint) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::errno_error(errno, "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return base::errno_error(errno, fmt::format("{}:{}", endpoint.host, endpoint.port));
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  std::unique_ptr<SSL, SslDeleter> session(SSL_new(context));
  if (!session || SSL_set_fd(session.get(), fd.get()) != 1) return broken("no TLS session");
  SSL_set_connect_state(session.get());
  return std::unique_ptr<ClientConnection>(new ClientConnection(std::move(fd), std::move(session)));
}

void ClientConnection::request(std::string bytes, std::size_t keep_bytes,
                               std::function<void(std::string_view)> on_body) {
  out_ = std::move(bytes);
  sent_ = 0;
  head_.clear();
  head_done_ = done_ = chunked_ = in_chunk_ = last_chunk_ = false;
  left_ = 0;
  keep_bytes_ = keep_bytes;
  on_body_ = std::move(on_body);
  answer_ = {};
}

base::Result<bool> ClientConnection::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result == 1) return connected_ = true;
  const int error = SSL_get_error(session_.get(), result);
  wants_write_ = error == SSL_ERROR_WANT_WRITE;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
  return broken("the TLS handshake failed");
}

base::Status ClientConnection::send_some() {
  while (sent_ < out_.size()) {
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(session_.get(), out_.data() + sent_, out_.size() - sent_, &written);
    if (result != 1) {
      const int error = SSL_get_error(session_.get(), result);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {};
      return broken("the connection broke while writing");
    }
    sent_ += written;
  }
  return {};
}

base::Result<bool> ClientConnection::on_io() {
  if (!connected_ && !SLIPWAY_TRY(handshake())) return false;
  SLIPWAY_TRY(send_some());
  if (done_) return false;
  static thread_local std::array<char, 16u << 10> buffer;
  for (int reads = 0; reads < 64; ++reads) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(session_.get(), buffer.data(), buffer.size(), &count);
    if (result != 1) {
      const int error = SSL_get_error(session_.get(), result);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
      return broken("the server closed the connection");
    }
    SLIPWAY_TRY(take({buffer.data(), count}));
    if (done_) return true;
  }
  return false;
}

base::Status ClientConnection::take(std::string_view bytes) {
  if (!head_done_) {
    const std::size_t old = head_.size();
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n", old < 3 ? 0 : old - 3);
    if (end == head_.npos) return {};
    bytes = bytes.substr(end + 4 - old);
    head_.resize(end + 2);
    SLIPWAY_TRY(take_head());
  }
  if (chunked_) {
    take_chunked(bytes);
  } else {
    take_body(bytes);
    left_ -= std::min<std::uint64_t>(left_, bytes.size());
    done_ = left_ == 0;
  }
  return {};
}

base::Status ClientConnection::take_head() {
  head_done_ = true;
  if (head_.size() < 12) return broken("a malformed answer");
  answer_.status = std::atoi(head_.c_str() + 9);
  std::string lower = head_;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  chunked_ = lower.find("transfer-encoding: chunked") != lower.npos;
  if (const auto at = lower.find("content-length:"); at != lower.npos)
    left_ = std::strtoull(lower.c_str() + at + 15, nullptr, 10);
  return {};
}

void ClientConnection::take_body(std::string_view bytes) {
  answer_.body_bytes += bytes.size();
  if (on_body_) on_body_(bytes);
  if (answer_.body.size() < keep_bytes_) answer_.body += bytes.substr(0, keep_bytes_ - answer_.body.size());
}

void ClientConnection::take_chunked(std::string_view bytes) {
  while (!bytes.empty() && !done_) {
    if (in_chunk_) {
      // left_ counts the chunk's line end too.
      const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      const std::uint64_t content = left_ > 2 ? left_ - 2 : 0;
      take_body(bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(content, count))));
      left_ -= count;
      bytes.remove_prefix(count);
      if (left_ == 0) in_chunk_ = false;
      continue;
    }
    const auto end = bytes.find('\n');
    chunk_line_ += bytes.substr(0, end);
    if (end == bytes.npos) return;
    bytes.remove_prefix(end + 1);
    if (last_chunk_) {
      done_ = true;  // no trailers are expected
    } else {
      const std::uint64_t size = std::strtoull(chunk_line_.c_str(), nullptr, 16);
      last_chunk_ = size == 0;
      in_chunk_ = size != 0;
      left_ = size + 2;
    }
    chunk_line_.clear();
  }
}

std::string render_request(const Endpoint& endpoint, std::string_view method, std::string_view target,
                           std::string_view body, std::string_view content_type) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}:{}\r\nAccept: application/json\r\n", method, target,
                                 endpoint.host, endpoint.port);
  if (!endpoint.authorization.empty()) text += fmt::format("Authorization: {}\r\n", endpoint.authorization);
  if (!body.empty()) text += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", content_type, body.size());
  text += "\r\n";
  text += body;
  return text;
}

}  // namespace slipway::bench
