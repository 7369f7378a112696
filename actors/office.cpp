#include "actors/office.hpp"

namespace troupe::office {

bool desk::concerns(const telegram::event&, const talk::memory&) { return false; }
std::optional<office_question> desk::asks(const visit&) const { return {}; }
outcome desk::decide(const visit&) const { return {}; }
outcome desk::acted(const visit&, const answer&) const { return {}; }
outcome desk::stepped(const visit&, const step_answer&) const { return {}; }

} // namespace troupe::office
