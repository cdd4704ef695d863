#include "plane/servers.h"

#include <fmt/core.h>
#include <thread>

#include "base/files.h"
#include "kubernetes/kubernetes_servers.h"
#include "pki/kubeconfig.h"

namespace slipway::bench {

using base::ErrorCode;
using base::fail;
using kubernetes::Program;
using namespace std::chrono_literals;

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

class Slipwayd final : public Server {
 public:
  Slipwayd(std::filesystem::path program, std::filesystem::path folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}
  std::string name() const override { return "slipwayd"; }
  void stop() override { process_.stop(); }
  std::vector<std::pair<std::string, double>> resident() const override {
    return {{"slipwayd", process_.resident_mebibytes()}};
  }
  double processor_seconds() const override { return process_.processor_seconds(); }

 protected:
  bool is_running() const override { return process_.is_running(); }

  base::Status launch() override {
    SLIPWAY_TRY(base::make_folders(folder_, 0700));
    if (endpoint_.port == 0) endpoint_.port = SLIPWAY_TRY(kubernetes::free_port());
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
      : servers_(std::move(programs), std::move(folder)) {}
  std::string name() const override { return "kube-apiserver + etcd"; }
  void stop() override { servers_.stop(); }
  std::vector<std::pair<std::string, double>> resident() const override {
    return {{"kube-apiserver", servers_.api_server().resident_mebibytes()},
            {"etcd", servers_.etcd().resident_mebibytes()}};
  }
  double processor_seconds() const override {
    return servers_.api_server().processor_seconds() + servers_.etcd().processor_seconds();
  }

 protected:
  bool is_running() const override { return servers_.is_running(); }

  base::Status launch() override {
    SLIPWAY_TRY(servers_.launch());
    endpoint_.port = servers_.port();
    endpoint_.authorization = "Bearer " + servers_.token();
    return {};
  }

 private:
  kubernetes::KubernetesServers servers_;
};

}  // namespace

std::unique_ptr<Server> make_slipwayd(const std::filesystem::path& program, const std::filesystem::path& folder) {
  return std::make_unique<Slipwayd>(program, folder);
}
std::unique_ptr<Server> make_kubernetes(const std::filesystem::path& programs, const std::filesystem::path& folder) {
  return std::make_unique<Kubernetes>(programs, folder);
}

}  // namespace slipway::bench
