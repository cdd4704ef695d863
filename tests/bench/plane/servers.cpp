#include "plane/servers.h"

#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/files.h"
#include "pki/certificate.h"
#include "pki/kubeconfig.h"

namespace slipway::bench {

using base::ErrorCode;
using base::fail;
using namespace std::chrono_literals;

base::Result<Program> Program::start(std::vector<std::string> argv, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (std::string& argument : argv) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return base::errno_error(errno, "fork");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  Program program;
  program.pid_ = pid;
  return program;
}

Program::Program(Program&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
Program& Program::operator=(Program&& other) noexcept {
  stop();
  pid_ = std::exchange(other.pid_, -1);
  return *this;
}

void Program::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < 1'000; ++i) {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(10ms);
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool Program::is_running() const {
  return pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0;
}

double Program::resident_mebibytes() const {
  const auto status = base::read_file(fmt::format("/proc/{}/status", pid_));
  if (!status) return 0;
  const auto at = status->find("VmRSS:");
  return at == status->npos ? 0 : std::atof(status->c_str() + at + 6) / 1024;
}

base::Result<double> Server::start(const std::string& probe) {
  const auto begin = std::chrono::steady_clock::now();
  SLIPWAY_TRY(launch());
  const SslContext context = SLIPWAY_TRY(client_context(endpoint_));
  Load load(endpoint_, context.get());
  base::Error last = fail(ErrorCode::kTimeout, "");
  while (std::chrono::steady_clock::now() - begin < 120s) {
    if (!is_running()) return fail(ErrorCode::kUnavailable, fmt::format("{} ended at once; see its log", name()));
    const auto answer = load.ask("GET", probe.empty() ? "/readyz" : probe);
    if (answer && answer->status == 200)
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::this_thread::sleep_for(5ms);
  }
  return fail(ErrorCode::kTimeout, fmt::format("{} is not ready after 120 s; see its log", name()));
}

double Server::resident_total() const {
  double total = 0;
  for (const auto& [program, mebibytes] : resident()) total += mebibytes;
  return total;
}

namespace {

// A port that is free now; the servers want to be told one.
base::Result<std::uint16_t> free_port() {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return base::errno_error(errno, "no free port");
  return ntohs(address.sin_port);
}

class Slipwayd final : public Server {
 public:
  Slipwayd(std::filesystem::path program, std::filesystem::path folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}
  std::string name() const override { return "slipwayd"; }
  void stop() override { process_.stop(); }
  std::vector<std::pair<std::string, double>> resident() const override {
    return {{"slipwayd", process_.resident_mebibytes()}};
  }

 protected:
  bool is_running() const override { return process_.is_running(); }

  base::Status launch() override {
    SLIPWAY_TRY(base::make_folders(folder_, 0700));
    if (endpoint_.port == 0) endpoint_.port = SLIPWAY_TRY(free_port());
    process_ = SLIPWAY_TRY(Program::start(
        {program_.string(), "--data-dir", (folder_ / "data").string(), "--listen",
         fmt::format("127.0.0.1:{}", endpoint_.port), "--agent-listen", "127.0.0.1:0", "--gateway-listen",
         "127.0.0.1:0", "--audit-log", "none", "--api-only"},  // the rival writes none
        folder_ / "slipwayd.log"));
    if (!endpoint_.certificate_pem.empty()) return {};
    for (int i = 0; i < 1'000; ++i) {
      const auto text = base::read_file(folder_ / "data" / "admin.kubeconfig");
      if (text) {
        const auto config = SLIPWAY_TRY(pki::parse_kubeconfig(*text));
        endpoint_.certificate_pem = config.client_certificate_pem;
        endpoint_.key_pem = config.client_key_pem;
        return {};
      }
      std::this_thread::sleep_for(10ms);
    }
    return fail(ErrorCode::kTimeout, "slipwayd wrote no admin.kubeconfig");
  }

 private:
  const std::filesystem::path program_, folder_;
  Program process_;
};

// etcd with fsync and kube-apiserver, TLS at the API, a static token for the client (cheaper there than a certificate).
class Kubernetes final : public Server {
 public:
  Kubernetes(std::filesystem::path programs, std::filesystem::path folder)
      : programs_(std::move(programs)), folder_(std::move(folder)) {}
  std::string name() const override { return "kube-apiserver + etcd"; }
  void stop() override {
    api_.stop();  // first: it waits for etcd otherwise
    etcd_.stop();
  }
  std::vector<std::pair<std::string, double>> resident() const override {
    return {{"kube-apiserver", api_.resident_mebibytes()}, {"etcd", etcd_.resident_mebibytes()}};
  }

 protected:
  bool is_running() const override { return api_.is_running() && etcd_.is_running(); }

  base::Status launch() override {
    SLIPWAY_TRY(base::make_folders(folder_, 0700));
    if (endpoint_.port == 0) SLIPWAY_TRY(prepare());
    const std::string client = fmt::format("http://127.0.0.1:{}", etcd_port_);
    const std::string peer = fmt::format("http://127.0.0.1:{}", peer_port_);
    etcd_ = SLIPWAY_TRY(Program::start(
        {(programs_ / "etcd").string(), "--data-dir", (folder_ / "etcd").string(), "--listen-client-urls", client,
         "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
         "--initial-cluster", "default=" + peer, "--quota-backend-bytes", "8589934592", "--log-level", "warn"},
        folder_ / "etcd.log"));
    const std::string key = (folder_ / "accounts.key").string();
    api_ = SLIPWAY_TRY(Program::start(
        {(programs_ / "kube-apiserver").string(), "--etcd-servers=" + client, "--bind-address=127.0.0.1",
         fmt::format("--secure-port={}", endpoint_.port), "--cert-dir=" + (folder_ / "certificates").string(),
         "--service-cluster-ip-range=10.96.0.0/16", "--service-account-issuer=https://kubernetes.default.svc",
         "--service-account-key-file=" + key, "--service-account-signing-key-file=" + key,
         "--token-auth-file=" + (folder_ / "tokens.csv").string(), "--authorization-mode=RBAC",
         "--disable-admission-plugins=ServiceAccount"},
        folder_ / "kube-apiserver.log"));
    return {};
  }

 private:
  base::Status prepare() {
    endpoint_.port = SLIPWAY_TRY(free_port());
    etcd_port_ = SLIPWAY_TRY(free_port());
    peer_port_ = SLIPWAY_TRY(free_port());
    endpoint_.authorization = "Bearer bench";
    const std::string key = SLIPWAY_TRY(pki::generate_key(pki::KeyType::kRsa2048));
    SLIPWAY_TRY(base::write_file_atomically(folder_ / "accounts.key", key, 0600));
    return base::write_file_atomically(folder_ / "tokens.csv", "bench,bench,bench,\"system:masters\"\n", 0600);
  }

  const std::filesystem::path programs_, folder_;
  std::uint16_t etcd_port_ = 0, peer_port_ = 0;
  Program etcd_, api_;
};

}  // namespace

std::unique_ptr<Server> make_slipwayd(const std::filesystem::path& program, const std::filesystem::path& folder) {
  return std::make_unique<Slipwayd>(program, folder);
}
std::unique_ptr<Server> make_kubernetes(const std::filesystem::path& programs, const std::filesystem::path& folder) {
  return std::make_unique<Kubernetes>(programs, folder);
}

}  // namespace slipway::bench
