#include "actors/composer.hpp"

namespace troupe::office {

bool composer::concerns(const telegram::event&, const talk::memory&) { return false; }
std::optional<office_question> composer::asks(const visit&) const { return {}; }
outcome composer::decide(const visit&) const { return {}; }
outcome composer::acted(const visit&, const answer&) const { return {}; }

outgoing cast_voice::progress(const broadcast&, const std::string&, double) const { return {}; }
std::vector<outgoing> cast_voice::turned(const broadcast&, const std::string&) const { return {}; }

} // namespace troupe::office
