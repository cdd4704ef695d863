#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/change_log.h"
#include "store/store.h"
#include "store/watch_hub.h"

namespace slipway::store {

// The Store behind every backend: memory is the index, the ChangeLog is the durable part, history is a ring.
//
// Writes are group-committed by one thread: it takes everything that is queued, checks each write against the newest
// (pending) state in order, gives it the next revision, appends the batch to the log in one durable step, publishes it
// to the map, the ring and the watchers, and tells everyone. What comes meanwhile is the next batch. queue_mutex_ is
// never held together with another lock.
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
  void create_later(std::string_view key, Encoder encode, Written written) override;
  base::Result<Entry> update(std::string_view key, Revision expected, const Encoder& encode) override;
  base::Result<Entry> remove(std::string_view key, Revision expected, const Encoder& encode_final) override;
  base::Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision from) override;
  Revision revision() override;
  void close() override;

 private:
  struct Write;
  class Batch;
  void submit(Write write);
  base::Result<Entry> submit_and_wait(Write write);
  // The writing thread: batch after batch, until the store is closed and nothing is queued.
  void write_batches();
  // One batch, from check to publication. One result per write.
  std::vector<base::Result<Entry>> commit(const std::vector<Write>& writes);

  const std::shared_ptr<WatchHub> hub_;
  const std::unique_ptr<ChangeLog> log_;

  std::mutex queue_mutex_;
  std::vector<Write> queue_;        // guarded by queue_mutex_; at most one batch
  bool closed_ = false;             // guarded by queue_mutex_
  std::condition_variable filled_;  // something is queued, or the store is closed
  std::condition_variable room_;    // the queue was taken, or the store is closed
  std::mutex close_mutex_;          // one at a time joins the thread
  std::jthread writer_;
};

}  // namespace slipway::store
