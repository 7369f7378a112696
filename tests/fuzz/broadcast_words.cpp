#include "actors/broadcast_draft.hpp"
#include "actors/broadcast_time.hpp"
#include "actors/whole.hpp"
#include "tests/fuzz/edge.hpp"
#include <nlohmann/json.hpp>

// What an administrator types while he writes a broadcast: a time, a button, a number.

using namespace troupe;
using namespace troupe::fuzz;
using office::moment;

EDGE(broadcast_words) {
  constexpr unix_ms day = 24 * 3'600'000LL;
  const unix_ms now = 1'764'151'200'000 + in.byte() * day / 2;
  const auto text = in.rest();
  const auto m = office::read_moment(text, now);
  if (m.what == moment::is::good)
    must(m.at > now && m.at <= now + (office::days_ahead_max + 1) * day, "a broadcast begins within a year");
  if (const auto l = office::read_link(text)) {
    must(l->url.empty() != l->data.empty(), "a button leads to one place");
    must(!l->text.empty() && characters(l->text) <= office::link_text_max, "a button's label is short");
    must(holds(text, l->text), "a button says what was written");
    must(l->url.empty() || l->url.find_first_of(" \t\r\n") == std::string::npos, "an address is one word");
    must(l->data.size() <= 64, "a button's data fits");
  }
  if (const auto n = talk::whole(text)) must(*n >= 0 && !text.empty(), "a number is a number");
}
