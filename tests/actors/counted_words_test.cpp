/// Numbers and the words that stand with them: a Russian noun or verb agrees with its number, so a number in
/// a sentence has either a word that never changes behind it or comes with its noun, from a plural form.
#include "actors/dialogue_screens.hpp"
#include "tests/catch.hpp"
#include <algorithm>
#include <set>

using namespace troupe;

namespace {

const config::settings& settings() {
  static const auto s = config::load(TROUPE_SOURCE_DIR "/config", {});
  return s;
}

bool ends(const std::string& s, const std::string& tail) {
  return s.size() >= tail.size() && s.compare(s.size() - tail.size(), tail.size(), tail) == 0;
}

/// Tags are not seen.
std::string plain(const std::string& text) {
  std::string seen;
  bool tag = false;
  for (const char c : text) {
    if (c == '<') tag = true;
    if (!tag) seen += c;
    if (c == '>') tag = false;
  }
  return seen;
}

/// Cyrillic, in bytes.
bool of_word(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool begins_word(char c) { return c == '\xD0' || c == '\xD1'; }

/// The word behind a blank at `at`; "" when something else stands there.
std::string word_at(const std::string& text, std::size_t at) {
  if (at + 1 >= text.size() || text[at] != ' ' || !begins_word(text[at + 1])) return {};
  auto end = ++at;
  while (end < text.size() && of_word(text[end])) ++end;
  return text.substr(at, end - at);
}

std::string word_before(const std::string& text, std::size_t end) {
  if (end == 0 || text[end - 1] != ' ') return {};
  auto from = --end;
  while (from > 0 && of_word(text[from - 1])) --from;
  return text.substr(from, end - from);
}

/// What is wrong with it; "": nothing.
std::string disagrees(const std::string& sentence) {
  // A name, an id, a time: nothing is counted. And what comes with its noun already.
  const std::set<std::string> no_number{"id",   "job",   "key",  "model", "price", "sum", "time",
                                        "back", "other", "name", "why",   "text",  "what"};
  const std::set<std::string> with_noun{"credits", "amount", "balance", "before", "after", "room", "videos",
                                        "taken",   "pixels", "stars",   "people", "days",  "have", "missing"};
  const std::set<std::string> never_changes{
      "видео", "с",  "мин", "ч",  "МБ", "млн", // and what is no noun
      "в",     "за", "на",  "из", "по", "до",  "ещё", "не", "у", "и", "непонятен"};
  const auto text = plain(sentence);
  for (auto open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    const auto close = text.find('}', open);
    if (close == text.npos) break;
    const auto name = text.substr(open + 1, close - open - 1);
    const auto after = word_at(text, close + 1), before = word_before(text, open);
    if (no_number.count(name) > 0) continue;
    if (with_noun.count(name) > 0) {
      for (auto plural : {"утся", "ются", "атся", "ятся", "лись"})
        if (ends(after, plural)) return name + " " + after;
      for (auto neuter : {"но", "лось", "лись"})
        if (ends(before, neuter) && before != "именно") return before + " " + name;
      continue;
    }
    if (!after.empty() && never_changes.count(after) == 0) return name + " " + after;
  }
  return {};
}

bool is_form(const std::string& key) { return ends(key, ".one") || ends(key, ".few") || ends(key, ".many"); }

} // namespace

TEST_CASE("every number in a Russian sentence agrees with the words around it, whatever it is") {
  CHECK(disagrees("Слишком длинно: {n} знаков") == "n знаков");
  CHECK(disagrees("<b>{n}</b> пикселей") == "n пикселей");
  CHECK(disagrees("Вам начислено {amount}") == "начислено amount");
  CHECK(disagrees("{amount} вернутся") == "amount вернутся");
  CHECK(disagrees("Снято: {amount}. Заказ на {n} видео").empty());
  std::size_t seen = 0;
  for (const auto& [key, text] : settings().words.by_language.at("ru")) {
    if (is_form(key)) continue;
    ++seen;
    INFO(key << ": " << text);
    CHECK(disagrees(text) == "");
  }
  CHECK(seen > 500);
}

TEST_CASE("counted words have the form of their number: 1, 2, 5, 11, 21, 101") {
  const auto& texts = settings().words.by_language.at("ru");
  const talk::painter paint{settings().words, "ru"};
  std::size_t tables = 0;
  for (const auto& [key, one] : texts) {
    if (!ends(key, ".one")) continue;
    ++tables;
    const auto table = key.substr(0, key.size() - 4);
    const auto form = [&](const char* which, std::int64_t n) {
      auto text = texts.at(table + "." + which);
      const auto at = text.find("{n}");
      REQUIRE(at != text.npos);
      return text.replace(at, 3, std::to_string(n));
    };
    INFO(table);
    for (const int n : {1, 21, 101}) CHECK(paint.count(table, n) == form("one", n));
    for (const int n : {2, 23, 104}) CHECK(paint.count(table, n) == form("few", n));
    for (const int n : {5, 11, 12, 100, 111}) CHECK(paint.count(table, n) == form("many", n));
  }
  CHECK(tables >= 10);
  CHECK(paint.count("chars", 4924) == "4924 знака");
  CHECK(paint.count("chars_of", 2001) == "2001 знака"); // "no more than"
  CHECK(paint.count("pixels_of", 301) == "301 пикселя");
  CHECK(paint.count("credits", 10'001) == "10\u202f001 кредит");
}
