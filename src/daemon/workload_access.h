#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cluster/workload.h"
#include "kube/client.h"
#include "kube/raw_client.h"
#include "providers/controlplane/workload_clusters.h"

namespace slipway::daemon {

// The orchestrator's own way to the API servers of workload clusters: through its gateway, with the credentials of
// their kubeconfig Secrets. Connections are kept per cluster and made anew when the Secret changes. Every call is
// bounded by a few seconds. Thread-safe; stop() (or the end of its life) ends the threads that follow nodes.
class WorkloadAccess final : public cluster::WorkloadNodes, public providers::controlplane::WorkloadClusters {
 public:
  // `client` and the gateway at host:port must outlive it.
  WorkloadAccess(kube::Client& client, std::string gateway_host, std::uint16_t gateway_port);
  ~WorkloadAccess() override { stop(); }

  base::Result<data::Json> find_node(const meta::ObjectKey& cluster, std::string_view provider_id) override;
  base::Status probe(const meta::ObjectKey& cluster) override;
  base::Result<data::Json> get(const meta::ObjectKey& cluster, const std::string& path) override;
  void follow_nodes(const meta::ObjectKey& cluster, std::function<void()> changed) override;
  void forget(const meta::ObjectKey& cluster) override;
  void stop();

 private:
  struct Connection {
    std::string secret_version;
    std::shared_ptr<kube::RawClient> raw;
  };
  base::Result<std::shared_ptr<kube::RawClient>> connection_of(const meta::ObjectKey& cluster);
  void follow(const std::stop_token& stop, const meta::ObjectKey& cluster, const std::function<void()>& changed);
  // One watch from its start to its end; true when the API answered.
  bool follow_once(const std::stop_token& stop, const meta::ObjectKey& cluster, const std::function<void()>& changed);
  void pause(const std::stop_token& stop, std::chrono::milliseconds time);

  kube::Client& client_;
  const std::string gateway_host_;
  const std::uint16_t gateway_port_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<meta::ObjectKey, Connection> connections_;
  std::map<meta::ObjectKey, std::jthread> followers_;
  std::vector<std::jthread>
      retired_;  // asked to stop, joined in stop(): forget() may be called from their own callback
};

}  // namespace slipway::daemon
