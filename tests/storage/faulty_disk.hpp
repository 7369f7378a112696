#pragma once
/// A disk that fails on order: a SQLite VFS around the default one. All stores of the process use it while
/// it exists, so one test at a time.
#include <cstdint>
#include <cstring>
#include <sqlite3.h>
#include <stdexcept>

namespace troupe::storage::test {

enum class damage : std::uint8_t {
  error, ///< the operation has no effect and says so
  full,  ///< no space left
  torn,  ///< the first one is half written; then, if it lasts, nothing more gets through: a power cut
};

class faulty_disk {
public:
  faulty_disk() {
    it() = this;
    base_ = sqlite3_vfs_find(nullptr);
    vfs_ = *base_;
    vfs_.szOsFile = static_cast<int>(sizeof(file)) + base_->szOsFile;
    vfs_.zName = "faulty";
    vfs_.xOpen = open;
    if (sqlite3_vfs_register(&vfs_, 1) != SQLITE_OK) throw std::runtime_error("no VFS");
  }
  ~faulty_disk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(base_, 1);
    it() = nullptr;
  }
  faulty_disk(const faulty_disk&) = delete;
  faulty_disk& operator=(const faulty_disk&) = delete;

  /// The `nth` open, write, sync or truncate from now on fails; `lasting`: and all that come after it.
  void fail_at(int nth, damage kind, bool lasting) {
    left_ = nth, kind_ = kind, lasting_ = lasting, hit_ = false;
  }
  void heal() { left_ = 0; }
  bool was_hit() const { return hit_; }

private:
  struct file {
    sqlite3_file base; ///< what SQLite sees
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static file* of(sqlite3_file* f) { return reinterpret_cast<file*>(f); }
  static faulty_disk*& it() {
    static faulty_disk* one = nullptr;
    return one;
  }

  bool fails() {
    if (left_ == 0) return false;
    if (left_ > 1) return --left_, false;
    if (hit_ && !lasting_) return false;
    return hit_ = true;
  }
  int code() const { return kind_ == damage::full ? SQLITE_FULL : SQLITE_IOERR_WRITE; }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
    auto* mine = of(f);
    std::memset(static_cast<void*>(mine), 0, sizeof *mine);
    if (it()->fails()) return SQLITE_CANTOPEN;
    const int rc = it()->base_->xOpen(it()->base_, name, mine->real(), flags, out);
    if (rc == SQLITE_OK) mine->base.pMethods = methods(mine->real()->pMethods->iVersion);
    return rc;
  }
  static int write(sqlite3_file* f, const void* bytes, int size, sqlite3_int64 at) {
    auto* real = of(f)->real();
    auto& disk = *it();
    const bool first = !disk.hit_;
    if (!disk.fails()) return real->pMethods->xWrite(real, bytes, size, at);
    if (disk.kind_ == damage::torn && first) real->pMethods->xWrite(real, bytes, size / 2, at);
    return disk.code();
  }
  static int sync(sqlite3_file* f, int flags) {
    auto* real = of(f)->real();
    return it()->fails() ? SQLITE_IOERR_FSYNC : real->pMethods->xSync(real, flags);
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    auto* real = of(f)->real();
    return it()->fails() ? SQLITE_IOERR_TRUNCATE : real->pMethods->xTruncate(real, size);
  }

  static const sqlite3_io_methods* methods(int version) {
    static sqlite3_io_methods m = [] {
      sqlite3_io_methods x{};
#define TROUPE_PASS(method)                                                                                  \
  x.method = [](sqlite3_file* f, auto... a) { return of(f)->real()->pMethods->method(of(f)->real(), a...); }
      TROUPE_PASS(xClose);
      TROUPE_PASS(xRead);
      TROUPE_PASS(xFileSize);
      TROUPE_PASS(xLock);
      TROUPE_PASS(xUnlock);
      TROUPE_PASS(xCheckReservedLock);
      TROUPE_PASS(xFileControl);
      TROUPE_PASS(xSectorSize);
      TROUPE_PASS(xDeviceCharacteristics);
      TROUPE_PASS(xShmMap);
      TROUPE_PASS(xShmLock);
      TROUPE_PASS(xShmBarrier);
      TROUPE_PASS(xShmUnmap);
      TROUPE_PASS(xFetch);
      TROUPE_PASS(xUnfetch);
#undef TROUPE_PASS
      x.xWrite = write, x.xSync = sync, x.xTruncate = truncate;
      return x;
    }();
    m.iVersion = version;
    return &m;
  }

  sqlite3_vfs* base_ = nullptr;
  sqlite3_vfs vfs_{};
  int left_ = 0;
  damage kind_ = damage::error;
  bool lasting_ = false, hit_ = false;
};

} // namespace troupe::storage::test
