#include "net/json_scan.hpp"
#include "net/outside_answer.hpp"
#include "tests/fuzz/edge.hpp"
#include <nlohmann/json.hpp>

// A piece of what others wrote, for the log and for operators: never a secret, whatever stands around it.

using namespace troupe;
using namespace troupe::fuzz;
using nlohmann::json;

namespace {

/// Like a real key; and one that looks like nothing, but stands where secrets stand.
const std::string key = "Zq7Xw9Kp3Lm5Nb8Vc2Ty6Ug1R", plain = "hunter";

void check_piece(const std::string& text, std::size_t most) {
  const auto piece = outside::excerpt(text, most);
  must(is_utf8(piece) && characters(piece) <= most, "an excerpt is short and UTF-8");
  for (const unsigned char c : piece) must(c >= 0x20 && c != 0x7F, "an excerpt is one line");
}

void check_secrets(const std::string& before, const std::string& after) {
  const auto hidden = [](const std::string& text, const std::string& secret) {
    must(!holds(outside::excerpt(text, 4000), secret), "no excerpt holds a secret: " + text);
  };
  const auto a = " " + before + "\n", z = " " + after;
  for (const std::string head : {"", "https://h.example/p?sig=", "token ", "\"key\":\"", "("})
    hidden(a + head + key + z, key);
  hidden(before + key + z, key);
  for (const std::string head : {"Bearer ", "Basic ", "live_", "test_", "\"api_key\": \"", "password=",
                                 "Authorization: Bearer ", "https://h.example/?x=", "https://me:"})
    hidden(a + head + plain + (head == "https://me:" ? "@h" : "\"") + z, plain);
  hidden(a + "https://api.telegram.org/bot123456789:AAabcdefghijklmnopqrstuvwxyz/getMe" + z,
         "AAabcdefghijkl");
}

std::size_t depth_of(const json& j) {
  if (!j.is_structured()) return 0;
  std::size_t most = 0;
  for (const auto& x : j) most = std::max(most, depth_of(x));
  return most + 1;
}

/// The scan needs no stack; where a parser takes the text, both must see the same.
void check_scan(const std::string& text) {
  const auto shape = json_scan::shape_of(text);
  json_scan::elements(text);
  json_scan::member(text, "result");
  if (shape.depth > outside::json_depth_max) return;
  const auto j = json::parse(text, nullptr, false);
  if (j.is_discarded()) return;
  must(!shape.open && shape.depth == depth_of(j), "the scan sees what the parser sees");
  if (j.is_array()) must(json_scan::elements(text).list.size() == j.size(), "every element is found");
  const auto found = json_scan::member(text, "result");
  const bool there = j.is_object() && j.contains("result");
  if (there && found)
    must(!json::parse(*found, nullptr, false).is_discarded(), "a member is JSON as it stands");
}

} // namespace

EDGE(outside_words) {
  const std::size_t most = in.byte();
  const auto before = in.line();
  const auto after = in.rest();
  check_piece(after, most);
  check_scan(after);
  if (!holds(before, plain) && !holds(after, plain)) check_secrets(before, after);
  http_reply r;
  r.status = 200 + static_cast<int>(most) * 2;
  r.body = after;
  must(is_utf8(outside::described(r)) && characters(outside::described(r)) <= 400,
       "a description is short and UTF-8");
  outside::is_unheard(r);
  must(!outside::may_be_a_video(after, "") || !after.empty(), "nothing is no video");
}
