#include "process/privacy.hpp"
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace troupe::process {

void write_for_ourselves() { ::umask(077); }

void keep_memory_private() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none); // a core that is piped to a program is not limited by it
  ::prctl(PR_SET_DUMPABLE, 0);
}

} // namespace troupe::process
