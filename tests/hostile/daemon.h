#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/files.h"
#include "base/unique_fd.h"
#include "pki/kubeconfig.h"

// A slipwayd process and raw connections to it.
namespace slipway::hostile {

struct Answer {
  int status = 0;  // 0: the connection ended without one
  std::string head;
  std::string body;
};

// A TLS connection that sends whatever bytes it is given.
class Client {
 public:
  // Empty certificate: none.
  Client(std::uint16_t port, const std::string& certificate_pem, const std::string& key_pem);
  bool connected() const { return ssl_ != nullptr; }
  bool send(std::string_view bytes);
  // One answer with a Content-Length. Waits at most `patience` for each read.
  Answer read_answer(std::chrono::milliseconds patience = std::chrono::seconds(20));
  // Everything until the server closes.
  std::string read_all(std::chrono::milliseconds patience = std::chrono::seconds(20));
  // False when `patience` is over, or the server closed, before the text came.
  bool read_until(std::string_view text, std::chrono::milliseconds patience = std::chrono::seconds(20));
  int fd() const { return fd_.get(); }

 private:
  bool read_some(std::chrono::milliseconds patience);

  base::UniqueFd fd_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  std::string input_;
};

class Daemon {
 public:
  // max_files 0: as many as this process may have.
  explicit Daemon(std::vector<std::string> arguments = {}, std::size_t max_files = 0);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::uint16_t port() const { return port_; }
  Client admin() const { return {port_, admin_.client_certificate_pem, admin_.client_key_pem}; }
  Client stranger() const { return {port_, "", ""}; }
  // With a client certificate of its own.
  Client user(const std::string& name) const;
  // A TCP connection that says nothing.
  base::UniqueFd connect() const;
  const std::string& folder() const { return folder_text_; }
  // On a connection of its own.
  Answer ask(std::string_view method, std::string_view target, std::string_view type = "", std::string_view body = "",
             std::string_view headers = "") const;
  std::string revision() const;
  std::chrono::milliseconds cpu_time() const;
  void terminate() const;
  // The exit code; -1: still there after `patience`.
  int wait(std::chrono::milliseconds patience);

 private:
  base::TemporaryFolder folder_;
  std::string folder_text_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  pki::Kubeconfig admin_;
};

// How many files this process may have open, once it has raised its soft limit to the hard one.
std::size_t raise_open_file_limit();

std::string request(std::string_view method, std::string_view target, std::string_view type, std::string_view body,
                    std::string_view headers = "");

}  // namespace slipway::hostile
