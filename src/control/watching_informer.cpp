#include "control/watching_informer.h"

#include <algorithm>
#include <map>

#include "base/log.h"

namespace slipway::control {

using base::ErrorCode;

namespace {
constexpr std::size_t kPageSize = 500;
constexpr std::chrono::milliseconds kWatchTimeout{30'000};
constexpr std::chrono::milliseconds kRetryBase{50};
constexpr std::chrono::milliseconds kRetryLimit{10'000};

base::Result<kube::ObjectList> list_all(kube::Client& client, const Gvk& gvk) {
  kube::ListOptions options;
  options.limit = kPageSize;
  kube::ObjectList all;
  while (true) {
    kube::ObjectList page = SLIPWAY_TRY(client.list(gvk, options));
    // Every page of one list speaks of the same revision, the one to watch from.
    all.resource_version = page.resource_version;
    std::move(page.items.begin(), page.items.end(), std::back_inserter(all.items));
    if (page.continue_token.empty()) return all;
    options.continue_token = std::move(page.continue_token);
  }
}
}  // namespace

WatchingInformer::WatchingInformer(kube::Client& client, base::Clock& clock, Gvk gvk)
    : client_(client), clock_(clock), gvk_(std::move(gvk)) {}

WatchingInformer::~WatchingInformer() {
  stop();
}

void WatchingInformer::add_handler(Handler handler) {
  handlers_.push_back(std::move(handler));
}

void WatchingInformer::add_index(std::string name, IndexFunction function) {
  cache_.add_index(std::move(name), std::move(function));
}

void WatchingInformer::start() {
  thread_ = std::jthread([this] { run(); });
}

void WatchingInformer::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    if (open_watch_ != nullptr) open_watch_->close();
    stop_changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool WatchingInformer::stopping() const {
  std::lock_guard lock(mutex_);
  return stopping_;
}

void WatchingInformer::pause(int failures) {
  const auto wait = std::min(kRetryBase * (1 << std::min(failures, 10)), kRetryLimit);
  const auto deadline = clock_.steady() + wait;
  std::unique_lock lock(mutex_);
  while (!stopping_ && clock_.steady() < deadline) clock_.wait_until(stop_changed_, lock, deadline, {});
}

void WatchingInformer::run() {
  int failures = 0;  // since the watch last worked
  bool must_list = true;
  while (!stopping()) {
    watch_worked_ = false;
    const base::Status status = must_list ? relist() : follow();
    if (watch_worked_) failures = 0;
    if (status.has_value()) {
      must_list = false;
      continue;
    }
    if (stopping()) return;
    const bool expired = status.error().code() == ErrorCode::kExpired || status.error().code() == ErrorCode::kGone;
    if (expired) must_list = true;
    // An expired revision is ordinary: list at once. Twice in a row it is a failure like any other.
    if (!expired || failures > 0) {
      base::log_warning("control", "{} of {} failed and will be repeated: {}", must_list ? "list" : "watch", gvk_.kind,
                        status.error().message());
      pause(failures);
    }
    ++failures;
  }
}

base::Status WatchingInformer::relist() {
  kube::ObjectList found = SLIPWAY_TRY(list_all(client_, gvk_));
  std::map<ObjectKey, ObjectPtr> present;
  for (ObjectPtr& object : found.items) present.emplace(meta::key_of(*object), std::move(object));
  applying_.store(true, std::memory_order_release);
  for (const ObjectKey& key : cache_.keys()) {
    if (present.contains(key)) continue;
    if (const ObjectPtr before = cache_.erase(key)) notify(before, nullptr);
  }
  for (const auto& [key, object] : present) {
    const ObjectPtr known = cache_.get(key);
    if (known && meta::resource_version(*known) == meta::resource_version(*object)) continue;
    cache_.put(key, object);
    notify(known, object);
  }
  applying_.store(false, std::memory_order_release);
  revision_ = found.resource_version;
  synced_.store(true, std::memory_order_release);
  return {};
}

base::Status WatchingInformer::follow() {
  kube::WatchOptions options;
  options.resource_version = revision_;
  options.allow_bookmarks = true;
  const std::unique_ptr<kube::Watch> watch = SLIPWAY_TRY(client_.watch(gvk_, options));
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return {};
    open_watch_ = watch.get();
  }
  base::Status status;
  while (status.has_value() && !stopping()) {
    auto events = watch->next(kWatchTimeout);
    if (!events.has_value()) {
      status = std::move(events.error());
    } else {
      watch_worked_ = true;
      applying_.store(true, std::memory_order_release);
      for (const registry::WatchEvent& event : *events) apply(event);
      applying_.store(false, std::memory_order_release);
    }
  }
  std::lock_guard lock(mutex_);
  open_watch_ = nullptr;
  return status;
}

void WatchingInformer::apply(const registry::WatchEvent& event) {
  if (!event.object) return;
  const std::string& revision = meta::resource_version(*event.object);
  if (!revision.empty()) revision_ = revision;
  if (event.type == registry::WatchEvent::Type::kBookmark) return;
  const ObjectKey key = meta::key_of(*event.object);
  if (event.type == registry::WatchEvent::Type::kDeleted) {
    const ObjectPtr before = cache_.erase(key);
    notify(before ? before : event.object, nullptr);
    return;
  }
  const ObjectPtr before = cache_.put(key, event.object);
  notify(before, event.object);
}

void WatchingInformer::notify(const ObjectPtr& before, const ObjectPtr& after) {
  for (const Handler& handler : handlers_) handler(before, after);
}

bool WatchingInformer::is_current() {
  const auto found = list_all(client_, gvk_);
  if (!found.has_value() || found->items.size() != cache_.size()) return false;
  return std::ranges::all_of(found->items, [this](const ObjectPtr& object) {
    const ObjectPtr known = cache_.get(meta::key_of(*object));
    return known && meta::resource_version(*known) == meta::resource_version(*object);
  });
}

}  // namespace slipway::control
