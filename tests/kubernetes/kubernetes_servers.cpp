#include "kubernetes/kubernetes_servers.h"

#include <fmt/core.h>
#include <thread>

#include "base/clock.h"
#include "base/files.h"
#include "kube/raw_client.h"
#include "pki/certificate.h"

namespace slipway::kubernetes {

using base::ErrorCode;
using base::fail;
using base::Status;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::hours kLifetime{24};

std::string end_of(const std::filesystem::path& log) {
  const std::string text = base::read_file(log).value_or("");
  return text.size() > 2'000 ? text.substr(text.size() - 2'000) : text;
}

}  // namespace

std::optional<std::string> KubernetesServers::missing_parts(const std::filesystem::path& programs) {
  for (const char* name : {"kube-apiserver", "etcd"})
    if (!std::filesystem::exists(programs / name))
      return fmt::format("{} is not there; tests/real/build-kubernetes builds it", (programs / name).string());
  return std::nullopt;
}

Status KubernetesServers::start(std::chrono::milliseconds limit) {
  SLIPWAY_TRY(launch());
  return wait_until_ready(limit);
}

Status KubernetesServers::launch() {
  if (port_ == 0) SLIPWAY_TRY(prepare());
  if (!etcd_.is_running()) SLIPWAY_TRY(launch_etcd());
  if (!api_.is_running()) SLIPWAY_TRY(launch_api_server());
  return {};
}

Status KubernetesServers::launch_etcd() {
  const std::string client = fmt::format("http://127.0.0.1:{}", etcd_port_);
  const std::string peer = fmt::format("http://127.0.0.1:{}", peer_port_);
  etcd_ = SLIPWAY_TRY(Program::start(
      {(programs_ / "etcd").string(), "--data-dir", file("etcd").string(), "--listen-client-urls", client,
       "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
       "--initial-cluster", "default=" + peer, "--quota-backend-bytes", "8589934592", "--log-level", "warn"},
      file("etcd.log")));
  return {};
}

Status KubernetesServers::launch_api_server() {
  const std::string accounts = file("accounts.key").string();
  api_ = SLIPWAY_TRY(Program::start(
      {(programs_ / "kube-apiserver").string(), fmt::format("--etcd-servers=http://127.0.0.1:{}", etcd_port_),
       "--bind-address=127.0.0.1", fmt::format("--secure-port={}", port_),
       "--tls-cert-file=" + file("server.crt").string(), "--tls-private-key-file=" + file("server.key").string(),
       "--client-ca-file=" + file("ca.crt").string(), "--cert-dir=" + file("certificates").string(),
       "--service-cluster-ip-range=10.96.0.0/16", "--service-account-issuer=https://kubernetes.default.svc",
       "--service-account-key-file=" + accounts, "--service-account-signing-key-file=" + accounts,
       "--token-auth-file=" + file("tokens.csv").string(), "--authorization-mode=RBAC",
       "--disable-admission-plugins=ServiceAccount"},
      file("kube-apiserver.log")));
  return {};
}

Status KubernetesServers::wait_until_ready(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const auto client = SLIPWAY_TRY(kube::connect_raw(administrator_, {.connect_timeout = 1s}));
  while (std::chrono::steady_clock::now() < deadline) {
    if (!etcd_.is_running()) return fail(ErrorCode::kUnavailable, "etcd ended by itself:\n" + end_of(file("etcd.log")));
    if (!api_.is_running())
      return fail(ErrorCode::kUnavailable, "kube-apiserver ended by itself:\n" + end_of(file("kube-apiserver.log")));
    const auto answer = client->request({.path = "/readyz", .timeout = 5s});
    if (answer && answer->status == 200) return {};
    std::this_thread::sleep_for(20ms);
  }
  return fail(ErrorCode::kTimeout, fmt::format("kube-apiserver is not ready after {} ms:\n{}", limit.count(),
                                               end_of(file("kube-apiserver.log"))));
}

Status KubernetesServers::start_garbage_collector(const std::filesystem::path& program) {
  garbage_collector_ = SLIPWAY_TRY(Program::start(
      {program.string(), "kube-controller-manager", "--kubeconfig=" + kubeconfig().string(), "--leader-elect=false",
       "--controllers=garbage-collector-controller,namespace-controller", "--secure-port=0"},
      file("kube-controller-manager.log")));
  return {};
}

void KubernetesServers::stop() {
  garbage_collector_.stop();
  api_.stop();  // first: it waits for etcd otherwise
  etcd_.stop();
}

Status KubernetesServers::prepare() {
  SLIPWAY_TRY(base::make_folders(folder_, 0700));
  etcd_port_ = SLIPWAY_TRY(free_port());
  peer_port_ = SLIPWAY_TRY(free_port());
  const std::uint16_t port = SLIPWAY_TRY(free_port());
  administrator_.server = fmt::format("https://127.0.0.1:{}", port);
  SLIPWAY_TRY(make_certificates());
  token_ = "administrator";  // of a server on the loopback that lives as long as one test
  SLIPWAY_TRY(base::write_file_atomically(file("tokens.csv"), token_ + ",token-admin,1,\"system:masters\"\n", 0600));
  const std::string key = SLIPWAY_TRY(pki::generate_key(pki::KeyType::kRsa2048));
  SLIPWAY_TRY(base::write_file_atomically(file("accounts.key"), key, 0600));
  port_ = port;
  return {};
}

Status KubernetesServers::make_certificates() {
  const base::WallTime now = base::SystemClock::instance().now();
  const auto ca = SLIPWAY_TRY(pki::create_ca({.common_name = "test"}, pki::KeyType::kEcP256, kLifetime, now));
  const auto server = SLIPWAY_TRY(pki::issue(ca,
                                             {.subject = {.common_name = "kube-apiserver"},
                                              .usage = pki::Usage::kServer,
                                              .dns_names = {"localhost"},
                                              .ip_addresses = {"127.0.0.1"},
                                              .lifetime = kLifetime},
                                             pki::KeyType::kEcP256, now));
  const auto client = SLIPWAY_TRY(pki::issue(ca,
                                             {.subject = {.common_name = "admin", .organizations = {"system:masters"}},
                                              .usage = pki::Usage::kClient,
                                              .lifetime = kLifetime},
                                             pki::KeyType::kEcP256, now));
  administrator_.ca_pem = ca.certificate_pem;
  administrator_.client_certificate_pem = client.certificate_pem;
  administrator_.client_key_pem = client.key_pem;
  SLIPWAY_TRY(base::write_file_atomically(file("ca.crt"), ca.certificate_pem, 0600));
  SLIPWAY_TRY(base::write_file_atomically(file("server.crt"), server.certificate_pem, 0600));
  SLIPWAY_TRY(base::write_file_atomically(file("server.key"), server.key_pem, 0600));
  return base::write_file_atomically(kubeconfig(), pki::render_kubeconfig(administrator_), 0600);
}

}  // namespace slipway::kubernetes
