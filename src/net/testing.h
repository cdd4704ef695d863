#pragma once

#include <arpa/inet.h>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"
#include "net/tls.h"

// What the tests of this module share: certificates made by the openssl program, a raw socket, waiting with a limit.
namespace slipway::net::testing {

using namespace std::chrono_literals;

inline bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = 10s) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

inline std::string run(std::vector<std::string> argv, int expected_exit = 0) {
  const auto result = base::run_process({.argv = std::move(argv)});
  EXPECT_TRUE(result) << (result ? "" : result.error().message());
  if (!result) return "";
  EXPECT_EQ(result->exit_code, expected_exit) << result->standard_error;
  return result->standard_output;
}

// A CA with a server certificate for 127.0.0.1 and localhost, a client certificate (CN host:edge:h1, O slipway:hosts),
// and a client certificate of somebody else's CA. One per process.
class Certificates {
 public:
  static const Certificates& instance() {
    static const Certificates certificates;
    return certificates;
  }
  std::string path(const std::string& name) const { return folder_.path() / name; }
  std::string text(const std::string& name) const { return base::read_file(path(name)).value(); }

  TlsServerOptions server(bool require_client = false) const {
    return {.certificate_pem = text("server.pem"),
            .key_pem = text("server.key"),
            .client_ca_pem = text("ca.pem"),
            .require_client_certificate = require_client};
  }
  TlsClientOptions client(bool with_certificate = true) const {
    TlsClientOptions options{.ca_pem = text("ca.pem")};
    if (with_certificate) {
      options.certificate_pem = text("client.pem");
      options.key_pem = text("client.key");
    }
    return options;
  }

 private:
  Certificates() : folder_(base::TemporaryFolder::create("slipway-net").value()) {
    make_ca("ca");
    make_ca("other-ca");
    make_leaf("ca", "server", "/CN=server", "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n");
    make_leaf("ca", "client", "/O=slipway:hosts/CN=host:edge:h1", "extendedKeyUsage=clientAuth\n");
    make_leaf("other-ca", "stranger", "/O=slipway:hosts/CN=host:edge:h1", "extendedKeyUsage=clientAuth\n");
  }
  void make_ca(const std::string& name) {
    run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
         path(name + ".key"), "-out", path(name + ".pem"), "-days", "2", "-subj", "/CN=" + name});
  }
  void make_leaf(const std::string& ca, const std::string& name, const std::string& subject, const std::string& extra) {
    run({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
         path(name + ".key"), "-out", path(name + ".csr"), "-subj", subject});
    EXPECT_TRUE(base::write_file_atomically(path(name + ".ext"), extra, 0600));
    run({"openssl", "x509", "-req", "-in", path(name + ".csr"), "-CA", path(ca + ".pem"), "-CAkey", path(ca + ".key"),
         "-CAcreateserial", "-days", "2", "-extfile", path(name + ".ext"), "-out", path(name + ".pem")});
  }
  base::TemporaryFolder folder_;
};

// A blocking TCP client with a limit on every wait.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // Reads until `done` says so, the end of the stream, or the limit.
  std::string read_until(const std::function<bool(std::string_view)>& done, std::chrono::milliseconds limit = 10s) {
    std::string all;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done(all)) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
      char buffer[4096];
      const ssize_t count = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
      if (count <= 0) {
        ended_ = true;
        break;
      }
      all.append(buffer, static_cast<std::size_t>(count));
    }
    return all;
  }
  std::string read_to_end(std::chrono::milliseconds limit = 10s) {
    return read_until([](std::string_view) { return false; }, limit);
  }
  std::string read_text(std::string_view wanted) {
    return read_until([wanted](std::string_view all) { return all.find(wanted) != std::string_view::npos; });
  }
  bool ended() const { return ended_; }
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

 private:
  base::UniqueFd fd_;
  bool ended_ = false;
};

}  // namespace slipway::net::testing
