/// The table of causes: each has a sentence of its own in both languages, and claims nothing that did not
/// happen.
#include "actors/causes.hpp"
#include "actors/job_voice.hpp"
#include "tests/catch.hpp"
#include <map>
#include <set>

using namespace troupe;

namespace {

const config::settings& settings() {
  static const auto s =
      config::load(TROUPE_SOURCE_DIR "/config", {{"BOT_TOKEN", "1:T"}, {"KIE_API_KEY", "K"}});
  return s;
}

std::vector<cause> all_causes() {
  std::vector<cause> all;
  for (std::size_t i = 1; i < cause_count; ++i) all.push_back(static_cast<cause>(i));
  return all;
}

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

job failed_job(const std::string& why, const std::string& text, std::int64_t price = 1) {
  job j;
  j.job_id = 7, j.order_id = 70, j.user_id = 1, j.language = "ru";
  j.spec.prompt = "кот";
  j.price = price;
  j.state = job_state::failed;
  j.fail_class = why, j.fail_text = text;
  return j;
}

std::string said(const job& j) { return job_voice{settings().words}.failed(j).messages.at(0).params; }

} // namespace

TEST_CASE("each cause has a name of its own, and an old name is still understood") {
  std::set<std::string> names;
  for (const auto c : all_causes()) {
    CHECK(names.insert(name_of(c)).second);
    CHECK(cause_named(name_of(c)) == c);
    CHECK(causes::row_of(c).what == c);
  }
  CHECK(cause_named("") == cause::none);
  CHECK(cause_named("of a later version") == cause::unknown);
  for (auto old : {"violation", "billing", "rate_limit", "temporary", "bad_input", "configuration",
                   "unavailable", "unknown", "timeout", "cancelled"})
    CHECK(names.count(old) == 1);
}

TEST_CASE("each cause has a sentence of its own in both languages, and a way on") {
  for (const std::string language : {"ru", "en"}) {
    std::set<std::string> sentences;
    const talk::painter paint{settings().words, language};
    for (const auto c : all_causes()) {
      const auto& row = causes::row_of(c);
      CAPTURE(language, name_of(c));
      const bool spoken = *row.sentence != 0 || *row.alarm != 0;
      CHECK(spoken);
      if (*row.alarm != 0)
        CHECK_FALSE(paint.say(row.alarm, {{"text", "x"}, {"job", "1"}, {"model", "m"}}).empty());
      if (*row.sentence == 0) continue;
      for (const bool retried : {false, true}) {
        const auto text = causes::why(paint, c, {.text = "must be at least 300px", .retried = retried});
        if (!retried || *row.retried != 0) CHECK(sentences.insert(text).second);
        CHECK_FALSE(has(text, "{"));
      }
      CHECK(causes::button_of(paint, c, 1));
    }
  }
}

TEST_CASE("no sentence claims what did not happen") {
  for (const std::string language : {"ru", "en"}) {
    const talk::painter paint{settings().words, language};
    for (const auto c : all_causes()) {
      const auto text = causes::why(paint, c, {.text = "at least 300px"});
      CAPTURE(language, text);
      // Repeats are told of only where there were some; that somebody else knows, nowhere: an alarm may be
      // lost.
      for (auto claim : {"повтор", "retries", "Мы уже", "знаем", "чиним", "We know", "fixing", "разбираемся",
                         "Передали", "passed on"})
        if (!has(text, "если повторится")) CHECK_FALSE(has(text, claim));
      const bool gift = has(text, "подарок") || has(text, "gift");
      CHECK(gift == (c == cause::timeout || c == cause::unheard));
    }
  }
}

TEST_CASE("nor does any other sentence: that somebody knows or mends it, that something runs") {
  std::size_t seen = 0;
  for (const std::string language : {"ru", "en"})
    for (const auto& [key, text] : settings().words.by_language.at(language)) {
      const auto room = key.substr(0, key.find('.') + 1);
      const std::set<std::string> rooms{"fail.", "decline.",  "alarm.", "pack.", "wait.",
                                        "hint.", "checkout.", "job.",   "pay."};
      if (rooms.count(room) == 0) continue;
      ++seen;
      CAPTURE(language, key, text);
      for (auto claim : {"мы уже", "Мы уже", "уже знаем", "об этом знаем", "чиним", "разбираемся",
                         "we already", "We know", "we know", "mending", "fixing", "looking into"})
        CHECK_FALSE(has(text, claim));
      const bool runs = has(text, "запущен") || has(text, "Making");
      CHECK((!runs || key == "pack.progress" || key == "job.progress" || key == "alarm.restart"));
      if (key.rfind("wait.", 0) == 0) CHECK_FALSE((has(text, "🎬") || has(text, "✅")));
    }
  CHECK(seen > 200);
}

TEST_CASE("an error is told in the words that were agreed on, money first") {
  CHECK(has(said(failed_job("temporary", "Internal Error")), "❌ Произошла ошибка. Кредит вернули ✅"));
  CHECK(has(said(failed_job("temporary", "Internal Error", 3)), "❌ Произошла ошибка. 3 кредита вернули ✅"));
  auto english = failed_job("temporary", "Internal Error");
  english.language = "en";
  CHECK(has(said(english), "❌ Something went wrong. Credit refunded ✅"));
  CHECK_FALSE(has(said(failed_job("temporary", "")), "повторы не помогли"));
  auto again = failed_job("temporary", "");
  again.attempt = 3;
  CHECK(has(said(again), "повторы не помогли"));
  CHECK_FALSE(has(said(failed_job("violation", "flagged")), "Произошла ошибка"));
}

TEST_CASE("the words of the other side tell the limit that was missed") {
  using causes::precise;
  CHECK(precise(cause::unknown, "Image must be at least 300px") == cause::picture_too_small);
  CHECK(precise(cause::bad_input, "The image size is too small, minimum 300*300 pixels") ==
        cause::picture_too_small);
  CHECK(has(said(failed_job("unknown", "Image must be at least 300px")), "не меньше 300 пикселей"));
  CHECK(has(said(failed_job("bad_input", "prompt length exceeds 800 characters")), "exceeds 800 characters"));
  CHECK(precise(cause::bad_input, "Failed to fetch the image. Kindly verify") == cause::bad_picture);
  CHECK(precise(cause::violation, "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED") == cause::violation_person);
  CHECK(precise(cause::violation, "minor upload") == cause::violation_minor);
  CHECK(precise(cause::violation, "copyright") == cause::violation_copyright);
  CHECK(precise(cause::violation, "flagged as sensitive") == cause::violation_sensitive);
  CHECK(precise(cause::temporary, "image server at least 300px busy") == cause::temporary);
  for (auto [text, least] :
       std::map<std::string, int>{{"at least 300 px, at most 6000px", 300},
                                  {"at most 6000px, at least 300 px", 300},
                                  {"Image size 200x150 is too small, minimum 300x300", 300},
                                  {"Minimum size of 300 pixels (got 200)", 300},
                                  {"image width must not be smaller than 300px", 300},
                                  {"No less than 240 * 240", 240},
                                  {"minimum 300x400", 0}, // two limits
                                  {"Minimum dimensions: got 200x150, need 300x300", 0},
                                  {"must be smaller than 4096px", 0},
                                  {"less than 4096px", 0},
                                  {"image 200px is too small", 0},
                                  {"at least 12345678 px", 0},
                                  {"at least", 0},
                                  {"at least one side must be at most 4000px", 0},
                                  {"code 500", 0}}) {
    INFO(text);
    CHECK(causes::least_side_in(text) == least);
  }
  const auto large = said(failed_job("bad_input", "Image width must be smaller than 4096px"));
  CHECK_FALSE(has(large, "слишком маленькое"));
  CHECK(has(large, "smaller than 4096px"));
  const auto own = said(failed_job("bad_input", "Image size 200x150 is too small"));
  CHECK_FALSE(has(own, "не меньше"));
  CHECK(has(own, "200x150 is too small"));
  CHECK(has(said(failed_job("picture_too_small", "Image is too small, 200px")), "200px")); // of an older row
  CHECK(has(said(failed_job("bad_input", "image at least 301px")), "не меньше 301 пикселя по"));
  CHECK_FALSE(has(said(failed_job("bad_input", "<b>&\"")), "<b>&\\\"</i>"));
}

TEST_CASE("a model that is switched off leads to the other models") {
  CHECK(has(said(failed_job("unavailable", "")), "Другая модель"));
}
