#pragma once
/// What a process of ours has used, as /proc tells it; 0 when it is gone.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/types.h>
#include <unistd.h>

namespace troupe::bench {

inline double cpu_s_of(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
  std::string all{std::istreambuf_iterator<char>{in}, {}};
  long user = 0, system = 0;
  std::sscanf(all.c_str() + std::min(all.size(), all.rfind(')') + 2),
              "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

inline double resident_mb_of(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/statm"};
  long total = 0, resident = 0;
  in >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

} // namespace troupe::bench
