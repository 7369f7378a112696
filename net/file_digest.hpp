#pragma once
/// What a file holds, in a few letters: to know again what was fetched.
#include <cstddef>
#include <istream>
#include <memory>
#include <string>

namespace troupe {

/// SHA-256 of what comes bit by bit.
class sha256_sum {
public:
  sha256_sum();
  ~sha256_sum();
  sha256_sum(sha256_sum&&) noexcept;
  sha256_sum& operator=(sha256_sum&&) noexcept;
  void add(const char* data, std::size_t size);
  /// Once. "" when it could not be made.
  std::string hex();

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// SHA-256 as hex of all that the stream gives; it is at its beginning afterwards.
std::string sha256_of(std::istream& in);
/// "" when it cannot be read. Reads all of it: for blocking workers.
std::string sha256_of_file(const std::string& path);

} // namespace troupe
