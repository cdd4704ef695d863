#include "control/manager.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fmt/core.h>
#include <map>
#include <thread>

#include "base/log.h"
#include "control/controller.h"
#include "control/event_writer.h"
#include "control/watching_informer.h"

namespace slipway::control {

namespace {

// Real time: a client that does not answer must not hold up a process, whatever the injected clock says.
constexpr std::chrono::seconds kSyncLimit{60};
constexpr std::chrono::milliseconds kSyncPoll{2};

class DefaultManager final : public Manager {
 public:
  explicit DefaultManager(ManagerOptions options)
      : options_(std::move(options)), events_(*options_.client, *options_.clock, options_.component) {}
  ~DefaultManager() override { stop(); }

  kube::Client& client() override { return *options_.client; }
  base::Clock& clock() override { return *options_.clock; }
  base::Random& random() override { return *options_.random; }
  EventRecorder& events() override { return events_; }

  Informer& informer(const Gvk& gvk) override {
    auto& slot = informers_[gvk];
    if (!slot) {
      require_set_up("informer", gvk.kind);
      slot = std::make_unique<WatchingInformer>(*options_.client, *options_.clock, gvk);
    }
    return *slot;
  }

  void add_controller(ControllerOptions options, Reconcile reconcile) override {
    require_set_up("controller", options.name);
    controllers_.push_back(std::make_unique<Controller>(std::move(options), std::move(reconcile), *options_.clock));
    connect(*controllers_.back());
  }

  void enqueue(std::string_view controller, const ObjectKey& key) override {
    for (const auto& candidate : controllers_)
      if (candidate->options().name == controller) candidate->queue().add(key);
  }

  base::Status start() override;
  void stop() override;
  bool is_idle() override;
  std::vector<ControllerStatistics> statistics() const override {
    std::vector<ControllerStatistics> result;
    for (const auto& controller : controllers_) result.push_back(controller->statistics());
    return result;
  }

 private:
  void require_set_up(std::string_view what, std::string_view name) const {
    if (!started_) return;
    base::log_error("control", "{} {} was asked for after start()", what, name);
    std::abort();
  }

  void connect(Controller& controller) {
    informer(controller.options().for_kind).add_handler([&controller](const ObjectPtr& before, const ObjectPtr& after) {
      controller.on_own_kind(before, after);
    });
    for (const Gvk& owned : controller.options().owns)
      informer(owned).add_handler(
          [&controller](const ObjectPtr& before, const ObjectPtr& after) { controller.on_owned_kind(before, after); });
    for (const auto& [gvk, map] : controller.options().watches)
      informer(gvk).add_handler([&controller, &map](const ObjectPtr& before, const ObjectPtr& after) {
        controller.on_watched_kind(map, before, after);
      });
  }

  std::uint64_t keys_added() const {
    std::uint64_t sum = 0;
    for (const auto& controller : controllers_) sum += controller->queue().added();
    return sum;
  }
  bool queues_idle() const {
    return std::ranges::all_of(controllers_, [](const auto& controller) { return controller->queue().is_idle(); });
  }

  const ManagerOptions options_;
  EventWriter events_;
  std::map<Gvk, std::unique_ptr<WatchingInformer>> informers_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  std::atomic<bool> started_{false};
  std::atomic<bool> stopped_{false};
};

base::Status DefaultManager::start() {
  started_ = true;
  events_.start();
  for (const auto& [gvk, informer] : informers_) informer->start();
  const auto deadline = std::chrono::steady_clock::now() + kSyncLimit;
  for (const auto& [gvk, informer] : informers_) {
    while (!informer->has_synced()) {
      if (stopped_) return base::fail(base::ErrorCode::kCancelled, "stopped before the caches were filled");
      if (std::chrono::steady_clock::now() > deadline)
        return base::fail(base::ErrorCode::kTimeout,
                          fmt::format("the cache of {} {} was not filled within {} s; is the API server answering?",
                                      gvk.api_version(), gvk.kind, kSyncLimit.count()));
      std::this_thread::sleep_for(kSyncPoll);
    }
  }
  for (const auto& controller : controllers_) controller->start();
  return {};
}

void DefaultManager::stop() {
  stopped_ = true;
  for (const auto& controller : controllers_) controller->stop_taking();
  for (const auto& controller : controllers_) controller->join();
  for (const auto& [gvk, informer] : informers_) informer->stop();
  events_.stop();
}

bool DefaultManager::is_idle() {
  const std::uint64_t before = keys_added();
  if (!queues_idle()) return false;
  for (const auto& [gvk, informer] : informers_)
    if (!informer->is_current()) return false;
  // A cache is written before its handlers run: what was current may not have reached the queues yet, so the queues
  // are looked at once more after the handlers of what is cached now have run.
  for (const auto& [gvk, informer] : informers_)
    if (!informer->handlers_done()) return false;
  return queues_idle() && keys_added() == before && events_.is_idle();
}

}  // namespace

std::unique_ptr<Manager> Manager::create(ManagerOptions options) {
  return std::make_unique<DefaultManager>(std::move(options));
}

}  // namespace slipway::control
