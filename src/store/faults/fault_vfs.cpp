#include "store/faults/fault_vfs.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sqlite3.h>

namespace slipway::store {

struct FaultFile {
  sqlite3_file base;  // SQLite's part; must be first
  std::string* name;
  int generation;
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

// SQLite's function tables, in C's shape.
struct FaultMethods {
  using Verdict = FaultVfs::Verdict;
  static FaultVfs& vfs() { return FaultVfs::instance(); }
  static FaultFile* of(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file); }

  static int error_of(Verdict verdict, int io_error) {
    errno = verdict == Verdict::kNoSpace ? ENOSPC : EIO;
    return verdict == Verdict::kNoSpace && io_error == SQLITE_IOERR_WRITE ? SQLITE_FULL : io_error;
  }
  static bool fails(Verdict verdict) {
    return verdict == Verdict::kIoError || verdict == Verdict::kNoSpace || verdict == Verdict::kShortWrite;
  }
  static int after(Verdict verdict, int result) {
    if (verdict == Verdict::kKillAfter) ::raise(SIGKILL);
    return result;
  }
  static bool is_dead(FaultFile* file) {
    const std::lock_guard lock(vfs().mutex_);
    return vfs().dead_ || file->generation != vfs().generation_;
  }
  static Verdict judge(FaultFile* file, FaultVfs::Operation operation) {
    return is_dead(file) ? Verdict::kIoError : vfs().judge(operation, *file->name);
  }

  static int close(sqlite3_file* file) {
    const int result = of(file)->below()->pMethods->xClose(of(file)->below());
    delete of(file)->name;
    return result;
  }
  static int read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
    const Verdict verdict = judge(of(file), FaultVfs::kRead);
    if (fails(verdict)) return error_of(verdict, SQLITE_IOERR_READ);
    const int result = of(file)->below()->pMethods->xRead(of(file)->below(), into, count, offset);
    if (verdict == Verdict::kFlipBit && result == SQLITE_OK && count > 0)
      static_cast<char*>(into)[(offset / 7 + 11) % count] ^= 16;
    return after(verdict, result);
  }
  static int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    const Verdict verdict = judge(of(file), FaultVfs::kWrite);
    const int part = verdict == Verdict::kShortWrite ? count / 2 : count;
    if (fails(verdict) && verdict != Verdict::kShortWrite) return error_of(verdict, SQLITE_IOERR_WRITE);
    const int result = of(file)->below()->pMethods->xWrite(of(file)->below(), from, part, offset);
    if (result == SQLITE_OK) remember(file, {offset, {static_cast<const char*>(from), static_cast<std::size_t>(part)}});
    if (verdict == Verdict::kShortWrite) return error_of(verdict, SQLITE_IOERR_WRITE);
    return after(verdict, result);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const Verdict verdict = judge(of(file), FaultVfs::kTruncate);
    if (fails(verdict)) return error_of(verdict, SQLITE_IOERR_TRUNCATE);
    const int result = of(file)->below()->pMethods->xTruncate(of(file)->below(), size);
    if (result == SQLITE_OK) remember(file, {size, {}, true});
    return after(verdict, result);
  }
  static int sync(sqlite3_file* file, int flags) {
    const Verdict verdict = judge(of(file), FaultVfs::kSync);
    const bool works = !fails(verdict);
    // The recording stands for the disk; a real fsync would only cost time.
    if (!is_dead(of(file))) settle(file, works);
    if (!works) return error_of(verdict, SQLITE_IOERR_FSYNC);
    const int result = vfs().records_ ? SQLITE_OK : of(file)->below()->pMethods->xSync(of(file)->below(), flags);
    return after(verdict, result);
  }

  static void remember(sqlite3_file* file, FaultVfs::Write write) {
    const std::lock_guard lock(vfs().mutex_);
    if (vfs().records_) vfs().records_by_name_[*of(file)->name].pending.push_back(std::move(write));
  }
  static void settle(sqlite3_file* file, bool works) {
    const std::lock_guard lock(vfs().mutex_);
    if (!vfs().records_) return;
    FaultVfs::Record& record = vfs().records_by_name_[*of(file)->name];
    if (works)
      for (const FaultVfs::Write& write : record.pending) FaultVfs::apply(write, record.durable);
    record.pending.clear();
  }

  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return of(file)->below()->pMethods->xFileSize(of(file)->below(), size);
  }
  static int lock(sqlite3_file* file, int level) {
    return of(file)->below()->pMethods->xLock(of(file)->below(), level);
  }
  static int unlock(sqlite3_file* file, int level) {
    return of(file)->below()->pMethods->xUnlock(of(file)->below(), level);
  }
  static int check_lock(sqlite3_file* file, int* out) {
    return of(file)->below()->pMethods->xCheckReservedLock(of(file)->below(), out);
  }
  static int control(sqlite3_file* file, int operation, void* argument) {
    return of(file)->below()->pMethods->xFileControl(of(file)->below(), operation, argument);
  }
  static int sector_size(sqlite3_file* file) { return of(file)->below()->pMethods->xSectorSize(of(file)->below()); }
  static int characteristics(sqlite3_file* file) {
    return of(file)->below()->pMethods->xDeviceCharacteristics(of(file)->below());
  }
  static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return of(file)->below()->pMethods->xShmMap(of(file)->below(), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return of(file)->below()->pMethods->xShmLock(of(file)->below(), offset, count, flags);
  }
  static void shm_barrier(sqlite3_file* file) { of(file)->below()->pMethods->xShmBarrier(of(file)->below()); }
  static int shm_unmap(sqlite3_file* file, int remove) {
    return of(file)->below()->pMethods->xShmUnmap(of(file)->below(), remove);
  }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    static const sqlite3_io_methods methods = {
        2,         close,      read,    write,       truncate,        sync,    file_size, lock,
        unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
        shm_unmap, nullptr,    nullptr};
    file->pMethods = nullptr;
    const std::string path = name ? name : "";
    {
      const std::lock_guard lock(vfs().mutex_);
      if (vfs().dead_) return SQLITE_CANTOPEN;
    }
    const Verdict verdict = vfs().judge(FaultVfs::kOpen, path);
    if (fails(verdict)) return error_of(verdict, SQLITE_CANTOPEN);
    const int result = vfs().below_->xOpen(vfs().below_, name, of(file)->below(), flags, out_flags);
    if (result != SQLITE_OK) return result;
    of(file)->name = new std::string(path);
    of(file)->generation = vfs().generation_;
    file->pMethods = &methods;
    return after(verdict, result);
  }
  static int remove(sqlite3_vfs*, const char* name, int sync_folder) {
    {
      const std::lock_guard lock(vfs().mutex_);
      if (vfs().dead_) return SQLITE_IOERR_DELETE;
    }
    const Verdict verdict = vfs().judge(FaultVfs::kDelete, name);
    if (fails(verdict)) return error_of(verdict, SQLITE_IOERR_DELETE);
    const int result = vfs().below_->xDelete(vfs().below_, name, sync_folder);
    const std::lock_guard lock(vfs().mutex_);
    vfs().records_by_name_.erase(name);
    return after(verdict, result);
  }
};

FaultVfs::FaultVfs() : below_(sqlite3_vfs_find(nullptr)) {
  static sqlite3_vfs table = *below_;
  table.szOsFile = static_cast<int>(sizeof(FaultFile)) + below_->szOsFile;
  table.zName = "slipway-faults";
  table.pNext = nullptr;
  table.xOpen = FaultMethods::open;
  table.xDelete = FaultMethods::remove;
  sqlite3_vfs_register(&table, 1);
}

FaultVfs& FaultVfs::instance() {
  static FaultVfs vfs;
  return vfs;
}

void FaultVfs::arm(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
  is_armed_ = true;
  fired_ = false;
  count_ = 0;
}

void FaultVfs::disarm() {
  const std::lock_guard lock(mutex_);
  is_armed_ = false;
}

bool FaultVfs::fired() const {
  const std::lock_guard lock(mutex_);
  return fired_;
}

FaultVfs::Verdict FaultVfs::judge(Operation operation, const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!is_armed_ || (fault_.operations & operation) == 0 || !name.ends_with(fault_.name_end)) return Verdict::kNothing;
  ++count_;
  if (count_ < fault_.at || (count_ > fault_.at && !fault_.repeats)) return Verdict::kNothing;
  fired_ = true;
  switch (fault_.effect) {
    case Effect::kIoError:
      return Verdict::kIoError;
    case Effect::kNoSpace:
      return Verdict::kNoSpace;
    case Effect::kShortWrite:
      return operation == kWrite ? Verdict::kShortWrite : Verdict::kIoError;
    case Effect::kPowerCut:
      dead_ = true;
      return Verdict::kIoError;
    case Effect::kKill:
      ::raise(SIGKILL);
      return Verdict::kNothing;
    case Effect::kKillAfter:
      return Verdict::kKillAfter;
    case Effect::kFlipBit:
      return Verdict::kFlipBit;
  }
  return Verdict::kNothing;
}

void FaultVfs::apply(const Write& write, std::string& content) {
  const auto offset = static_cast<std::size_t>(write.offset);
  if (write.is_truncation) {
    content.resize(offset);
    return;
  }
  if (content.size() < offset + write.bytes.size()) content.resize(offset + write.bytes.size());
  content.replace(offset, write.bytes.size(), write.bytes);
}

void FaultVfs::record() {
  const std::lock_guard lock(mutex_);
  records_ = true;
  records_by_name_.clear();
}

void FaultVfs::cut_power() {
  const std::lock_guard lock(mutex_);
  dead_ = true;
}

void FaultVfs::lose_unsynced(std::mt19937& random) {
  constexpr std::size_t kSector = 512;
  const std::lock_guard lock(mutex_);
  for (auto& [name, record] : records_by_name_) {
    for (const Write& write : record.pending) {
      if (write.is_truncation) {
        if (random() % 2 == 0) apply(write, record.durable);
        continue;
      }
      for (std::size_t begin = 0; begin < write.bytes.size();) {
        const std::size_t place = static_cast<std::size_t>(write.offset) + begin;
        const std::size_t size = std::min(kSector - place % kSector, write.bytes.size() - begin);
        if (random() % 2 == 0)
          apply({static_cast<std::int64_t>(place), write.bytes.substr(begin, size)}, record.durable);
        begin += size;
      }
    }
    record.pending.clear();
    std::ofstream(name, std::ios::binary | std::ios::trunc) << record.durable;
  }
}

void FaultVfs::restore_power() {
  const std::lock_guard lock(mutex_);
  dead_ = false;
  is_armed_ = false;
  ++generation_;
}

}  // namespace slipway::store
