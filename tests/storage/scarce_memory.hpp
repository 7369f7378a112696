#pragma once
/// SQLite's memory that runs out on order. No connection may be open when it comes or goes.
#include <sqlite3.h>
#include <stdexcept>

namespace troupe::storage::test {

class scarce_memory {
public:
  scarce_memory() {
    it() = this;
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_);
    auto mine = real_;
    mine.xMalloc = [](int size) { return it()->fails() ? nullptr : it()->real_.xMalloc(size); };
    mine.xRealloc = [](void* p, int size) { return it()->fails() ? nullptr : it()->real_.xRealloc(p, size); };
    use(mine);
  }
  ~scarce_memory() {
    sqlite3_shutdown();
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &real_) == SQLITE_OK) sqlite3_initialize();
    it() = nullptr;
  }
  scarce_memory(const scarce_memory&) = delete;
  scarce_memory& operator=(const scarce_memory&) = delete;

  /// The `nth` allocation from now on fails; `lasting`: and all that come after it.
  void fail_at(int nth, bool lasting) { left_ = nth, lasting_ = lasting, hit_ = false; }
  void heal() { left_ = 0; }
  bool was_hit() const { return hit_; }

private:
  static scarce_memory*& it() {
    static scarce_memory* one = nullptr;
    return one;
  }
  static void use(sqlite3_mem_methods& methods) {
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK || sqlite3_initialize() != SQLITE_OK)
      throw std::runtime_error("SQLite does not take another memory while a connection is open");
  }
  bool fails() {
    if (left_ == 0) return false;
    if (left_ > 1) return --left_, false;
    if (hit_ && !lasting_) return false;
    return hit_ = true;
  }

  sqlite3_mem_methods real_{};
  int left_ = 0;
  bool lasting_ = false, hit_ = false;
};

} // namespace troupe::storage::test
