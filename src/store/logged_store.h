#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "store/change_log.h"
#include "store/store.h"
#include "store/watch_hub.h"

namespace slipway::store {

// The Store behind every backend: memory is the index, the ChangeLog is the durable part, history is a ring.
//
// Writes are group-committed without a thread of their own: the first waiting writer leads, takes everything queued in
// order, checks each write against the newest (pending) state, gives it the next revision, appends the batch to the
// log in one durable step, publishes it to the map, the ring and the watchers, hands the lead to the first of those
// that came meanwhile (they are the next batch) and answers everyone. A writer sleeps on a lock of its own: hundreds
// that are answered at once do not wait for each other. queue_mutex_ is never held together with another lock.
class LoggedStore final : public Store {
 public:
  // `map` is filled by the backend from its durable state.
  LoggedStore(std::shared_ptr<WatchHub> hub, std::unique_ptr<ChangeLog> log);
  ~LoggedStore() override;
  LoggedStore(const LoggedStore&) = delete;
  LoggedStore& operator=(const LoggedStore&) = delete;

  base::Result<Entry> get(std::string_view key) override;
  base::Result<ListPage> list(std::string_view prefix, std::string_view start_key, std::size_t limit,
                              Revision revision) override;
  base::Result<Entry> create(std::string_view key, const Encoder& encode) override;
  base::Result<Entry> update(std::string_view key, Revision expected, const Encoder& encode) override;
  base::Result<Entry> remove(std::string_view key, Revision expected, const Encoder& encode_final) override;
  base::Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision from) override;
  Revision revision() override;
  void close() override;

 private:
  struct Write;
  class Batch;
  using WritePtr = std::shared_ptr<Write>;
  base::Result<Entry> submit(const WritePtr& write);
  // Takes a batch, writes it, hands the lead on and answers everyone.
  void lead();
  // One batch, from check to publication. One result per write.
  std::vector<base::Result<Entry>> commit(const std::vector<WritePtr>& writes);

  const std::shared_ptr<WatchHub> hub_;
  const std::unique_ptr<ChangeLog> log_;

  std::mutex queue_mutex_;
  std::deque<WritePtr> queue_;    // guarded by queue_mutex_
  bool committing_ = false;       // guarded by queue_mutex_: somebody leads, or is told to
  bool closed_ = false;           // guarded by queue_mutex_
  std::condition_variable idle_;  // no leader and nothing queued
};

}  // namespace slipway::store
