#include "plane/echo_server.h"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "pki/certificate.h"

namespace slipway::bench {

namespace {

struct Client {
  base::UniqueFd fd;
  std::unique_ptr<SSL, SslDeleter> session;
  std::string in;
  bool streaming = false;
};

class EchoLoop {
 public:
  EchoLoop(base::UniqueFd listener, SslContext context, std::size_t body_bytes, std::size_t event_bytes)
      : listener_(std::move(listener)),
        context_(std::move(context)),
        answer_(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                            body_bytes, std::string(body_bytes, 'x'))) {
    const std::string event = std::string(event_bytes - 1, 'x') + "\n";
    const std::string chunk = fmt::format("{:x}\r\n{}\r\n", event.size(), event);
    // About one TLS record at a time, as a server with a backlog sends.
    do events_ += chunk;
    while (events_.size() + chunk.size() < (16u << 10));
  }

  void run() {
    const base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_ = epoll.get();
    watch(listener_.get(), EPOLLIN, EPOLL_CTL_ADD);
    std::array<epoll_event, 256> events{};
    while (true) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_.get()) {
          take_client();
        } else if (!serve(clients_.at(fd))) {
          clients_.erase(fd);
        }
      }
    }
  }

 private:
  void watch(int fd, std::uint32_t interest, int action) {
    epoll_event event{.events = interest, .data = {.fd = fd}};
    ::epoll_ctl(epoll_, action, fd, &event);
  }

  void take_client() {
    base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) return;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Client client;
    client.session.reset(SSL_new(context_.get()));
    SSL_set_fd(client.session.get(), fd.get());
    SSL_set_accept_state(client.session.get());
    const int number = fd.get();
    client.fd = std::move(fd);
    clients_.insert_or_assign(number, std::move(client));
    watch(number, EPOLLIN, EPOLL_CTL_ADD);
  }

  // False when the client is gone.
  bool serve(Client& client) {
    ERR_clear_error();
    if (client.streaming) return stream(client);
    std::array<char, 16u << 10> buffer{};
    std::size_t count = 0;
    while (SSL_read_ex(client.session.get(), buffer.data(), buffer.size(), &count) == 1) {
      client.in.append(buffer.data(), count);
      if (!answer(client)) return false;
    }
    const int error = SSL_get_error(client.session.get(), 0);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  }

  bool answer(Client& client) {
    const auto end = client.in.find("\r\n\r\n");
    if (end == client.in.npos) return true;
    const auto length = client.in.find("Content-Length: ");
    const std::size_t body = length < end ? std::strtoull(client.in.c_str() + length + 16, nullptr, 10) : 0;
    if (client.in.size() < end + 4 + body) return true;
    client.streaming = client.in.starts_with("GET /stream");
    client.in.clear();
    std::size_t written = 0;
    if (!client.streaming) return SSL_write_ex(client.session.get(), answer_.data(), answer_.size(), &written) == 1;
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    watch(client.fd.get(), EPOLLOUT, EPOLL_CTL_MOD);
    return SSL_write_ex(client.session.get(), head.data(), head.size(), &written) == 1;
  }

  bool stream(Client& client) {
    std::size_t written = 0;
    for (int i = 0; i < 4; ++i) {
      if (SSL_write_ex(client.session.get(), events_.data(), events_.size(), &written) == 1) continue;
      const int error = SSL_get_error(client.session.get(), 0);
      return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    }
    return true;
  }

  const base::UniqueFd listener_;
  const SslContext context_;
  const std::string answer_;
  std::string events_;
  int epoll_ = -1;
  std::map<int, Client> clients_;
};

base::Result<SslContext> server_context() {
  const auto now = base::SystemClock::instance().now();
  const auto ca =
      SLIPWAY_TRY(pki::create_ca({.common_name = "bench"}, pki::KeyType::kEcP256, std::chrono::hours(24), now));
  const auto leaf = SLIPWAY_TRY(
      pki::issue(ca, {.subject = {.common_name = "bench"}, .ip_addresses = {"127.0.0.1"}}, pki::KeyType::kEcP256, now));
  SslContext context(SSL_CTX_new(TLS_server_method()));
  BIO* const certificate_bio =
      BIO_new_mem_buf(leaf.certificate_pem.data(), static_cast<int>(leaf.certificate_pem.size()));
  BIO* const key_bio = BIO_new_mem_buf(leaf.key_pem.data(), static_cast<int>(leaf.key_pem.size()));
  X509* const certificate = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context.get(), certificate);
  SSL_CTX_use_PrivateKey(context.get(), key);
  SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256");
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(certificate_bio);
  BIO_free(key_bio);
  return context;
}

}  // namespace

base::Result<EchoServer> EchoServer::start(std::size_t body_bytes, std::size_t event_bytes) {
  SslContext context = SLIPWAY_TRY(server_context());
  base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener.get(), 4096) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return base::errno_error(errno, "the echo server cannot listen");
  EchoServer server;
  server.endpoint_.port = ntohs(address.sin_port);
  server.pid_ = ::fork();
  if (server.pid_ < 0) return base::errno_error(errno, "fork");
  if (server.pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    EchoLoop(std::move(listener), std::move(context), body_bytes, event_bytes).run();
    ::_exit(0);
  }
  return server;
}

EchoServer::~EchoServer() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace slipway::bench
