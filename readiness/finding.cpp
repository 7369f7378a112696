#include "readiness/finding.hpp"
#include "config/words.hpp"
#include <algorithm>

namespace troupe::readiness {
namespace {

constexpr std::size_t subject_column = 22;

const char* mark_of(grade g) {
  switch (g) {
  case grade::fine: return "ok      ";
  case grade::look: return "look    ";
  case grade::missing: return "MISSING ";
  case grade::wrong: return "WRONG   ";
  case grade::not_probed: break;
  }
  return "--      ";
}

} // namespace

bool stands_in_the_way(const finding& f) { return f.how == grade::missing || f.how == grade::wrong; }

std::size_t hindrances(const findings& all) {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), stands_in_the_way));
}

std::string told(const findings& all, bool all_of_them) {
  std::string text;
  for (auto& f : all) {
    if (!all_of_them && !stands_in_the_way(f)) continue;
    auto subject = f.subject + ":";
    subject.resize(std::max(subject.size() + 1, subject_column), ' ');
    text += mark_of(f.how) + subject + config::words::on_one_line(f.words) + "\n";
  }
  return text;
}

} // namespace troupe::readiness
