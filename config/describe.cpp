/// What is in force, in words.
#include "config/config.hpp"
#include <sstream>

namespace troupe::config {
std::string describe(const settings& s) {
  std::ostringstream out;
  std::string section;
  for (auto& e : s.report) {
    const auto dot = e.key.find('.');
    if (e.key.substr(0, dot) != section) out << "[" << (section = e.key.substr(0, dot)) << "]\n";
    out << "  " << e.key.substr(dot + 1) << " = " << e.value << "  (" << e.origin << ") # " << e.comment
        << "\n";
  }
  if (!s.models.empty()) out << "[models]\n";
  for (auto& m : s.models)
    if (!m.durations_s.empty()) // one that cannot be read is told as a fault
      out << "  " << m.id << ": " << m.api << " " << m.provider_model << ", price from "
          << price_of(m, m.durations_s.front(), false) << "\n";
  if (!s.presets.empty()) out << "[presets]\n";
  for (auto& p : s.presets) out << "  " << p.id << "\n";
  return out.str();
}

} // namespace troupe::config
