#include "store/memory/memory_store.h"

#include "store/logged_store.h"

namespace slipway::store {

namespace {

class NoLog final : public ChangeLog {
 public:
  base::Status append(const std::vector<Event>&) override { return {}; }
};

}  // namespace

std::unique_ptr<Store> make_memory_store(StoreOptions options) {
  return std::make_unique<LoggedStore>(std::make_shared<WatchHub>(options), std::make_unique<NoLog>());
}

}  // namespace slipway::store
