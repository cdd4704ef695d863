#include "tests/hostile/daemon.h"

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/clock.h"
#include "data/json_text.h"
#include "pki/certificate.h"

namespace slipway::hostile {

namespace {

using std::chrono::milliseconds;

[[noreturn]] void give_up(std::string_view why) {
  fmt::print(stderr, "{}\n", why);
  std::abort();
}

base::UniqueFd connect_to(std::uint16_t port) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!fd.valid() || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return {};
  return fd;
}

template <typename T, typename Read, typename Free>
std::unique_ptr<T, Free> read_pem(const std::string& pem, Read read, Free release) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  std::unique_ptr<T, Free> out(read(bio, nullptr, nullptr, nullptr), release);
  BIO_free(bio);
  return out;
}

}  // namespace

Client::Client(std::uint16_t port, const std::string& certificate_pem, const std::string& key_pem)
    : fd_(connect_to(port)), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
  if (!fd_.valid()) return;
  const timeval patience{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (!certificate_pem.empty()) {
    const auto certificate = read_pem<X509>(certificate_pem, PEM_read_bio_X509, &X509_free);
    const auto key = read_pem<EVP_PKEY>(key_pem, PEM_read_bio_PrivateKey, &EVP_PKEY_free);
    if (SSL_CTX_use_certificate(context_.get(), certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1)
      give_up("the administrator's certificate cannot be used");
  }
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), fd_.get());
  if (SSL_connect(ssl_.get()) != 1) ssl_.reset();
}

bool Client::send(std::string_view bytes) {
  return ssl_ && SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

bool Client::read_some(milliseconds patience) {
  if (!ssl_) return false;
  pollfd waiting{fd_.get(), POLLIN, 0};
  if (SSL_pending(ssl_.get()) == 0 && ::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return false;
  char buffer[16 << 10];
  const int count = SSL_read(ssl_.get(), buffer, sizeof(buffer));
  if (count <= 0) return false;
  input_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

Answer Client::read_answer(milliseconds patience) {
  Answer answer;
  std::size_t end;
  while ((end = input_.find("\r\n\r\n")) == input_.npos)
    if (!read_some(patience)) return answer;
  answer.head = input_.substr(0, end);
  input_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.c_str() + answer.head.find(' ') + 1);
  const auto at = answer.head.find("Content-Length: ");
  const std::size_t length = at == answer.head.npos ? 0 : std::strtoul(answer.head.c_str() + at + 16, nullptr, 10);
  while (input_.size() < length)
    if (!read_some(patience)) break;
  answer.body = input_.substr(0, length);
  input_.erase(0, length);
  return answer;
}

std::string Client::read_all(milliseconds patience) {
  while (read_some(patience)) {
  }
  return std::exchange(input_, {});
}

bool Client::read_until(std::string_view text, milliseconds patience) {
  while (input_.find(text) == input_.npos)
    if (!read_some(patience)) return false;
  return true;
}

std::string request(std::string_view method, std::string_view target, std::string_view type, std::string_view body,
                    std::string_view headers) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: slipwayd\r\n{}", method, target, headers);
  if (!type.empty()) out += fmt::format("Content-Type: {}\r\n", type);
  if (!body.empty() || method == "POST") out += fmt::format("Content-Length: {}\r\n", body.size());
  return out + "\r\n" + std::string(body);
}

std::size_t raise_open_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

Daemon::Daemon(std::vector<std::string> arguments, std::size_t max_files)
    : folder_(std::move(*base::TemporaryFolder::create("slipway-hostile"))), folder_text_(folder_.path()) {
  arguments.insert(arguments.begin(),
                   {SLIPWAY_DAEMON, "--api-only", "--data-dir", folder_text_ + "/data", "--listen", "127.0.0.1:0"});
  const std::string log = folder_text_ + "/log";
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) give_up("pipe");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (max_files != 0) {
      const rlimit limit{.rlim_cur = max_files, .rlim_max = max_files};
      ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO);
    ::execv(SLIPWAY_DAEMON, argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  const base::UniqueFd ready(out[0]);
  std::string line;
  for (char c = 0; ::read(ready.get(), &c, 1) == 1 && c != '\n';) line += c;
  const auto at = line.find("url=https://127.0.0.1:");
  if (at == line.npos) give_up(fmt::format("slipwayd did not start: {}", base::read_file(log).value_or("")));
  port_ = static_cast<std::uint16_t>(std::atoi(line.c_str() + at + 22));
  admin_ = *pki::parse_kubeconfig(*base::read_file(folder_text_ + "/data/admin.kubeconfig"));
}

Daemon::~Daemon() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Client Daemon::user(const std::string& name) const {
  const std::string pki_folder = folder_text_ + "/data/pki/";
  const pki::KeyAndCertificate ca{.certificate_pem = *base::read_file(pki_folder + "ca.crt"),
                                  .key_pem = *base::read_file(pki_folder + "ca.key")};
  const auto pair = *pki::issue(ca, {.subject = {name, {}}, .usage = pki::Usage::kClient}, pki::KeyType::kEcP256,
                                base::SystemClock::instance().now());
  return {port_, pair.certificate_pem, pair.key_pem};
}

base::UniqueFd Daemon::connect() const {
  return connect_to(port_);
}

Answer Daemon::ask(std::string_view method, std::string_view target, std::string_view type, std::string_view body,
                   std::string_view headers) const {
  Client client = admin();
  // A server that refuses a large body need not read all of it.
  (void)client.send(request(method, target, type, body, headers));
  return client.read_answer();
}

std::string Daemon::revision() const {
  const auto list = data::parse_json(ask("GET", "/api/v1/namespaces?limit=1").body);
  return list ? list->text({"metadata", "resourceVersion"}) : "";
}

milliseconds Daemon::cpu_time() const {
  const std::string text = base::read_file(fmt::format("/proc/{}/stat", pid_)).value_or("");
  long user = 0, system = 0;
  const auto end_of_name = text.rfind(')');
  if (end_of_name == text.npos ||
      std::sscanf(text.c_str() + end_of_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
                  &system) != 2)
    give_up("/proc/PID/stat cannot be read");
  return milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

void Daemon::terminate() const {
  ::kill(pid_, SIGTERM);
}

int Daemon::wait(milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
  return -1;
}

}  // namespace slipway::hostile
