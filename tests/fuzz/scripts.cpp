#include "net/sandbox/script.hpp"
#include "tests/fuzz/edge.hpp"
#include <nlohmann/json.hpp>

// A conversation from a file.

using namespace troupe;
using namespace troupe::fuzz;
using sandbox::act;

EDGE(scripts) {
  const auto text = in.rest();
  int last = 0;
  try {
    for (const auto& s : sandbox::parse_script(text)) {
      must(s.line > last, "one act a line, in order");
      last = s.line;
      must(holds(text, s.source), "a step knows its line");
      must(s.number >= 0, "no time and no number is negative");
      must(s.what != act::fault || nlohmann::json::accept(s.detail), "a fault is JSON");
      const bool of_person = s.what <= act::expect_no;
      must(!of_person || !s.who.empty(), "somebody acts");
      must((s.what != act::say && s.what != act::press) || !s.text.empty(), "something is said");
    }
  } catch (const sandbox::bad_script& e) {
    must(e.line >= 1 && e.what()[0] != '\0', "a complaint says where and what to write instead");
  }
}
