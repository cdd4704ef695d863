#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace slipway::store {

// For tests: a layer below SQLite that breaks things, and knows what a disk holds after a loss of power. It becomes the
// default of the process. Thread-safe.
class FaultVfs {
 public:
  enum Operation : unsigned { kOpen = 1, kRead = 2, kWrite = 4, kSync = 8, kTruncate = 16, kDelete = 32, kChange = 61 };
  enum class Effect {
    kIoError,     // EIO; a failed sync also loses what it should have brought to disk, although reads still see it
    kNoSpace,     // ENOSPC
    kShortWrite,  // half of the bytes are written, then EIO
    kPowerCut,    // this and everything afterwards fails, until restore_power()
    kKill,        // SIGKILL to this process, before the operation
    kKillAfter,   // after it
    kFlipBit,     // of what is read
  };
  struct Fault {
    unsigned operations = kChange;
    int at = 1;            // the first time it happens, counted from 1
    bool repeats = false;  // from then on always
    Effect effect = Effect::kIoError;
    std::string name_end;  // only files whose name ends so: "-wal"; "" for all
  };

  static FaultVfs& instance();

  void arm(Fault fault);
  void disarm();
  bool fired() const;

  // Forgets what was recorded and records from now on: every file that is written afterwards.
  void record();
  // Everything fails from now on for files that are open, as for a process that is gone; new ones may be opened after
  // restore_power().
  void cut_power();
  // Files get the content a disk may have: what was synced, and any part of what was not, by sectors.
  void lose_unsynced(std::mt19937& random);
  void restore_power();

 private:
  FaultVfs();
  friend struct FaultFile;
  friend struct FaultMethods;

  struct Write {
    std::int64_t offset = 0;
    std::string bytes;
    bool is_truncation = false;
  };
  struct Record {
    std::string durable;
    std::vector<Write> pending;
  };
  // What is to happen to the operation; kNothing in most cases.
  enum class Verdict { kNothing, kIoError, kNoSpace, kShortWrite, kKillAfter, kFlipBit };
  Verdict judge(Operation operation, const std::string& name);
  static void apply(const Write& write, std::string& content);

  mutable std::mutex mutex_;
  sqlite3_vfs* below_ = nullptr;
  bool is_armed_ = false;
  Fault fault_;
  int count_ = 0;
  bool fired_ = false;
  bool dead_ = false;
  int generation_ = 0;  // files opened before the power was cut stay dead
  bool records_ = false;
  std::map<std::string, Record> records_by_name_;
};

}  // namespace slipway::store
