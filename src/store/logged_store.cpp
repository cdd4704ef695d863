#include "store/logged_store.h"

#include <fmt/core.h>
#include <map>
#include <optional>
#include <utility>

namespace slipway::store {

namespace {

constexpr std::size_t kMaxBatch = 1'000;

base::Error missing(std::string_view key) {
  return base::fail(base::ErrorCode::kNotFound, fmt::format("{} not found", key));
}

}  // namespace

// One caller's write. Key and encoder are the caller's, who waits; the rest may be touched a moment longer than that.
struct LoggedStore::Write {
  enum class Kind { kCreate, kUpdate, kRemove };
  Write(Kind what, std::string_view where, Revision present, const Encoder& how)
      : kind(what), key(where), expected(present), encode(how) {}

  void answer(base::Result<Entry> outcome) {
    {
      const std::lock_guard lock(mutex_);
      result_.emplace(std::move(outcome));
    }
    changed_.notify_one();
  }
  void tell_to_lead() {
    {
      const std::lock_guard lock(mutex_);
      leads_ = true;
    }
    changed_.notify_one();
  }
  // The answer; none when this write has to lead first.
  std::optional<base::Result<Entry>> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return leads_ || result_; });
    leads_ = false;
    return std::exchange(result_, std::nullopt);
  }

  const Kind kind;
  const std::string_view key;
  const Revision expected;
  const Encoder& encode;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool leads_ = false;
  std::optional<base::Result<Entry>> result_;
};

// The state a batch will make: the published map with this batch's events on top.
class LoggedStore::Batch {
 public:
  explicit Batch(WatchHub& hub) : hub_(hub) {
    const std::shared_lock lock(hub.mutex);
    next_revision_ = hub.map.revision() + 1;
  }

  base::Result<Entry> add(const Write& write) {
    const std::optional<Entry> present = find(write.key);
    if (write.kind == Write::Kind::kCreate) {
      if (present) return base::fail(base::ErrorCode::kAlreadyExists, fmt::format("{} already exists", write.key));
    } else {
      if (!present) return missing(write.key);
      if (present->revision != write.expected)
        return base::fail(base::ErrorCode::kConflict,
                          fmt::format("{} has been modified: revision {} was expected, {} is there", write.key,
                                      write.expected, present->revision));
    }
    Event event;
    event.type = write.kind == Write::Kind::kRemove ? Event::Type::kDelete : Event::Type::kPut;
    event.key = std::string(write.key);
    event.revision = next_revision_++;
    event.value = std::make_shared<const std::string>(write.encode(event.revision));
    event.created = present ? present->created : event.revision;
    if (present) {
      event.previous = present->value;
      event.previous_revision = present->revision;
    }
    Entry entry{event.key, event.revision, event.value, event.created};
    pending_[event.key] = events.size();
    events.push_back(std::move(event));
    return entry;
  }

  std::vector<Event> events;

 private:
  std::optional<Entry> find(std::string_view key) const {
    if (const auto at = pending_.find(key); at != pending_.end()) {
      const Event& event = events[at->second];
      if (event.type == Event::Type::kDelete) return std::nullopt;
      return Entry{event.key, event.revision, event.value, event.created};
    }
    const std::shared_lock lock(hub_.mutex);
    const Entry* entry = hub_.map.find(key);
    return entry ? std::optional(*entry) : std::nullopt;
  }

  WatchHub& hub_;
  Revision next_revision_ = 0;
  std::map<std::string, std::size_t, std::less<>> pending_;  // key -> its newest event
};

LoggedStore::LoggedStore(std::shared_ptr<WatchHub> hub, std::unique_ptr<ChangeLog> log)
    : hub_(std::move(hub)), log_(std::move(log)) {}

LoggedStore::~LoggedStore() {
  close();
}

base::Result<Entry> LoggedStore::get(std::string_view key) {
  const std::shared_lock lock(hub_->mutex);
  const Entry* entry = hub_->map.find(key);
  if (!entry) return missing(key);
  return *entry;
}

base::Result<ListPage> LoggedStore::list(std::string_view prefix, std::string_view start_key, std::size_t limit,
                                         Revision revision) {
  const std::shared_lock lock(hub_->mutex);
  return hub_->map.list(prefix, start_key, limit, revision);
}

base::Result<Entry> LoggedStore::create(std::string_view key, const Encoder& encode) {
  return submit(std::make_shared<Write>(Write::Kind::kCreate, key, 0, encode));
}

base::Result<Entry> LoggedStore::update(std::string_view key, Revision expected, const Encoder& encode) {
  return submit(std::make_shared<Write>(Write::Kind::kUpdate, key, expected, encode));
}

base::Result<Entry> LoggedStore::remove(std::string_view key, Revision expected, const Encoder& encode_final) {
  return submit(std::make_shared<Write>(Write::Kind::kRemove, key, expected, encode_final));
}

base::Result<std::unique_ptr<Watch>> LoggedStore::watch(std::string_view prefix, Revision from) {
  const std::unique_lock lock(hub_->mutex);
  return hub_->add(prefix, from);
}

Revision LoggedStore::revision() {
  const std::shared_lock lock(hub_->mutex);
  return hub_->map.revision();
}

base::Result<Entry> LoggedStore::submit(const WritePtr& write) {
  bool leads = false;
  {
    const std::lock_guard lock(queue_mutex_);
    if (closed_) return base::fail(base::ErrorCode::kUnavailable, "the store is closed");
    queue_.push_back(write);
    leads = !std::exchange(committing_, true);
  }
  if (leads) lead();
  while (true) {
    if (auto result = write->wait()) return std::move(*result);
    lead();
  }
}

void LoggedStore::lead() {
  std::vector<WritePtr> writes;
  {
    const std::lock_guard lock(queue_mutex_);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxBatch));
    writes.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
  }
  std::vector<base::Result<Entry>> results = commit(writes);
  WritePtr next;
  {
    const std::lock_guard lock(queue_mutex_);
    committing_ = !queue_.empty();
    if (committing_)
      next = queue_.front();
    else
      idle_.notify_all();
  }
  // From here on this store may be gone: only the writes are touched.
  if (next != nullptr) next->tell_to_lead();
  for (std::size_t i = 0; i < writes.size(); ++i) writes[i]->answer(std::move(results[i]));
}

std::vector<base::Result<Entry>> LoggedStore::commit(const std::vector<WritePtr>& writes) {
  Batch batch(*hub_);
  std::vector<base::Result<Entry>> results;
  results.reserve(writes.size());
  for (const WritePtr& write : writes) results.push_back(batch.add(*write));
  if (batch.events.empty()) return results;

  const base::Status durable = log_->append(batch.events);
  if (!durable) {
    // A refusal may rest on a write of this very batch, so a batch that was lost answers everyone with the reason.
    for (auto& result : results) result = base::Result<Entry>(durable.error());
    return results;
  }
  std::vector<std::shared_ptr<Watcher>> ready;
  {
    const std::unique_lock lock(hub_->mutex);
    hub_->map.apply(batch.events);
    ready = hub_->mark(batch.events);
  }
  WatchHub::wake(ready);
  return results;
}

void LoggedStore::close() {
  {
    std::unique_lock lock(queue_mutex_);
    closed_ = true;
    idle_.wait(lock, [this] { return !committing_ && queue_.empty(); });
  }
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    const std::unique_lock lock(hub_->mutex);
    watchers = hub_->cancel_all();
  }
  WatchHub::wake(watchers);
}

}  // namespace slipway::store
