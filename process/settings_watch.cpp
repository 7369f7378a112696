#include "process/settings_watch.hpp"
#include <sys/stat.h>

namespace troupe::process {

std::string look_at_files(const std::string& dir) {
  std::string all;
  for (auto name : {"troupe.toml", "models.toml", "presets.toml", "texts/ru.toml", "texts/en.toml"}) {
    struct stat st {};
    if (::stat((dir + "/" + name).c_str(), &st) != 0) all += "-;";
    else
      all += std::to_string(st.st_ino) + ":" + std::to_string(st.st_size) + ":" +
             std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec) + ";";
  }
  return all;
}

} // namespace troupe::process
