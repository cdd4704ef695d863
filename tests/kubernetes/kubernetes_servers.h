#pragma once

#include <chrono>
#include <optional>

#include "kubernetes/program.h"
#include "pki/kubeconfig.h"

namespace slipway::kubernetes {

// Unmodified kube-apiserver and etcd (tests/real/build-kubernetes) on free ports of 127.0.0.1: RBAC, ServiceAccount
// tokens, fsync in etcd. Without start_garbage_collector() nothing is garbage-collected and namespaces stay
// Terminating. One thread; the programs end with the object.
class KubernetesServers {
 public:
  // `programs`: the folder that holds both. `folder`: data, keys and logs, made when it is missing.
  KubernetesServers(std::filesystem::path programs, std::filesystem::path folder)
      : programs_(std::move(programs)), folder_(std::move(folder)) {}

  // Why they cannot be started, for a test that is skipped; nothing when they can.
  static std::optional<std::string> missing_parts(const std::filesystem::path& programs);

  // launch() and wait_until_ready().
  base::Status start(std::chrono::milliseconds limit = std::chrono::minutes(2));
  // Starts what does not run, without waiting; after stop() or kill_api_server() on the same ports and data.
  base::Status launch();
  // Until /readyz answers 200. kUnavailable with the end of the log when one of them ends, kTimeout after `limit`.
  base::Status wait_until_ready(std::chrono::milliseconds limit);
  // kube-controller-manager out of `program` (k3s-standin, which is all of Kubernetes in one file), with the
  // controllers of garbage and of namespaces alone.
  base::Status start_garbage_collector(const std::filesystem::path& program);
  void stop();
  void kill_api_server() { api_.kill_hard(); }  // SIGKILL; etcd goes on
  bool is_running() const { return api_.is_running() && etcd_.is_running(); }

  // Set by the first launch(). The administrator (system:masters) shows a client certificate or this bearer token.
  std::uint16_t port() const { return port_; }
  const std::string& token() const { return token_; }
  const pki::Kubeconfig& administrator() const { return administrator_; }
  std::filesystem::path kubeconfig() const { return folder_ / "admin.kubeconfig"; }

  const Program& api_server() const { return api_; }
  const Program& etcd() const { return etcd_; }

 private:
  base::Status prepare();
  base::Status launch_etcd();
  base::Status launch_api_server();
  base::Status make_certificates();
  std::filesystem::path file(std::string_view name) const { return folder_ / name; }

  const std::filesystem::path programs_, folder_;
  std::uint16_t port_ = 0, etcd_port_ = 0, peer_port_ = 0;
  std::string token_;
  pki::Kubeconfig administrator_;
  Program etcd_, api_, garbage_collector_;
};

}  // namespace slipway::kubernetes
