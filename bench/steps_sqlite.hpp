#pragma once
#include <string>

namespace troupe::bench {

/// What the disk permits: the row a step writes, written by SQLite alone with `rows` steps a commit, with the
/// journal and the safety of every bot here. @returns steps a second. @throws SQLite::Exception
double raw_steps_per_s(const std::string& file, int rows, double seconds);

} // namespace troupe::bench
