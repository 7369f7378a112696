#include "actors/broadcast_draft.hpp"
#include "actors/dialogue_state.hpp"
#include "tests/fuzz/edge.hpp"
#include <nlohmann/json.hpp>

// What lies on the disk since an older version, or was damaged there: the dialogue's memory and a broadcast's
// draft. Neither may keep the bot from answering.

using namespace troupe;
using namespace troupe::fuzz;

namespace {

void check_memory(const std::string& text) {
  const auto m = talk::read_memory(text);
  const auto written = talk::write_memory(m);
  must(nlohmann::json::accept(written), "the memory is JSON");
  must(talk::write_memory(talk::read_memory(written)) == written, "the memory is the same when read again");
  if (!m.work) return;
  must(m.work->count >= 1 && m.work->price >= 0, "nobody ordered less than nothing");
}

void check_draft(const std::string& text) {
  const auto d = office::read_draft(text);
  if (d.id == 0) return;
  must(d.kind <= broadcast_kind::edit && d.to.kind <= audience_kind::with_balance,
       "a draft is of a known kind");
  const auto written = office::write_draft(d);
  must(office::write_draft(office::read_draft(written)) == written, "a draft is the same when read again");
  const auto b = office::broadcast_of(d, 77, "ru");
  must(b.params.empty() || nlohmann::json::accept(b.params), "a broadcast's call is JSON");
  must(is_utf8(b.title), "a broadcast's title is UTF-8");
  for (const auto& again : {office::repeat_of(b, 5), office::edit_of(b, 5), office::erase_of(b, 5)})
    if (again) office::call_of(*again);
}

} // namespace

EDGE(stored_states) {
  const auto text = in.rest();
  check_memory(text);
  check_draft(text);
}
