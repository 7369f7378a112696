#pragma once
/// What was found out about one thing, for the operator to read.
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::readiness {

enum class grade : std::uint8_t {
  fine,
  look,       ///< may be right, but is rarely meant
  missing,    ///< not ready without it
  wrong,      ///< not ready with it
  not_probed, ///< nobody can say from here
};

struct finding {
  grade how = grade::fine;
  std::string subject;
  std::string words; ///< What is so; of all that is not fine also what to do.
};
using findings = std::vector<finding>;

bool stands_in_the_way(const finding& f);
/// How many keep the bot from running as it should.
std::size_t hindrances(const findings& all);
/// A line each; what stands in the way alone when `all_of_them` is false.
std::string told(const findings& all, bool all_of_them = true);

} // namespace troupe::readiness
