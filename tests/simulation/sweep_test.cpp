/// Every kind of order, crashed before and after every durable step on its way: the user ends with what he
/// would have got without the crash.
#include "net/web_server.hpp"
#include "tests/catch.hpp"
#include "tests/simulation/crowd.hpp"
#include "tests/simulation/marks.hpp"
#include "tests/founder.hpp"
#include <algorithm>
#include <iostream>
#include <sstream>

using namespace troupe;
using namespace troupe::simulation;

namespace {

constexpr std::int64_t user = 700'000'001;

struct scenario {
  std::string name;
  std::string fate; ///< added to the prompt
  bool photo = false;
  std::function<void(play&)> prepare = [](play&) {};
  int orders = 1;
  int pack = 1; ///< Videos of an order.
};

constexpr std::int64_t boss = founder_user_id;
constexpr std::int64_t office_group = -4711, office_supergroup = -1'000'000'004'711;
constexpr const char* letter = "where is my video?";

void presses_at(play& p, unix_ms at, std::int64_t who, const std::string& data) {
  p.coming.at(at, [&p, who, data] {
    if (const auto b = p.world.find_button(who, data)) p.world.press(who, b->message_id, b->data);
  });
}

constexpr unix_ms pace = 20 * second_ms; // a dead engine is back before the next press

/// Through the shop's screens; taps twice where money is meant. @returns when he may pay
unix_ms goes_shopping(play& p, const std::string& way) {
  auto at = first_ms + 10 * second_ms;
  p.coming.at(at, [&p] { p.world.say(user, {.text = "/buy"}); });
  presses_at(p, at += pace, user, "ways:" + way);
  presses_at(p, at += pace, user, "terms:" + way);
  presses_at(p, at += pace, user, "take:" + way);
  if (way == "s") presses_at(p, at + 300, user, "take:s");
  if (way == "c") presses_at(p, at += pace, user, "pay:1"), presses_at(p, at + 300, user, "pay:1");
  return at + 3 * pace;
}

/// Who is told that it failed tries again.
void pays_stars(play& p, unix_ms at, int times = 1) {
  for (int i = 0; i < 3; ++i)
    p.coming.at(at + i * minute_ms, [&p, times] {
      if (static_cast<int>(p.world.star_charges(user).size()) < times) p.world.pay_stars(user);
    });
}
void pays_shop(play& p, unix_ms at) {
  for (int i = 0; i < 3; ++i) p.coming.at(at + i * minute_ms, [&p] { p.world.pay_shop(user); });
}
void boss_comes(play& p, unix_ms at) {
  p.world.telegram.add_user(boss, "Boss", "en");
  p.coming.at(at, [&p] { p.world.say(boss, {.text = "/start"}); });
}
void is_refunded(play& p, unix_ms at) {
  boss_comes(p, at);
  for (int i = 0; i < 3; ++i) { // who sees no change presses again
    const auto from = at + pace + i * 4 * pace;
    p.coming.at(from, [&p] { p.world.say(boss, {.text = "/payment 1"}); });
    presses_at(p, from + pace, boss, "refund:");
    presses_at(p, from + 2 * pace, boss, "refund_yes:");
    presses_at(p, from + 2 * pace + 300, boss, "refund_yes:");
  }
}

/// Now, or after so long.
void broadcasts(play& p, unix_ms at, const std::string& later = "") {
  boss_comes(p, at);
  p.coming.at(at += pace, [&p] { p.world.say(boss, {.text = "/broadcast"}); });
  p.coming.at(at += pace, [&p] { p.world.say(boss, {.text = "News!"}); });
  if (!later.empty()) {
    presses_at(p, at += pace, boss, "b:when:");
    p.coming.at(at += pace, [&p, later] { p.world.say(boss, {.text = later}); });
  }
  for (int i = 0; i < 2; ++i) { // who sees no change presses again
    presses_at(p, at += pace, boss, "b:sum:");
    presses_at(p, at += pace, boss, "b:go:");
    presses_at(p, at + 300, boss, "b:go:");
  }
}

/// The first `n` requests to this path meet that fault.
void spoil(play& p, const std::string& path, fault f, int n = 1) {
  p.world.script = [=, left = n](const http_request& r) mutable {
    if (left == 0 || r.url.find(path) == r.url.npos) return fault::none;
    return --left, f;
  };
}

const std::vector<scenario>& scenarios() {
  static const std::vector<scenario> all{
      {"a text order", ""},
      {"a photo order", "", true},
      {"Telegram's numbers begin anew, lower, in the middle of an order", "", false,
       [](play& p) {
         p.coming.at(first_ms + 15 * second_ms, [&p] { p.world.telegram.number_anew(7); });
         p.coming.at(first_ms + 40 * second_ms, [&p] { p.world.telegram.number_anew(5); });
       }},
      {"three orders at once", "", false, [](play&) {}, 3},
      {"a pack of three videos", "", false, [](play&) {}, 1, 3},
      {"a pack, and no video of it succeeds", "[[fail:violation]]", false, [](play&) {}, 1, 3},
      {"the provider refuses the prompt", "[[fail:violation]]"},
      {"every task fails and is made again", "[[fail:temporary]]"},
      {"the second of two waits, and its user cancels it", "[[hang]]", false,
       [](play& p) {
         p.config.opts.kie.jobs_in_flight_max = 1;
         for (int i = 0; i < 3; ++i) {
           const auto at = first_ms + 100 * second_ms + i * 3 * pace;
           p.coming.at(at, [&p] { p.world.say(user, {.text = "/jobs"}); });
           presses_at(p, at + pace, user, "cancel:");
           presses_at(p, at + pace + 300, user, "cancel:");
         }
       },
       2},
      {"the provider never ends", "[[hang]]"},
      {"the result is no video", broken_video},
      {"Telegram refuses the video", unsendable_video},
      {"the file is gone when it is to be sent", lost_file},
      {"a submit is refused, then accepted", "", false,
       [](play& p) { spoil(p, "createTask", fault::server_error); }},
      {"every submit is refused", "", false,
       [](play& p) { spoil(p, "createTask", fault::server_error, 99); }},
      {"the answer to the submit is lost, a callback comes", "", false,
       [](play& p) {
         p.world.generation_least = p.world.generation_most = 100 * second_ms;
         spoil(p, "createTask", fault::timeout_done);
       }},
      {"the callback comes before the answer is given up", "", false,
       [](play& p) {
         p.world.generation_least = p.world.generation_most = 20 * second_ms;
         spoil(p, "createTask", fault::timeout_done);
       }},
      {"the answer to the submit is lost, and the callback too", "", false,
       [](play& p) {
         p.world.rates[fault::callback_lost] = 1000;
         spoil(p, "createTask", fault::timeout_done);
       }},
      {"the video comes after the limit", "", false,
       [](play& p) { p.world.generation_least = p.world.generation_most = 45 * minute_ms; }},
      {"the answer to the submit is lost, and the callback comes after the limit", "", false,
       [](play& p) {
         p.world.generation_least = p.world.generation_most = 45 * minute_ms;
         spoil(p, "createTask", fault::timeout_done);
       }},
      {"every callback comes twice", "", false, [](play& p) { p.world.rates[fault::callback_twice] = 1000; }},
      {"the result is fetched at the third attempt", "", false,
       [](play& p) { spoil(p, "/results/", fault::reset, 2); }},
      {"the user is gone when the video comes, and returns", "", false,
       [](play& p) {
         p.coming.at(first_ms + 45 * second_ms, [&p] { p.world.block(user, true); });
         p.coming.at(first_ms + 50 * minute_ms, [&p] { p.world.block(user, false); });
       }},
      {"a purchase with Stars", "", false, [](play& p) { pays_stars(p, goes_shopping(p, "s")); }, 0},
      {"Stars that come as two updates", "", false,
       [](play& p) {
         p.world.telegram.deliver_payments_twice(true);
         pays_stars(p, goes_shopping(p, "s"));
       },
       0},
      {"Stars that go back before we hear that they came", "", false,
       [](play& p) {
         boss_comes(p, first_ms + 2 * second_ms);
         p.world.telegram.refund_before_payment(true);
         pays_stars(p, goes_shopping(p, "s"));
       },
       0},
      {"a purchase by card that went back before we hear of it", "", false,
       [](play& p) {
         boss_comes(p, first_ms + 2 * second_ms);
         p.world.rates[fault::callback_lost] = 1000;
         p.config.opts.yookassa.check_every_s = 600;
         const auto at = goes_shopping(p, "c");
         pays_shop(p, at);
         p.coming.at(at + 3 * minute_ms, [&p] {
           const auto book = p.world.shop.report(p.now());
           for (auto& paid : book["payments"]) p.world.refund_by_shop(paid["id"], paid["amount"]["value"]);
         });
       },
       0},
      {"a purchase by card, the shop's keys are wrong", "", false,
       [](play& p) {
         boss_comes(p, first_ms + 2 * second_ms);
         p.world.shop.faults.reject_keys = true;
         goes_shopping(p, "c");
       },
       0},
      {"a purchase by card, the notice comes", "", false,
       [](play& p) {
         p.config.opts.yookassa.check_every_s = 3600;
         pays_shop(p, goes_shopping(p, "c"));
       },
       0},
      {"a purchase by card, no notice comes", "", false,
       [](play& p) {
         p.world.rates[fault::callback_lost] = 1000;
         pays_shop(p, goes_shopping(p, "c"));
       },
       0},
      {"a purchase by card, every notice comes twice", "", false,
       [](play& p) {
         p.world.rates[fault::callback_twice] = 1000;
         pays_shop(p, goes_shopping(p, "c"));
       },
       0},
      {"a purchase by card, the answer to its creation is lost", "", false,
       [](play& p) {
         spoil(p, "/v3/payments", fault::reset_done);
         pays_shop(p, goes_shopping(p, "c"));
       },
       0},
      {"a purchase by card, its creation fails twice", "", false,
       [](play& p) {
         spoil(p, "/v3/payments", fault::server_error, 2);
         pays_shop(p, goes_shopping(p, "c"));
       },
       0},
      {"the bank declines", "", false,
       [](play& p) { p.coming.at(goes_shopping(p, "c"), [&p] { p.world.decline_shop(user); }); }, 0},
      {"an invoice that nobody pays", "", false, [](play& p) { goes_shopping(p, "c"); }, 0},
      {"Stars go back", "", false,
       [](play& p) {
         const auto at = goes_shopping(p, "s");
         pays_stars(p, at);
         is_refunded(p, at + 5 * minute_ms);
       },
       0},
      {"roubles go back", "", false,
       [](play& p) {
         const auto at = goes_shopping(p, "c");
         pays_shop(p, at);
         is_refunded(p, at + 5 * minute_ms);
       },
       0},
      {"a refund is refused", "", false,
       [](play& p) {
         p.world.shop.faults.cancel_refunds = 1'000'000;
         const auto at = goes_shopping(p, "c");
         pays_shop(p, at);
         is_refunded(p, at + 5 * minute_ms);
       },
       0},
      {"the shop returns a part by itself", "", false,
       [](play& p) {
         const auto at = goes_shopping(p, "c");
         pays_shop(p, at);
         boss_comes(p, at);
         p.coming.at(at + 10 * minute_ms, [&p] {
           const auto book = p.world.shop.report(p.now());
           for (auto& paid : book["payments"]) p.world.refund_by_shop(paid["id"], "100.00");
         });
       },
       0},
      {"a broadcast to all", "", false, [](play& p) { broadcasts(p, first_ms + minute_ms); }, 0},
      {"a broadcast for later", "", false,
       [](play& p) { broadcasts(p, first_ms + minute_ms, "in 20 minutes"); }, 0},
      {"a gift of an administrator", "", false,
       [](play& p) {
         boss_comes(p, first_ms + minute_ms);
         p.coming.at(first_ms + 2 * minute_ms, [&p] {
           p.world.promise(user, 5);
           p.world.say(boss, {.text = "/add " + std::to_string(user) + " 5 sorry"});
         });
         for (int i = 1; i <= 3; ++i) // who sees no change presses again
           presses_at(p, first_ms + 2 * minute_ms + i * pace, boss, "o:yes:");
       },
       0},
      {"a letter to a group that has become a supergroup", "", false,
       [](play& p) {
         p.config.opts.office.feedback_chat_id = office_group;
         p.world.telegram.add_group(office_group, "Team");
         p.world.telegram.move_group(office_group, false, first_ms);
         p.coming.at(first_ms + minute_ms, [&p] { p.world.say(user, {.text = "/feedback"}); });
         p.coming.at(first_ms + minute_ms + pace, [&p] { p.world.say(user, {.text = letter}); });
       },
       0},
      {"a letter to a group that has thrown the bot out", "", false,
       [](play& p) {
         boss_comes(p, first_ms + 2 * second_ms);
         p.config.opts.office.feedback_chat_id = office_group;
         p.config.opts.users.admin_ids = {boss};
         p.world.telegram.add_group(office_group, "Team");
         p.world.telegram.refuse_in_group(office_group, "Forbidden: bot was kicked from the group chat",
                                          first_ms);
         p.coming.at(first_ms + minute_ms, [&p] { p.world.say(user, {.text = "/feedback"}); });
         p.coming.at(first_ms + minute_ms + pace, [&p] { p.world.say(user, {.text = letter}); });
       },
       0}};
  return all;
}

struct point {
  durable_step step;
  bool committed;
};

struct outcome {
  std::int64_t balance = 0, held = 0;
  std::map<std::int64_t, std::string> jobs;      ///< "completed, video" ...
  std::vector<std::string> payments;             ///< "paid, 11 credits" ...
  int news = 0;                                  ///< Copies of the broadcast.
  bool letter_came = false, letter_told = false; ///< To the office; to its writer.
  bool operator==(const outcome& o) const {
    return balance == o.balance && held == o.held && jobs == o.jobs && payments == o.payments &&
           news == o.news && letter_came == o.letter_came && letter_told == o.letter_told;
  }
};

std::ostream& operator<<(std::ostream& out, const outcome& o) {
  out << o.balance << " credits, " << o.held << " held";
  for (auto& [id, end] : o.jobs) out << "; " << end;
  for (auto& p : o.payments) out << "; " << p;
  if (o.news > 0) out << "; " << o.news << " broadcast";
  if (o.letter_came) out << "; the letter came" << (o.letter_told ? ", and its writer knows" : "");
  return out;
}

/// The videos of a pack have the same words: what came belongs first to those that are completed.
bool has_video(play& p, const std::vector<job>& all, const job& j) {
  const auto mark = mark_in(j.spec.prompt);
  const auto others = std::count_if(all.begin(), all.end(), [&](const job& o) {
    return o.job_id != j.job_id && o.state == job_state::completed && mark_in(o.spec.prompt) == mark;
  });
  return p.world.videos_with(mark) > (j.state == job_state::completed ? 0 : others);
}

bool was_said(play& p, std::int64_t chat, const std::string& words) {
  const auto all = p.world.telegram.chat(chat);
  return std::any_of(all.begin(), all.end(), [&](auto& m) {
    return m["from"].value("is_bot", false) && m.value("text", "").find(words) != std::string::npos;
  });
}

outcome outcome_of(play& p) {
  outcome o;
  const auto who = p.proofs().account_of(user);
  o.balance = who.balance, o.held = who.held;
  const auto all = p.proofs().jobs_of(user);
  for (auto& j : all)
    o.jobs[j.job_id] = std::string{troupe::name_of(j.state)} +
                       (j.fail_text.empty() && j.state != job_state::gifted ? "" : ", returned") +
                       (has_video(p, all, j) ? ", video" : "");
  for (auto& x : p.proofs().payments_of(user))
    o.payments.push_back(std::string{troupe::name_of(x.state)} + ", " +
                         std::to_string(x.credits - x.credits_back) + " credits");
  o.news = p.world.messages_with_button(user, "mute:news");
  o.letter_came = was_said(p, office_supergroup, letter) || was_said(p, boss, letter);
  o.letter_told = was_said(p, user, "Passed on");
  return o;
}

void give_orders(play& p, const scenario& s) {
  p.world.telegram.add_user(user, "Ann", "en");
  p.coming.at(first_ms + second_ms, [&p] { p.world.say(user, {.text = "/start"}); });
  for (int i = 0; i < s.orders; ++i) {
    const auto at = first_ms + 10 * second_ms + i * 30 * second_ms;
    p.coming.at(at, [&p, &s, i] {
      p.world.say(user,
                  {.text = mark_of(i) + " a cat " + s.fate, .photo = s.photo ? "\xFF\xD8 picture" : ""});
    });
    const auto run = [&p] {
      if (const auto b = p.world.find_button(user, "run:")) p.world.press(user, b->message_id, b->data);
    };
    if (s.pack > 1) {
      const auto size = ":" + std::to_string(s.pack);
      const auto choose = [&p, size] {
        if (const auto b = p.world.find_button(user, "c:", size)) p.world.press(user, b->message_id, b->data);
      };
      p.coming.at(at + 12 * second_ms, choose);
      p.coming.at(at + 16 * second_ms, choose);
    }
    p.coming.at(at + 20 * second_ms, run); // people tap twice
    p.coming.at(at + 20 * second_ms + 300, run);
  }
  p.coming.at(first_ms + 110 * minute_ms, [&p] { p.world.say(user, {.text = "/balance"}); });
}

/// Here, and only here, a crash may turn a video into a refund: the intent to submit was stored, the
/// provider's answer was not, and nobody will tell any more, because there is no task. It is never sent
/// twice.
std::set<std::int64_t> excused_jobs(play& p) {
  std::set<std::int64_t> excused;
  for (auto& j : p.proofs().jobs_of(user)) {
    const bool open = j.state == job_state::submitting || j.state == job_state::unknown ||
                      (j.state == job_state::overdue && j.task_id.empty());
    const bool made =
        p.world.kie.is_awaited(callback_url(public_url, callback_secret, j.job_id, j.created_at), p.now());
    if (open && !made) excused.insert(j.job_id);
  }
  return excused;
}

struct ended {
  outcome what;
  std::vector<point> points;
  std::set<std::int64_t> excused;
  bool news_unknown = false; ///< Of the user the journal says that nobody knows whether he got the broadcast.
  std::vector<violation> violations;
  std::string tail;
  std::int64_t crashes = 0;
  std::int64_t messages_at_last_job = 0; ///< when the last video was stored as delivered
};

/// Where the engine dies: at the so-many-th passing of a step, or after so many messages. -1, 0: it lives.
struct fate {
  int step = -1;
  std::int64_t message = 0;
};

ended perform(const scenario& s, fate f = {}) {
  play p{7};
  p.config.opts.kie.late_watch_h = 1;
  ended e;
  p.script = [&e, &p, f](durable_step step, bool committed) {
    if (step == durable_step::video_delivered) e.messages_at_last_job = p.messages;
    e.points.push_back({step, committed});
    return static_cast<int>(e.points.size()) - 1 == f.step ? verdict::die : verdict::go_on;
  };
  p.dies_after_message = f.message;
  p.at_death = [&] { e.excused = excused_jobs(p); };
  s.prepare(p);
  give_orders(p, s);
  p.run_until(first_ms + 115 * minute_ms);
  if (!p.stopped()) p.proofs().when_quiet();
  e.what = outcome_of(p);
  for (auto& r : p.proofs().recipients(1, recipient_state::unknown))
    e.news_unknown = e.news_unknown || r.user_id == user;
  e.violations = p.violations;
  e.tail = p.log.tail(40);
  e.crashes = p.crashes;
  return e;
}

bool is_refund(const std::string& end) { return end == "failed, returned"; }

bool as_good(const ended& with, const outcome& without) {
  if (with.what == without) return true;
  auto expected = without;
  if (with.news_unknown && with.what.news == 0) expected.news = 0; // never two, and said to be unknown
  for (auto id : with.excused) {
    auto& end = expected.jobs[id];
    if (end == with.what.jobs.at(id) || !is_refund(with.what.jobs.at(id))) continue;
    if (end.find("returned") == end.npos) expected.balance += 1;
    end = with.what.jobs.at(id);
  }
  return with.what == expected;
}

void check_as_good(const ended& crashed, const ended& calm) {
  const bool good = crashed.violations.empty() && crashed.crashes == 1 && as_good(crashed, calm.what);
  if (!good) {
    for (auto& v : crashed.violations) UNSCOPED_INFO(v.what);
    UNSCOPED_INFO(crashed.tail);
    UNSCOPED_INFO("with the crash: " << crashed.what << "\nwithout:        " << calm.what);
  }
  CHECK(good);
}

enum class reach : std::uint8_t { by_users, no_step };

/// No default: a new step does not compile until it is listed here, and then it must be reached.
reach reach_of(durable_step s) {
  switch (s) {
  case durable_step::updates_accepted:
  case durable_step::user_registered:
  case durable_step::order_placed:
  case durable_step::turn_stored:
  case durable_step::job_requeued:
  case durable_step::job_submitting:
  case durable_step::job_unknown:
  case durable_step::job_processing:
  case durable_step::job_fetching:
  case durable_step::job_delivering:
  case durable_step::job_overdue:
  case durable_step::job_gifted:
  case durable_step::job_failed:
  case durable_step::job_cancelled:
  case durable_step::message_settled:
  case durable_step::message_parked:
  case durable_step::video_delivered:
  case durable_step::video_refused:
  case durable_step::payment_opened:
  case durable_step::payment_linked:
  case durable_step::payment_paid:
  case durable_step::payment_cancelled:
  case durable_step::refund_begun:
  case durable_step::refund_done:
  case durable_step::refund_refused:
  case durable_step::admin_acted:
  case durable_step::notice_stored:
  case durable_step::broadcast_opened:
  case durable_step::broadcast_changed:
  case durable_step::recipients_gathered:
  case durable_step::message_readdressed:
  case durable_step::office_readdressed:
  case durable_step::rights_reviewed:
  case durable_step::recipients_taken: return reach::by_users;
  }
  return reach::no_step;
}

} // namespace

TEST_CASE("whatever durable step the engine dies at, the user gets what he would have got") {
  std::map<durable_step, std::pair<int, int>> covered; // before, after
  std::ostringstream table;
  int runs = 0, refunds = 0;
  for (auto& s : scenarios()) {
    const auto calm = perform(s);
    CAPTURE(s.name, calm.tail);
    REQUIRE(calm.violations.empty());
    REQUIRE(calm.what.letter_came == (s.name.find("a letter") == 0));
    REQUIRE(calm.what.letter_came == calm.what.letter_told);
    REQUIRE(calm.what.jobs.size() == static_cast<std::size_t>(s.orders * s.pack));
    table << s.name << ": " << calm.points.size() << " points; " << calm.what << "\n";
    for (std::size_t k = 0; k < calm.points.size(); ++k, ++runs) {
      const auto& at = calm.points[k];
      ++(at.committed ? covered[at.step].second : covered[at.step].first);
      const auto crashed = perform(s, {.step = static_cast<int>(k)});
      refunds += crashed.what == calm.what ? 0 : 1;
      INFO("died " << (at.committed ? "after: " : "before: ") << name_of(at.step) << " (point " << k << ")");
      check_as_good(crashed, calm);
    }
  }
  for (int i = 0; reach_of(static_cast<durable_step>(i)) != reach::no_step; ++i) {
    const auto step = static_cast<durable_step>(i);
    const auto [before, after] = covered[step];
    table << name_of(step) << ": " << before << " crashes before, " << after << " after\n";
    CAPTURE(name_of(step));
    CHECK((before > 0 && after > 0) == (reach_of(step) == reach::by_users));
  }
  std::cout << table.str() << runs << " crashes in " << scenarios().size() << " kinds of order; " << refunds
            << " ended with the credits back, because the provider's word was lost\n";
}

TEST_CASE("between whatever two messages the engine dies, the user gets what he would have got") {
  constexpr std::int64_t and_some_more = 20; // what follows is idle
  int runs = 0;
  for (auto* name : {"a text order", "a photo order", "the answer to the submit is lost, a callback comes",
                     "a purchase with Stars"}) {
    const auto& all = scenarios();
    const auto s = std::find_if(all.begin(), all.end(), [&](auto& x) { return x.name == name; });
    REQUIRE(s != all.end());
    const auto calm = perform(*s);
    CAPTURE(s->name);
    for (std::int64_t m = 1; m < calm.messages_at_last_job + and_some_more; ++m, ++runs) {
      const auto crashed = perform(*s, {.message = m});
      INFO("died after message " << m);
      check_as_good(crashed, calm);
    }
  }
  std::cout << runs << " crashes between two messages\n";
}
