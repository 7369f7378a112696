#include "net/sandbox/script.hpp"
#include "net/sandbox/message_parts.hpp"
#include "net/sandbox/script_words.hpp"
#include <nlohmann/json.hpp>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr const char* what_a_person_can =
    "a person can write (Anna: text), press (Anna presses \"label\"), send a photo (Anna sends photo cat.jpg "
    "\"caption\"), pay (Anna pays), block or unblock (Anna blocks the bot), speak (Anna speaks en), have "
    "Stars "
    "(Anna has 100 Stars), wait for (Anna waits for \"text\")";

constexpr const char* name_words[] = {"wait", "waits", "expect", "fault",       "faults",
                                      "kill", "stop",  "start",  "generations", "speed"};

bool is_keyword(const std::string& name) {
  for (const char* word : name_words)
    if (lower(name) == word) return true;
  return lower(name) == "restart";
}

class script_reader {
public:
  std::vector<script_step> read(const std::string& text) {
    if (text.size() > script_bytes_max) throw bad_script(1, "shorten the script to 1 MiB");
    if (!valid_utf8(text)) throw bad_script(1, "save the script as UTF-8");
    std::size_t from = text.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0; // an editor's mark
    for (int n = 1; from < text.size(); ++n) {
      const auto end = std::min(text.find('\n', from), text.size());
      line(n, text.substr(from, end - from));
      from = end + 1;
    }
    return std::move(steps_);
  }

private:
  void line(int n, const std::string& source) {
    script_words w{n, source};
    if (w.done() || source[source.find_first_not_of(" \t")] == '#') return;
    if (steps_.size() >= script_steps_max) w.fail("split the script: 5000 steps are the most");
    step_ = {};
    step_.line = n;
    step_.source = source;
    if (!order(w)) person(w);
    w.end();
    steps_.push_back(std::move(step_));
  }

  /// What begins with a word of its own. @returns false when a person comes first.
  bool order(script_words& w) {
    if (w.take("wait for")) wait_for(w, last_person(w));
    else if (w.take("wait")) wait(w);
    else if (w.take("expect no violations")) step_.what = act::expect_no_violations;
    else if (w.take("expect no")) expect(w, act::expect_no);
    else if (w.take("expect")) expect(w, act::expect);
    else if (w.take("faults off")) step_.what = act::fault, step_.detail = json{{"reset", true}}.dump();
    else if (w.take("fault")) fault(w);
    else if (w.take("generations take"))
      step_.what = act::generations_take, step_.number = w.duration("the time");
    else if (w.take("generations fail"))
      step_.what = act::generations_fail, step_.number = w.percent("the share");
    else if (w.take("speed"))
      step_.what = act::speed, step_.number = w.whole("how many times as fast", 1, 60);
    else return engine(w);
    return true;
  }

  bool engine(script_words& w) {
    for (const char* what : {"kill", "stop", "start", "restart"})
      if (w.take(std::string(what) + " engine")) {
        step_.what = act::engine;
        step_.text = what;
        return true;
      }
    return false;
  }

  void person(script_words& w) {
    std::string name = w.word("a name");
    const bool says = name.size() > 1 && name.back() == ':';
    if (says) name.pop_back();
    if (is_keyword(name))
      w.fail("complete \"" + name +
             "\": wait 2 s, wait for \"text\", expect \"text\", fault kie refuse 500, kill engine, "
             "generations take 2 s, speed 10; nobody can have this name");
    step_.who = person_ = name;
    if (says) {
      step_.text = w.rest();
      if (step_.text.empty()) w.fail("write the text behind the colon");
      return;
    }
    deed(w);
  }

  void deed(script_words& w) {
    if (w.take("presses")) step_.what = act::press, step_.text = w.quoted("the button's label");
    else if (w.take("sends photo")) photo(w);
    else if (w.take("pays")) step_.what = act::pay;
    else if (w.take("blocks the bot")) step_.what = act::block;
    else if (w.take("unblocks the bot")) step_.what = act::unblock;
    else if (w.take("speaks"))
      step_.what = act::speak, step_.text = w.word("a language, as in Anna speaks en");
    else if (w.take("has")) stars(w);
    else if (w.take("waits for")) wait_for(w, step_.who);
    else w.fail(what_a_person_can);
  }

  void photo(script_words& w) {
    step_.what = act::send_photo;
    step_.detail = w.quote_comes() ? w.quoted("the file") : w.word("the file");
    if (w.quote_comes()) step_.text = w.quoted("the caption");
  }

  void stars(script_words& w) {
    step_.what = act::own_stars;
    step_.number = w.whole("how many Stars", 0, 1'000'000'000);
    if (!w.take("stars")) w.fail("write what: Anna has 100 Stars");
  }

  /// wait 2 s | wait 60 s for "text"
  void wait(script_words& w) {
    const auto ms = w.duration("how long, or for \"text\",");
    if (w.take("for")) {
      wait_text(w, last_person(w), ms);
      return;
    }
    step_.what = act::pause;
    step_.number = ms;
  }

  void wait_for(script_words& w, const std::string& who) { wait_text(w, who, 0); }
  void wait_text(script_words& w, const std::string& who, std::int64_t ms) {
    step_.what = act::wait_for;
    step_.who = who;
    step_.text = w.quoted("what is waited for");
    step_.number = ms;
  }

  void expect(script_words& w, act what) {
    step_.what = what;
    step_.who = last_person(w);
    step_.text = w.quoted("what is expected");
  }

  std::string last_person(const script_words& w) const {
    if (person_.empty()) w.fail("let somebody say or do something first: whose chat is meant?");
    return person_;
  }

  /// fault SERVICE latency 300 ms | lose 50 % | late 50 % | malformed 50 % | refuse 500 [20 %] | off
  void fault(script_words& w) {
    const std::string service = service_of(w);
    json change;
    if (w.take("latency")) change["latency_ms"] = w.duration("the latency");
    else if (w.take("refuse")) {
      change["refuse_status"] = w.whole("the HTTP status", 400, 599);
      change["refuse_percent"] = share(w);
    } else if (w.take("off"))
      change = {{"latency_ms", 0},
                {"lose_percent", 0},
                {"late_percent", 0},
                {"refuse_percent", 0},
                {"malformed_percent", 0}};
    else {
      for (const char* kind : {"lose", "late", "malformed"})
        if (change.empty() && w.take(kind)) change[std::string(kind) + "_percent"] = share(w);
      if (change.empty())
        w.fail("name a fault: latency 300 ms, lose 50 %, late 50 %, malformed 50 %, refuse 500 or off");
    }
    step_.what = act::fault;
    step_.detail = json{{"services", {{service, change}}}}.dump();
  }

  static std::int64_t share(script_words& w) {
    return w.number_comes() ? w.percent("the share in percent") : 100;
  }

  static std::string service_of(script_words& w) {
    for (const char* service : {"telegram", "kie", "yookassa", "writer"})
      if (w.take(service)) return service;
    w.fail("name the service: telegram, kie, yookassa or writer, as in fault kie refuse 500");
  }

  std::vector<script_step> steps_;
  script_step step_;
  std::string person_; ///< Who acted last.
};

} // namespace

std::vector<script_step> parse_script(const std::string& text) { return script_reader{}.read(text); }

} // namespace troupe::sandbox
