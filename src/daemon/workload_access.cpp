#include "daemon/workload_access.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/log.h"
#include "data/encoding.h"
#include "data/json_text.h"
#include "meta/object.h"
#include "pki/kubeconfig.h"

namespace slipway::daemon {

using base::ErrorCode;
using base::Result;
using base::Status;
using data::Json;
using meta::ObjectKey;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kCallTimeout{3'000};
constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{5'000};
constexpr milliseconds kStreamTick{250};

}  // namespace

WorkloadAccess::WorkloadAccess(kube::Client& client, std::string gateway_host, std::uint16_t gateway_port)
    : client_(client), gateway_host_(std::move(gateway_host)), gateway_port_(gateway_port) {}

Result<std::shared_ptr<kube::RawClient>> WorkloadAccess::connection_of(const ObjectKey& cluster) {
  const auto secret = client_.get(kube::kSecret, {cluster.ns, cluster.name + "-kubeconfig"});
  if (!secret)
    return base::fail(ErrorCode::kUnavailable, fmt::format("cluster '{}' has no kubeconfig yet", cluster.name));
  std::lock_guard lock(mutex_);
  Connection& connection = connections_[cluster];
  if (connection.raw && connection.secret_version == meta::resource_version(**secret)) return connection.raw;
  const std::string text = SLIPWAY_TRY(data::base64_decode((*secret)->text({"data", "value"})));
  pki::Kubeconfig config = SLIPWAY_TRY(pki::parse_kubeconfig(text));
  // The Secret names the gateway as others reach it; this process takes the short way to the same gateway.
  config.server = gateway_host_.find(':') == std::string::npos
                      ? fmt::format("https://{}:{}", gateway_host_, gateway_port_)
                      : fmt::format("https://[{}]:{}", gateway_host_, gateway_port_);
  connection.raw =
      SLIPWAY_TRY(kube::connect_raw(config, {.connect_timeout = kCallTimeout, .max_response_bytes = 16u << 20}));
  connection.secret_version = meta::resource_version(**secret);
  return connection.raw;
}

Result<Json> WorkloadAccess::get(const ObjectKey& cluster, const std::string& path) {
  const auto raw = SLIPWAY_TRY(connection_of(cluster));
  return kube::json_of(raw->request({.path = path, .timeout = kCallTimeout}));
}

Status WorkloadAccess::probe(const ObjectKey& cluster) {
  const auto raw = SLIPWAY_TRY(connection_of(cluster));
  const auto response = SLIPWAY_TRY(raw->request({.path = "/readyz", .accept = "*/*", .timeout = kCallTimeout}));
  if (!response.ok())
    return Status(ErrorCode::kUnavailable,
                  fmt::format("the API server of cluster '{}' is not ready (HTTP {})", cluster.name, response.status));
  return {};
}

Result<Json> WorkloadAccess::find_node(const ObjectKey& cluster, std::string_view provider_id) {
  const Json nodes = SLIPWAY_TRY(get(cluster, "/api/v1/nodes?limit=500"));
  for (const Json& node : nodes["items"].items())
    if (node.text({"spec", "providerID"}) == provider_id) return node;
  return base::fail(ErrorCode::kNotFound,
                    fmt::format("cluster '{}' has no node with provider ID '{}' yet", cluster.name, provider_id));
}

void WorkloadAccess::follow_nodes(const ObjectKey& cluster, std::function<void()> changed) {
  std::lock_guard lock(mutex_);
  if (followers_.contains(cluster)) return;
  followers_.emplace(cluster, std::jthread([this, cluster, changed = std::move(changed)](const std::stop_token& stop) {
                       follow(stop, cluster, changed);
                     }));
}

void WorkloadAccess::forget(const ObjectKey& cluster) {
  std::lock_guard lock(mutex_);
  connections_.erase(cluster);
  const auto found = followers_.find(cluster);
  if (found == followers_.end()) return;
  found->second.request_stop();
  retired_.push_back(std::move(found->second));
  followers_.erase(found);
}

void WorkloadAccess::stop() {
  std::vector<std::jthread> all;
  {
    std::lock_guard lock(mutex_);
    for (auto& [cluster, follower] : followers_) all.push_back(std::move(follower));
    std::ranges::move(retired_, std::back_inserter(all));
    followers_.clear();
    retired_.clear();
  }
  for (std::jthread& follower : all) follower.request_stop();
}

void WorkloadAccess::pause(const std::stop_token& stop, milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, time, [] { return false; });
}

void WorkloadAccess::follow(const std::stop_token& stop, const ObjectKey& cluster,
                            const std::function<void()>& changed) {
  milliseconds wait = kFirstPause;
  while (!stop.stop_requested()) {
    if (follow_once(stop, cluster, changed)) {
      changed();  // the API was there and is lost now
      wait = kFirstPause;
    }
    pause(stop, wait);
    wait = std::min(wait * 2, wait < milliseconds(200) ? milliseconds(200) : kLongestPause);
  }
}

bool WorkloadAccess::follow_once(const std::stop_token& stop, const ObjectKey& cluster,
                                 const std::function<void()>& changed) {
  const auto raw = connection_of(cluster);
  if (!raw) return false;
  auto stream =
      (*raw)->open_stream({.path = "/api/v1/nodes?watch=1&timeoutSeconds=3600", .timeout = std::chrono::hours(1)});
  if (!stream) return false;
  changed();
  while (!stop.stop_requested()) {
    const auto lines = (*stream)->next(kStreamTick);
    if (!lines) break;
    if (!lines->empty()) changed();
  }
  (*stream)->close();
  return true;
}

}  // namespace slipway::daemon
