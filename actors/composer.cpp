#include "actors/composer.hpp"
#include "actors/composer_parts.hpp"
#include "actors/whole.hpp"
#include <algorithm>

namespace troupe::office {
namespace {

using telegram::event;
using telegram::event_kind;

/// Which of the composer's buttons speak of an opened broadcast, and how many numbers they have.
bool watches(const press& p) {
  for (const char* action : {"c", "p", "r", "x", "xx", "e", "d", "again"})
    if (p.action == action) return p.numbers.size() == 1;
  return (p.action == "u" || p.action == "f") && p.numbers.size() == 2;
}

bool lists(const press& p) { return p.action == "list" && p.numbers.size() <= 1; }

constexpr std::int64_t offset_max = 100'000'000;

int offset_of(const press& p, std::size_t at) {
  return p.numbers.size() > at ? static_cast<int>(std::min(p.numbers[at], offset_max)) : 0;
}

recipient_state listed(const press& p) {
  return p.action == "u" ? recipient_state::unknown : recipient_state::failed;
}

/// Nothing of the draft changes.
outcome kept(const visit& v) {
  outcome o;
  o.draft = v.memory.office;
  return o;
}

outcome shown(const visit& v, talk::screen s, const std::string& toast = "") {
  auto o = kept(v);
  o.screen = std::move(s);
  o.toast = toast;
  return o;
}

outcome told(const visit& v, const std::string& toast) {
  auto o = kept(v);
  o.toast = toast;
  return o;
}

std::optional<press> press_of(const event& e) {
  if (e.kind == event_kind::command) return press{e.command == "broadcasts" ? "list" : "new", {}};
  return e.kind == event_kind::button ? read_press(e.data) : std::nullopt;
}

/// An administrator's hand on a broadcast that is there.
outcome step_to(const visit& v, const press& p) {
  broadcast_step s;
  s.broadcast_id = p.numbers[0];
  s.at = v.now;
  s.to = p.action == "p"   ? broadcast_state::paused
         : p.action == "r" ? broadcast_state::running
                           : broadcast_state::stopped;
  s.admin_id = v.e.from.user_id;
  auto o = kept(v);
  o.op = s;
  return o;
}

outcome on_broadcast(const visit& v, const press& p, const broadcast& b, const broadcast_screens& screens,
                     drafting& work) {
  if (p.action == "c") {
    auto o = shown(v, screens.card(b, 0));
    if (v.memory.screen == step::edit) o.step = "home"; // no new text after all
    return o;
  }
  if (p.action == "e") return work.begin_edit(b);
  if (p.action == "d") {
    constexpr unix_ms telegrams_limit = 48 * 3'600'000LL;
    if (is_final(b.state) && b.ended_at > 0 && b.ended_at + telegrams_limit < v.now)
      return told(v, screens.say("toast.too_old"));
    return work.begin_erase(b);
  }
  if (p.action == "again") return work.repeat(b);
  if (is_final(b.state)) return shown(v, screens.card(b, 0), screens.say("toast.over"));
  auto o = shown(v, screens.sure_to_stop(b));
  o.new_message = b.state != broadcast_state::scheduled; // the progress message changes every few seconds
  return o;
}

} // namespace

std::optional<press> read_press(const std::string& data) {
  if (data.rfind("b:", 0) != 0 || data.size() > 64) return {};
  press p;
  std::size_t from = 2;
  for (bool first = true; from <= data.size(); first = false) {
    const auto to = std::min(data.find(':', from), data.size());
    const auto part = data.substr(from, to - from);
    from = to + 1;
    if (first) {
      p.action = part;
      continue;
    }
    const auto n = talk::whole(part);
    if (!n) return {};
    p.numbers.push_back(*n);
  }
  return p;
}

bool composer::concerns(const event& e, const talk::memory& m) {
  if (e.group_id != 0) return false;
  if (e.kind == event_kind::command) return e.command == "broadcast" || e.command == "broadcasts";
  if (e.kind == event_kind::button) return e.data.rfind("b:", 0) == 0;
  return telegram::is_content(e.kind) && m.screen.rfind("b:", 0) == 0;
}

std::optional<office_question> composer::asks(const visit& v) const {
  const auto p = press_of(v.e);
  if (!p || !may(v.who.rank, right::broadcast)) return {};
  if (lists(*p)) return broadcasts_query{0, offset_of(*p, 0), list_page + 1};
  if (p->action == "sum") {
    const auto d = read_draft(v.memory.office);
    if (d.id == 0 || p->numbers.empty() || p->numbers[0] != d.id) return {};
    return audience_query{d.to, v.now, 0};
  }
  if (!watches(*p) || p->action == "p" || p->action == "r" || p->action == "xx") return {};
  if (p->action == "u" || p->action == "f")
    return recipients_query{p->numbers[0], listed(*p), offset_of(*p, 1), recipients_page_size + 1};
  return broadcasts_query{p->numbers[0], 0, 1};
}

/// What was being written is kept: he may be given the right again.
outcome composer::refused(const visit& v) const {
  auto o = kept(v);
  o.toast = v.e.kind == event_kind::button ? paint_.say("office.no_right") : "";
  o.screen = paint_.plain(paint_.say("office.only_admin"));
  o.step = "other";
  return o;
}

outcome composer::decide(const visit& v) const {
  if (!may(v.who.rank, right::broadcast)) return refused(v);
  const broadcast_screens screens{set_, language_};
  drafting work{set_, language_, v};
  if (v.e.kind != event_kind::button && v.e.kind != event_kind::command) return work.take_message();
  const auto p = press_of(v.e);
  if (!p) return told(v, screens.say("toast.gone"));
  if (p->action == "new" && p->numbers.empty()) return work.begin();
  if (lists(*p)) {
    const auto page = std::get_if<broadcasts_page>(&v.facts);
    return shown(v, screens.list(page ? page->all : std::vector<broadcast>{}, offset_of(*p, 0)));
  }
  if (!watches(*p)) return work.take_press(*p);
  if (p->action == "p" || p->action == "r" || p->action == "xx") return step_to(v, *p);
  if (const auto page = std::get_if<recipients_page>(&v.facts))
    return page->of.broadcast_id == 0 ? told(v, screens.say("toast.unknown"))
                                      : shown(v, screens.recipients(*page, listed(*p), offset_of(*p, 1)));
  const auto page = std::get_if<broadcasts_page>(&v.facts);
  if (!page || page->all.empty() || page->all.front().broadcast_id == 0)
    return told(v, screens.say("toast.unknown"));
  return on_broadcast(v, *p, page->all.front(), screens, work);
}

outcome composer::acted(const visit& v, const answer& a) const {
  const broadcast_screens screens{set_, language_};
  const auto done = std::get_if<broadcast_answer>(&a);
  const auto p = press_of(v.e);
  if (!done || !p) return kept(v);
  if (done->refused) return refused(v);
  if (p->action == "go") return drafting{set_, language_, v}.opened(done->now);
  if (done->now.broadcast_id == 0) return told(v, screens.say("toast.unknown"));
  return shown(v, screens.card(done->now, 0), done->changed ? "" : screens.say("toast.already"));
}

} // namespace troupe::office
