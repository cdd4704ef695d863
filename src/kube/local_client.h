#pragma once

#include "kube/client.h"

namespace slipway::kube {

// Client over a Registry in the same process. The registry must outlive it. `field_manager` stands in managedFields for
// writes that name no other.
class LocalClient final : public Client {
 public:
  explicit LocalClient(registry::Registry& registry, std::string field_manager = "slipwayd")
      : registry_(registry), field_manager_(std::move(field_manager)) {}

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

 private:
  WriteOptions with_manager(WriteOptions options) const;

  registry::Registry& registry_;
  const std::string field_manager_;
};

}  // namespace slipway::kube
