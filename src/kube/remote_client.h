#pragma once

#include <memory>

#include "kube/client.h"
#include "kube/discovery_cache.h"
#include "kube/raw_client.h"

namespace slipway::kube {

// Client over HTTPS, against any Kubernetes API server. A watch outlives its connections (remote_watch.h).
class RemoteClient final : public Client {
 public:
  static base::Result<std::shared_ptr<RemoteClient>> connect(const pki::Kubeconfig& config,
                                                             const RawClientOptions& options = {});
  explicit RemoteClient(std::shared_ptr<RawClient> raw) : raw_(raw), discovery_(std::move(raw)) {}

  base::Result<ObjectPtr> get(const Gvk& gvk, const ObjectKey& key) override;
  base::Result<ObjectList> list(const Gvk& gvk, const ListOptions& options) override;
  base::Result<std::unique_ptr<Watch>> watch(const Gvk& gvk, const WatchOptions& options) override;
  base::Result<ObjectPtr> create(Json object) override;
  base::Result<ObjectPtr> update(Json object) override;
  base::Result<ObjectPtr> update_status(Json object) override;
  base::Result<ObjectPtr> patch(const Gvk& gvk, const ObjectKey& key, PatchType type, const Json& patch,
                                const WriteOptions& options) override;
  base::Result<ObjectPtr> apply(const Json& object, const ApplyOptions& options) override;
  base::Result<ObjectPtr> remove(const Gvk& gvk, const ObjectKey& key, const DeleteOptions& options) override;

  RawClient& raw() { return *raw_; }

 private:
  base::Result<std::string> collection_path(const Gvk& gvk, const std::string& ns);
  base::Result<std::string> object_path(const Gvk& gvk, const ObjectKey& key);
  base::Result<ObjectPtr> exchange(RawRequest request);
  base::Result<ObjectPtr> put(const Json& object, std::string_view subresource);

  const std::shared_ptr<RawClient> raw_;
  DiscoveryCache discovery_;
};

}  // namespace slipway::kube
