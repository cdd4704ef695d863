#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::store {

// One revision counter for the whole store; every write takes the next one. 0 = before the first write.
using Revision = std::int64_t;
using Bytes = std::shared_ptr<const std::string>;

// A stored value: immutable bytes shared by everyone who reads them.
struct Entry {
  std::string key;
  Revision revision = 0;  // of the write that made this value
  Bytes value;
  Revision created = 0;  // of the write that created the key
};

struct Event {
  enum class Type { kPut, kDelete };
  Type type = Type::kPut;
  std::string key;
  Revision revision = 0;  // of this change
  Bytes value;            // the new value; for a delete the final value given by the deleter
  Bytes previous;         // the value before; null when the key was created
  Revision previous_revision = 0;
  Revision created = 0;  // of the write that created the key; of this one when there was none before
};

struct ListPage {
  std::vector<Entry> entries;  // sorted by key
  Revision revision = 0;       // the state that was read
  std::string next_key;        // where the next page starts; "" at the end
  std::int64_t remaining = 0;  // entries after this page
};

// Makes the bytes of a value once its revision is known, so that the revision can stand inside them. Called by the
// store under its write lock: quick, no calls back into the store.
using Encoder = std::function<std::string(Revision)>;

// How a write that nobody waits for went. Called once, mostly by the store's own thread: quick, and no further writes.
using Written = std::function<void(base::Result<Entry>)>;

// Events of a key prefix in revision order. next() belongs to one thread at a time; close() may come from any thread.
class Watch {
 public:
  virtual ~Watch() = default;
  // The next events (at least one), or an empty list after `timeout`. kExpired when this reader fell out of the ring:
  // it must list again. kCancelled after close() or when the store closes.
  virtual base::Result<std::vector<Event>> next(std::chrono::milliseconds timeout) = 0;
  virtual void close() = 0;
  // For readers that must not hold a thread: `callback` is called, from any thread, whenever next() may have something
  // to say at once (events, its end), and now when it already has. It must be quick and must not call this watch. The
  // call about a write comes before that write is acknowledged: who counts the calls knows of every acknowledged write.
  // After on_ready({}) returned, the old callback neither runs nor will be called.
  virtual void on_ready(std::function<void()> callback) = 0;
  // Every event up to this revision has been returned by next() (bookmarks).
  virtual Revision position() const = 0;
};

// A durable ordered map with one global revision and a bounded history for watchers.
//
// A write returns only after it is durable (sqlite: group-committed fsync; memory: at once). Readers see a write only
// after it is durable. All methods are thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  // kNotFound when the key is not there.
  virtual base::Result<Entry> get(std::string_view key) = 0;

  // Entries whose key starts with `prefix`, from `start_key` on (inclusive; "" = from the beginning), at most `limit`
  // (0 = all). `revision` 0 reads the newest state; an older one reads that state while the ring can rebuild it,
  // kExpired otherwise (continue tokens).
  virtual base::Result<ListPage> list(std::string_view prefix, std::string_view start_key = "", std::size_t limit = 0,
                                      Revision revision = 0) = 0;

  // kAlreadyExists when the key is there.
  virtual base::Result<Entry> create(std::string_view key, const Encoder& encode) = 0;
  // The same without waiting for the disk, only for room in the bounded queue: `written` is called when create() would
  // have returned, on the caller's thread when the store is closed.
  virtual void create_later(std::string_view key, Encoder encode, Written written) = 0;
  // Replaces the value whose revision is `expected`; kConflict when it moved on, kNotFound when it is gone.
  virtual base::Result<Entry> update(std::string_view key, Revision expected, const Encoder& encode) = 0;
  // Deletes the value whose revision is `expected`. `encode_final` makes the value that watchers see.
  virtual base::Result<Entry> remove(std::string_view key, Revision expected, const Encoder& encode_final) = 0;

  // Events after `from` (exclusive). kExpired when the ring no longer has them, kInvalid when `from` is in the future.
  virtual base::Result<std::unique_ptr<Watch>> watch(std::string_view prefix, Revision from) = 0;

  virtual Revision revision() = 0;
  // Ends every watch and refuses further writes with kUnavailable; waits for writes in flight.
  virtual void close() = 0;
};

struct StoreOptions {
  std::size_t ring_events = 100'000;    // history kept for watchers and older lists; a slower watcher gets kExpired
  std::size_t ring_bytes = 128u << 20;  // or this many bytes of values, whichever is less
};

}  // namespace slipway::store
