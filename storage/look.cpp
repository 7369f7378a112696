#include "storage/look.hpp"
#include "storage/parts.hpp"

namespace troupe::storage {

database_look look_into(const std::string& path) {
  try {
    const auto db = open_to_look(path);
    if (!db) return {true, false, 0};
    return {false, is_old(*db), served_bot(*db)};
  } catch (const SQLite::Exception& e) {
    refuse_unopened(path, e.what());
  }
}

std::string place_of(const std::string& path) { return real_path(path); }

} // namespace troupe::storage
