#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "api/cluster/cluster.h"
#include "api/embedded_crds.h"
#include "control/manager.h"
#include "data/json_text.h"
#include "data/yaml.h"
#include "kube/local_client.h"
#include "providers/controlplane/workload_clusters.h"
#include "store/memory/memory_store.h"

// For tests: the resource plane in this process, a manager, and a workload cluster that answers what the test says.
namespace slipway::providers::testing {

using data::Json;
using meta::Gvk;
using meta::ObjectKey;

class FakeWorkloads final : public controlplane::WorkloadClusters {
 public:
  base::Result<Json> get(const ObjectKey&, const std::string&) override {
    std::lock_guard lock(mutex_);
    ++calls_;
    if (nodes_) return Json::object({{"items", *nodes_}});
    return base::fail(base::ErrorCode::kUnavailable, "the host is not connected");
  }
  void follow_nodes(const ObjectKey&, std::function<void()> changed) override {
    std::lock_guard lock(mutex_);
    changed_ = std::move(changed);
  }
  void forget(const ObjectKey& cluster) override {
    std::lock_guard lock(mutex_);
    forgotten_.push_back(cluster);
  }
  void answer(std::optional<Json> nodes) {
    std::function<void()> changed;
    {
      std::lock_guard lock(mutex_);
      nodes_ = std::move(nodes);
      changed = changed_;
    }
    if (changed) changed();
  }
  std::vector<ObjectKey> forgotten() {
    std::lock_guard lock(mutex_);
    return forgotten_;
  }

 private:
  std::mutex mutex_;
  std::optional<Json> nodes_;
  std::function<void()> changed_;
  std::vector<ObjectKey> forgotten_;
  int calls_ = 0;
};

inline Json node(std::string_view provider_id, bool ready) {
  return Json::object(
      {{"metadata", Json::object({{"name", "edge-1"},
                                  {"labels", Json::object({{"node-role.kubernetes.io/control-plane", "true"}})}})},
       {"spec", Json::object({{"providerID", provider_id}})},
       {"status", Json::object({{"conditions", Json::array({Json::object(
                                                   {{"type", "Ready"}, {"status", ready ? "True" : "False"}})})}})}});
}

class Plane {
 public:
  Plane() : store_(store::make_memory_store()), registry_(*store_, {}), client_(registry_) {
    for (const api::EmbeddedFile& file : api::embedded_crds()) {
      const auto crd = data::parse_yaml(file.content());
      EXPECT_TRUE(crd) << file.name();
      const auto added = registry_.add_crd(*crd);
      EXPECT_TRUE(added) << added.error().message();
    }
    EXPECT_TRUE(client_.create(meta::make_object(kube::kNamespace, {"", "edge"})));
  }

  registry::Registry& registry() { return registry_; }
  kube::Client& client() { return client_; }

  Json get(const Gvk& gvk, const std::string& name) {
    const auto object = client_.get(gvk, {"edge", name});
    return object ? **object : Json();
  }
  std::vector<meta::ObjectPtr> list(const Gvk& gvk) {
    registry::ListOptions options;
    options.ns = "edge";
    const auto all = client_.list(gvk, options);
    EXPECT_TRUE(all);
    return all ? all->items : std::vector<meta::ObjectPtr>();
  }
  Json create(const Gvk& gvk, const std::string& name, std::string_view rest = "{}") {
    Json object = meta::make_object(gvk, {"edge", name});
    const Json members = *data::parse_json(rest);
    for (const auto& [key, value] : members.members()) object.set(key, value);
    return create(std::move(object));
  }
  Json create(Json object) {
    const auto created = client_.create(std::move(object));
    EXPECT_TRUE(created) << created.error().message();
    return created ? **created : Json();
  }
  void patch(const Gvk& gvk, const std::string& name, std::string_view text, std::string subresource = "") {
    const auto patched = client_.patch(gvk, {"edge", name}, registry::PatchType::kMerge, *data::parse_json(text),
                                       {.subresource = std::move(subresource)});
    EXPECT_TRUE(patched) << patched.error().message();
  }

 private:
  std::unique_ptr<store::Store> store_;
  registry::Registry registry_;
  kube::LocalClient client_;
};

// True once `condition` holds; false after ten seconds.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace slipway::providers::testing
