#include "store/logged_store.h"

#include <fmt/core.h>
#include <functional>
#include <map>
#include <optional>
#include <pthread.h>
#include <utility>

namespace slipway::store {

namespace {

constexpr std::size_t kMaxBatch = 1'000;

base::Error missing(std::string_view key) {
  return base::fail(base::ErrorCode::kNotFound, fmt::format("{} not found", key));
}

// Where a caller waits for its write.
class Answer {
 public:
  void tell(base::Result<Entry> result) {
    {
      const std::lock_guard lock(mutex_);
      result_.emplace(std::move(result));
    }
    told_.notify_one();
  }
  base::Result<Entry> wait() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return result_.has_value(); });
    return std::move(*result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<base::Result<Entry>> result_;
};

}  // namespace

struct LoggedStore::Write {
  enum class Kind { kCreate, kUpdate, kRemove };
  Kind kind;
  std::string key;
  Revision expected;
  Encoder encode;
  Written written;
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
    event.key = write.key;
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
    : hub_(std::move(hub)), log_(std::move(log)), writer_([this] {
        pthread_setname_np(pthread_self(), "store-writer");
        write_batches();
      }) {}

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
  return submit_and_wait({Write::Kind::kCreate, std::string(key), 0, Encoder(std::ref(encode)), {}});
}

void LoggedStore::create_later(std::string_view key, Encoder encode, Written written) {
  submit({Write::Kind::kCreate, std::string(key), 0, std::move(encode), std::move(written)});
}

base::Result<Entry> LoggedStore::update(std::string_view key, Revision expected, const Encoder& encode) {
  return submit_and_wait({Write::Kind::kUpdate, std::string(key), expected, Encoder(std::ref(encode)), {}});
}

base::Result<Entry> LoggedStore::remove(std::string_view key, Revision expected, const Encoder& encode_final) {
  return submit_and_wait({Write::Kind::kRemove, std::string(key), expected, Encoder(std::ref(encode_final)), {}});
}

base::Result<std::unique_ptr<Watch>> LoggedStore::watch(std::string_view prefix, Revision from) {
  const std::unique_lock lock(hub_->mutex);
  return hub_->add(prefix, from);
}

Revision LoggedStore::revision() {
  const std::shared_lock lock(hub_->mutex);
  return hub_->map.revision();
}

void LoggedStore::submit(Write write) {
  std::unique_lock lock(queue_mutex_);
  room_.wait(lock, [this] { return closed_ || queue_.size() < kMaxBatch; });
  if (closed_) {
    lock.unlock();
    return write.written(base::fail(base::ErrorCode::kUnavailable, "the store is closed"));
  }
  queue_.push_back(std::move(write));
  const bool is_first = queue_.size() == 1;
  lock.unlock();
  if (is_first) filled_.notify_one();
}

base::Result<Entry> LoggedStore::submit_and_wait(Write write) {
  // The writing thread may touch it a moment longer than this waits.
  const auto answer = std::make_shared<Answer>();
  write.written = [answer](base::Result<Entry> result) { answer->tell(std::move(result)); };
  submit(std::move(write));
  return answer->wait();
}

void LoggedStore::write_batches() {
  std::vector<Write> writes;
  while (true) {
    {
      std::unique_lock lock(queue_mutex_);
      filled_.wait(lock, [this] { return closed_ || !queue_.empty(); });
      if (queue_.empty()) return;
      writes.swap(queue_);
    }
    room_.notify_all();
    std::vector<base::Result<Entry>> results = commit(writes);
    for (std::size_t i = 0; i < writes.size(); ++i) writes[i].written(std::move(results[i]));
    writes.clear();
  }
}

std::vector<base::Result<Entry>> LoggedStore::commit(const std::vector<Write>& writes) {
  Batch batch(*hub_);
  std::vector<base::Result<Entry>> results;
  results.reserve(writes.size());
  for (const Write& write : writes) results.push_back(batch.add(write));
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
    const std::lock_guard lock(queue_mutex_);
    closed_ = true;
  }
  filled_.notify_all();
  room_.notify_all();
  {
    const std::lock_guard lock(close_mutex_);
    if (writer_.joinable()) writer_.join();
  }
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    const std::unique_lock lock(hub_->mutex);
    watchers = hub_->cancel_all();
  }
  WatchHub::wake(watchers);
}

}  // namespace slipway::store
