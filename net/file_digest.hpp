#pragma once
/// What a file holds, in a few letters: to know again what was fetched.
#include <istream>
#include <string>

namespace troupe {

/// SHA-256 as hex of all that the stream gives; it is at its beginning afterwards.
std::string sha256_of(std::istream& in);
/// "" when it cannot be read. Reads all of it: for blocking workers.
std::string sha256_of_file(const std::string& path);

} // namespace troupe
