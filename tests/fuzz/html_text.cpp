#include "net/sandbox/html_text.hpp"
#include "net/telegram.hpp"
#include "tests/fuzz/edge.hpp"
#include <nlohmann/json.hpp>

// A person's words on their way into Telegram's HTML, and the sandbox that reads it as Telegram does.

using namespace troupe;
using namespace troupe::fuzz;
using nlohmann::json;

namespace {

void check_entities(const sandbox::formatted_text& t) {
  const auto all = sandbox::utf16_units(t.text);
  for (const auto& e : t.entities) {
    const auto from = e.at("offset").get<std::size_t>(), length = e.at("length").get<std::size_t>();
    must(length > 0 && from + length <= all, "a mark lies within its text");
  }
}

void check_markup(const std::string& html) {
  try {
    auto t = sandbox::parse_html(html);
    check_entities(t);
    sandbox::trim(t);
    check_entities(t);
  } catch (const sandbox::bad_markup& e) {
    must(std::string{e.what()}.size() < html.size() + 400, "a refusal is short");
  }
}

} // namespace

EDGE(html_text) {
  const std::size_t most = in.byte();
  const auto text = in.rest();
  check_markup(text);
  const auto escaped = telegram::escape_html(text);
  check_markup(escaped);
  const auto shown = sandbox::parse_html(escaped);
  must(shown.text == text && shown.entities.empty(), "what a person wrote is shown as he wrote it");
  const auto cut = telegram::shorten(text, most);
  if (!is_utf8(text)) return;
  must(characters(cut) <= most, "a shortened text keeps the limit");
  must(is_utf8(cut), "no character is split");
  must(characters(text) > most || cut == text, "what fits is left alone");
}
