#include "store/sqlite/sqlite_log.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/crash_point.h"
#include "base/log.h"

namespace slipway::store {

namespace {

using base::ErrorCode;
using base::Status;

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{10'000};

StoreState after(StoreState state, const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (event.previous) state.drop(event.previous_revision);
    if (event.type == Event::Type::kPut) state.add(event.revision);
    state.revision = event.revision;
  }
  return state;
}

}  // namespace

void SqliteLog::disconnect() {
  for (Statement* statement : {&begin_, &commit_, &rollback_, &insert_, &update_, &remove_, &set_state_})
    *statement = Statement();
  database_ = Database();
}

Status SqliteLog::connect() {
  disconnect();
  database_ = SLIPWAY_TRY(Database::open(file_));
  // FULL with WAL: every commit is fsynced before it returns.
  SLIPWAY_TRY(
      database_.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864; "
                        "PRAGMA cache_size=-2048"));
  database_.follow_wal();
  if (SLIPWAY_TRY(read_format(database_, file_)) == 0) {
    SLIPWAY_TRY(database_.execute("BEGIN IMMEDIATE"));
    SLIPWAY_TRY(create_tables(database_));
    SLIPWAY_TRY(database_.execute("COMMIT"));
  }
  begin_ = SLIPWAY_TRY(database_.prepare("BEGIN IMMEDIATE"));
  commit_ = SLIPWAY_TRY(database_.prepare("COMMIT"));
  rollback_ = SLIPWAY_TRY(database_.prepare("ROLLBACK"));
  insert_ =
      SLIPWAY_TRY(database_.prepare("INSERT INTO objects(created, revision, key, sealed_with, checksum, value) "
                                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
  update_ = SLIPWAY_TRY(database_.prepare(
      "UPDATE objects SET revision=?2, key=?3, sealed_with=?4, checksum=?5, value=?6 WHERE created=?1"));
  remove_ = SLIPWAY_TRY(database_.prepare("DELETE FROM objects WHERE created=?1"));
  set_state_ =
      SLIPWAY_TRY(database_.prepare("UPDATE state SET revision=?1, objects=?2, digest=?3, checksum=?4 WHERE id=1"));
  // What an earlier process left in the WAL may be in the page cache only (see the header): it is written once more.
  if (const Status emptied = database_.checkpoint(true); !emptied) {
    if (emptied.error().code() == ErrorCode::kCorrupt) return emptied;
    in_doubt_ = true;
    reason_ = emptied.error();
  }
  return {};
}

base::Result<bool> SqliteLog::load(ObjectMap& map) {
  bool all_current = true;
  std::vector<Entry> entries;
  const auto take = [&](const StoredRow& row) -> Status {
    all_current = all_current && codec_->is_current(row);
    auto value = std::make_shared<const std::string>(SLIPWAY_TRY(codec_->open(row, file_)));
    entries.push_back({std::string(row.key), row.revision, std::move(value), row.created});
    return {};
  };
  state_ = SLIPWAY_TRY(read_rows(database_, file_, kFormat, take));
  if (!map.load(std::move(entries), state_.revision)) return damaged(file_, "a key is there twice");
  return all_current;
}

Status SqliteLog::resume(Revision revision) {
  state_ = SLIPWAY_TRY(read_state(database_, file_));
  if (state_.revision != revision) return damaged(file_, "it changed while it was rewritten");
  return {};
}

Status SqliteLog::append(const std::vector<Event>& events) {
  if (in_doubt_) SLIPWAY_TRY(settle());
  const StoreState wanted = after(state_, events);
  Status written = write(events, wanted);
  if (written) {
    state_ = wanted;
    base::crash_point("store.committed");
    checkpoint_now_and_then();
    return {};
  }
  const bool harmless = database_.was_refused_for_space();
  // Some errors have already rolled back; asking again is harmless.
  (void)rollback_.run();
  if (!harmless) {
    in_doubt_ = true;
    failed_ = events;
    reason_ = written.error();
    base::log_error("store", "{}; no write is accepted until the file was checked", reason_.message());
  }
  return written;
}

Status SqliteLog::write(const std::vector<Event>& events, const StoreState& wanted) {
  SLIPWAY_TRY(begin_.run());
  base::crash_point("store.begun");
  for (const Event& event : events) {
    if (event.type == Event::Type::kDelete) {
      SLIPWAY_TRY(drop(event.created));
    } else {
      SLIPWAY_TRY(put(event.created, event.revision, event.previous_revision, event.key, *event.value));
    }
  }
  SLIPWAY_TRY(save(wanted));
  base::crash_point("store.before-commit");
  return commit_.run();
}

// `previous` 0: there is no such row yet.
Status SqliteLog::put(Revision created, Revision revision, Revision previous, std::string_view key,
                      std::string_view value) {
  StoredRow row{created, revision, key, kPlain, {}};
  SLIPWAY_TRY(codec_->seal(row, value));
  Statement& statement = previous == 0 ? insert_ : update_;
  SLIPWAY_TRY(statement.bind_integer(1, row.created)
                  .bind_integer(2, row.revision)
                  .bind_bytes(3, row.key)
                  .bind_integer(4, row.sealed_with)
                  .bind_integer(5, checksum_of(row))
                  .bind_bytes(6, row.value)
                  .run());
  if (database_.changes() != 1) return damaged(file_, fmt::format("row {} is missing", created));
  return {};
}

Status SqliteLog::drop(Revision created) {
  SLIPWAY_TRY(remove_.bind_integer(1, created).run());
  if (database_.changes() != 1) return damaged(file_, fmt::format("row {} is missing", created));
  return {};
}

Status SqliteLog::save(const StoreState& state) {
  return set_state_.bind_integer(1, state.revision)
      .bind_integer(2, state.objects)
      .bind_integer(3, static_cast<std::int64_t>(state.digest))
      .bind_integer(4, checksum_of(state))
      .run();
}

Status SqliteLog::undo(const std::vector<Event>& events) {
  SLIPWAY_TRY(begin_.run());
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (!event->previous) {
      SLIPWAY_TRY(drop(event->created));
      continue;
    }
    const Revision present = event->type == Event::Type::kDelete ? 0 : event->revision;
    SLIPWAY_TRY(put(event->created, event->previous_revision, present, event->key, *event->previous));
  }
  SLIPWAY_TRY(save(state_));
  return commit_.run();
}

Status SqliteLog::settle() {
  if (std::chrono::steady_clock::now() < next_try_)
    return std::move(base::Status(reason_)).with_context("writing stopped after a disk error and is tried again soon");
  const Status settled = try_to_settle();
  if (!settled) {
    (void)rollback_.run();
    reason_ = settled.error();
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    next_try_ = std::chrono::steady_clock::now() + pause_;
    return settled;
  }
  pause_ = {};
  next_try_ = {};
  base::log_warning("store", "{}: the file was opened anew after a disk error; writing goes on", file_.string());
  if (settled_) settled_();
  return {};
}

Status SqliteLog::try_to_settle() {
  in_doubt_ = false;
  if (Status connected = connect(); !connected || in_doubt_) {
    in_doubt_ = true;
    return connected ? Status(reason_) : connected;
  }
  in_doubt_ = true;
  StoreState found = SLIPWAY_TRY(read_state(database_, file_));
  if (found == after(state_, failed_)) {
    if (!failed_.empty()) SLIPWAY_TRY(undo(failed_));
    found = SLIPWAY_TRY(read_state(database_, file_));
  }
  if (!(found == state_))
    return damaged(file_,
                   fmt::format("it holds revision {} although {} was acknowledged", found.revision, state_.revision));
  failed_.clear();
  in_doubt_ = false;
  return {};
}

void SqliteLog::checkpoint_now_and_then() {
  if (database_.wal_frames() < checkpoint_frames_) return;
  base::crash_point("store.before-checkpoint");
  const Status done = database_.checkpoint(false);
  base::crash_point("store.after-checkpoint");
  // The WAL keeps everything until a checkpoint succeeds; writes go on.
  if (!done && !checkpoint_fails_)
    base::log_error("store", "{}; its WAL grows until this works again", done.error().message());
  checkpoint_fails_ = !done;
}

}  // namespace slipway::store
