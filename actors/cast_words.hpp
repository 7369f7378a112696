#pragma once
/// Numbers and pieces of text that the composer and the running broadcast share.
#include "actors/dialogue_screens.hpp"
#include "messages/office.hpp"

namespace troupe::office {

std::string grouped(std::int64_t n);                                   ///< "100 000"
std::string bar(std::int64_t percent);                                 ///< "▓▓▓░░░░░░░"
std::string duration_text(const talk::painter& paint, double seconds); ///< "около 2 ч 05 мин"

std::string head_of(const talk::painter& paint, const broadcast& b); ///< number and title
std::string counts_of(const talk::painter& paint, const broadcast& b);
talk::keyboard controls_of(const talk::painter& paint, const broadcast& b); ///< what may be done with it now
talk::screen progress_screen(const talk::painter& paint, const broadcast& b, double per_second);

} // namespace troupe::office
