#include "actors/dialogue_buttons.hpp"
#include "actors/whole.hpp"

namespace troupe::talk {
namespace {

/// What follows the action: so many numbers, then perhaps an id.
struct form {
  const char* action;
  std::size_t numbers;
  bool id;
};

constexpr form forms[] = {
    {"home", 0, false},     {"gen", 0, false},        {"jobs", 0, false},    {"text", 0, false},
    {"photo", 0, false},    {"nophoto", 0, false},    {"buy", 0, false},     {"help", 0, false},
    {"ways:s", 0, false},   {"ways:c", 0, false},     {"terms:s", 0, false}, {"terms:c", 0, false},
    {"own:s", 0, false},    {"own:c", 0, false},      {"same", 0, false},    {"pick", 0, false},
    {"payments", 0, false}, {"feedback", 0, false},   {"mailing", 0, false}, {"model", 0, true},
    {"h:e", 1, false},      {"h:j", 1, false},        {"again", 1, false},   {"run", 1, false},
    {"models", 1, false},   {"card", 1, false},       {"cancel", 1, false},  {"redo", 1, false},
    {"other", 1, false},    {"drop", 1, false},       {"edit", 1, false},    {"check", 1, false},
    {"contact", 1, false},  {"payment", 1, false},    {"refund", 1, false},  {"refund_yes", 1, false},
    {"credit", 1, false},   {"credit_yes", 1, false}, {"words", 1, false},   {"skip", 1, false},
    {"m", 1, true},         {"a", 1, true},           {"p", 1, true},        {"d", 2, false},
    {"s", 2, false},        {"c", 2, false},          {"take:s", 2, false},  {"take:c", 2, false},
    {"pay:1", 2, false},    {"pay:2", 2, false},
};

std::optional<pressed> read_as(const form& f, std::string_view data) {
  const std::string_view action{f.action};
  if (data.substr(0, action.size()) != action) return {};
  pressed p;
  p.action = action;
  auto rest = data.substr(action.size());
  for (std::size_t i = 0; i < f.numbers; ++i) {
    if (rest.empty() || rest.front() != ':') return {};
    rest.remove_prefix(1);
    const bool last = i + 1 == f.numbers && !f.id;
    const auto end = last ? rest.size() : std::min(rest.find(':'), rest.size());
    const auto value = whole(std::string{rest.substr(0, end)});
    if (!value) return {};
    p.numbers.push_back(*value);
    rest.remove_prefix(end);
  }
  if (!f.id) return rest.empty() ? std::optional{p} : std::nullopt;
  if (rest.size() < 2 || rest.front() != ':') return {};
  p.id = rest.substr(1);
  return p;
}

} // namespace

std::optional<pressed> read_button(std::string data) {
  if (data.rfind(below, 0) == 0) data.erase(0, below.size());
  for (auto& f : forms)
    if (auto p = read_as(f, data)) return p;
  return {};
}

std::string of_draft(const char* action, const draft& d) {
  return std::string{action} + ":" + std::to_string(d.id);
}

std::string of_draft(const char* action, const draft& d, const std::string& id) {
  return of_draft(action, d) + ":" + id;
}

std::string of_draft(const char* action, const draft& d, int number) {
  return of_draft(action, d, std::to_string(number));
}

} // namespace troupe::talk
