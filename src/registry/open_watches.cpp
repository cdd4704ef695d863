#include "registry/open_watches.h"

namespace slipway::registry {

class OpenWatches::Tracked final : public store::Watch {
 public:
  Tracked(std::shared_ptr<Table> table, std::string name, std::unique_ptr<store::Watch> inner)
      : table_(std::move(table)), name_(std::move(name)), inner_(std::move(inner)) {
    const std::lock_guard lock(table_->mutex);
    table_->open[name_].insert(inner_.get());
  }
  ~Tracked() override {
    const std::lock_guard lock(table_->mutex);
    const auto found = table_->open.find(name_);
    found->second.erase(inner_.get());
    if (found->second.empty()) table_->open.erase(found);
  }
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;

  base::Result<std::vector<store::Event>> next(std::chrono::milliseconds timeout) override {
    return inner_->next(timeout);
  }
  void close() override { inner_->close(); }
  void on_ready(std::function<void()> callback) override { inner_->on_ready(std::move(callback)); }
  store::Revision position() const override { return inner_->position(); }

 private:
  const std::shared_ptr<Table> table_;
  const std::string name_;
  const std::unique_ptr<store::Watch> inner_;
};

std::unique_ptr<store::Watch> OpenWatches::track(const ResourceInfo& resource, std::unique_ptr<store::Watch> watch) {
  return std::make_unique<Tracked>(table_, resource.group_resource(), std::move(watch));
}

void OpenWatches::end(const ResourceInfo& resource) {
  const std::lock_guard lock(table_->mutex);
  const auto found = table_->open.find(resource.group_resource());
  if (found == table_->open.end()) return;
  for (store::Watch* watch : found->second) watch->close();
}

}  // namespace slipway::registry
