/// Who may do what: everybody sends each privileged operation straight to the store, and exactly those of the
/// table pass. Refused ones leave the file as it was.
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <sstream>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

namespace {

constexpr std::int64_t owner = founder_user_id, named_admin = 11, support = 12, demoted = 13, unlisted = 14,
                       stranger = 15;

struct person {
  const char* what;
  std::int64_t id;
  role rank;
};
constexpr person everybody[] = {{"listed owner", owner, role::owner},
                                {"promoted administrator", named_admin, role::admin},
                                {"support", support, role::support},
                                {"demoted", demoted, role::none},
                                {"unlisted after a restart", unlisted, role::none},
                                {"stranger", stranger, role::none},
                                {"nobody", 0, role::none}};

/// Everything in the file but what is written beside any operation.
std::string contents(const std::string& path) {
  SQLite::Database file{path};
  std::ostringstream all;
  SQLite::Statement tables{file,
                           "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
                           "ORDER BY name"};
  while (tables.executeStep()) {
    const std::string name = tables.getColumn(0);
    SQLite::Statement rows{file, "SELECT * FROM " + name};
    all << name << "\n";
    while (rows.executeStep()) {
      for (int i = 0; i < rows.getColumnCount(); ++i) all << rows.getColumn(i).getString() << "|";
      all << "\n";
    }
  }
  return all.str();
}

/// A shop with something of each kind to be done, and the people of the table in front of it.
struct town : bench {
  std::int64_t completed_job = 0, failed_job = 0, waiting_job = 0, paid_payment = 0, unmatched_payment = 0,
               cast = 0, done_cast = 0;

  town() {
    s->obey({{owner, unlisted}, 1000});
    for (const auto& p : everybody)
      if (p.id != 0) enrol(p.id, 0);
    enrol(ann, 5000), enrol(bob, 0);
    role_of_somebody(named_admin, admin_act::promote);
    role_of_somebody(support, admin_act::make_support);
    role_of_somebody(demoted, admin_act::promote);
    role_of_somebody(demoted, admin_act::demote);
    admin_action ban = act(owner, admin_act::ban, bob);
    apply(ban);
    using enum job_state;
    completed_job = ordered();
    walk(completed_job, submitting, processing, fetching, delivering);
    outgoing video = message(ann);
    video.job_id = completed_job;
    apply(turn_of(ann, {video}));
    apply(delivered(s->take_outgoing().back()));
    failed_job = ordered();
    walk(failed_job, submitting, failed);
    waiting_job = ordered();
    open_payment o;
    o.key = "p1", o.user_id = ann, o.at = ++now, o.amount = 500, o.credits = 5;
    apply(o);
    paid_payment = apply(star_charge{"c1", "p1", ann, 500, "XTR", ++now}).now.payment_id;
    unmatched_payment = apply(star_charge{"c2", "none", ann, 500, "XTR", ++now}).now.payment_id;
    done_cast = apply(broadcast_order(owner, broadcast_kind::send, "first")).now.broadcast_id;
    step_cast(owner, done_cast, broadcast_state::stopped);
    auto later = broadcast_order(owner, broadcast_kind::send, "second");
    later.what.starts_at = now + day_ms;
    cast = apply(later).now.broadcast_id;
    s.reset(); // the next start, with a configuration that names one less
    s.emplace(file.path());
    s->obey({{owner}, 1000});
  }
  admin_action act(std::int64_t by, admin_act what, std::int64_t user, std::int64_t amount = 0) {
    admin_action a;
    a.key = "k" + std::to_string(++now), a.admin_id = by, a.at = now, a.what = what, a.user_id = user,
    a.amount = amount;
    return a;
  }
  void role_of_somebody(std::int64_t user, admin_act what) {
    REQUIRE(apply(act(owner, what, user)).outcome == admin_outcome::done);
  }
  std::int64_t ordered() {
    apply(order("o" + std::to_string(++now)));
    return s->take_new_jobs().at(0).job_id;
  }
  open_broadcast broadcast_order(std::int64_t by, broadcast_kind kind, const std::string& key) {
    open_broadcast o;
    o.at = ++now;
    o.what.key = key, o.what.admin_id = by, o.what.kind = kind, o.what.method = "sendMessage",
    o.what.params = "{}", o.what.to.category = "news", o.what.of_broadcast = done_cast;
    return o;
  }
  broadcast_answer step_cast(std::int64_t by, std::int64_t id, broadcast_state to) {
    broadcast_step st;
    st.broadcast_id = id, st.at = ++now, st.to = to, st.admin_id = by;
    return apply(st);
  }
  bool acted(const admin_action& a) {
    const auto outcome = apply(a).outcome;
    if (outcome != admin_outcome::done) CHECK(outcome == admin_outcome::not_permitted);
    return outcome == admin_outcome::done;
  }
  bool on_job(std::int64_t by, admin_act what, std::int64_t job_id) {
    auto a = act(by, what, 0);
    a.job_id = job_id;
    return acted(a);
  }
  bool paid(std::int64_t by, std::int64_t id, payment_state to) {
    payment_step st;
    st.payment_id = id, st.at = ++now, st.to = to, st.by = by, st.credits = 5;
    const auto a = apply(st);
    CHECK(a.refused == !a.changed);
    return a.changed;
  }
  bool opened(std::int64_t by, broadcast_kind kind) {
    const auto a = apply(broadcast_order(by, kind, "b" + std::to_string(++now)));
    CHECK(a.refused == !a.changed);
    return a.changed;
  }
  /// A turn of his that claims all rights there are, as a program that was told wrong would store it.
  turn turn_by(std::int64_t by) {
    turn t;
    t.update_id = next_update++;
    t.user_id = by, t.at = ++now, t.state = "{}";
    return t;
  }
  bool set(std::int64_t by, const std::string& name) {
    auto t = turn_by(by);
    t.settings = {{name, "1"}};
    return apply(t);
  }
  bool wrote(std::int64_t by, const char* action, bool declared) {
    auto t = turn_by(by);
    if (declared) t.uses = {right::answer};
    else t.journal = {{0, t.at, by, action, ann, 0, 0, "words"}};
    return apply(t);
  }

  /// Sends it to the store in this name. @returns whether it was done
  bool tries(std::int64_t by, deed d) {
    switch (d) {
    case deed::give: return acted(act(by, admin_act::give, ann, 1000));
    case deed::give_much: return acted(act(by, admin_act::give, ann, 1001));
    case deed::take: return acted(act(by, admin_act::take, ann, 1000));
    case deed::take_much: return acted(act(by, admin_act::take, ann, 1001));
    case deed::ban: return acted(act(by, admin_act::ban, ann));
    case deed::unban: return acted(act(by, admin_act::unban, bob));
    case deed::promote: return acted(act(by, admin_act::promote, ann));
    case deed::make_support: return acted(act(by, admin_act::make_support, ann));
    case deed::demote: return acted(act(by, admin_act::demote, by == support ? named_admin : support));
    case deed::return_credits: return on_job(by, admin_act::return_credits, completed_job);
    case deed::retry_job: return on_job(by, admin_act::retry_job, failed_job);
    case deed::cancel_job: {
      job_step st;
      st.job_id = waiting_job, st.at = ++now, st.to = job_state::cancelled, st.by = by;
      if (by == 0) return false; // nobody: the engine itself
      const auto a = apply(st);
      CHECK(a.refused == !a.changed);
      return a.changed;
    }
    case deed::refund: return paid(by, paid_payment, payment_state::refunding);
    case deed::name_payment: return paid(by, unmatched_payment, payment_state::paid);
    case deed::send_broadcast: return opened(by, broadcast_kind::send);
    case deed::edit_broadcast: return opened(by, broadcast_kind::edit);
    case deed::erase_broadcast: return opened(by, broadcast_kind::erase);
    case deed::steer_broadcast: return by != 0 && step_cast(by, cast, broadcast_state::stopped).changed;
    case deed::close_shop: return set(by, "maintenance") && set(by, "stopped") && set(by, "paused:veo");
    case deed::change_settings:
      return set(by, "option:users.welcome_credits") && set(by, "model:veo:price") && set(by, "unheard of");
    case deed::answer_letter: return wrote(by, "feedback", false) && wrote(by, "", true);
    case deed::write_to_user: return wrote(by, "message", false);
    }
    return false;
  }
};

} // namespace

TEST_CASE("exactly those of the table do what only some may do, whoever asks the store for it") {
  for (std::size_t n = 0; n < deeds; ++n)
    for (const auto& p : everybody) {
      const auto d = static_cast<deed>(n);
      INFO(p.what << ", deed " << n);
      town t;
      const auto before = contents(t.file.path());
      const bool may_it = may_do(p.rank, d);
      CHECK(t.tries(p.id, d) == may_it);
      if (!may_it) CHECK(contents(t.file.path()) == before);
      t.s->take_outgoing();
      CHECK(t.faults().empty());
    }
}

TEST_CASE("a store that was not told who rules permits nothing") {
  for (std::size_t n = 0; n < deeds; ++n) {
    town t;
    t.reopen();
    t.s->obey({});
    CHECK_FALSE(t.tries(owner, static_cast<deed>(n)));
  }
}

TEST_CASE_METHOD(
    town, "a turn that was decided by a role that has ended is stored by nobody, and can be decided anew") {
  auto t = turn_by(named_admin);
  t.rank = role::admin, t.messages = {message(ann)};
  role_of_somebody(named_admin, admin_act::demote);
  s->take_outgoing();
  CHECK_FALSE(apply(t));
  CHECK(s->take_outgoing().empty());
  t.rank = role::none;
  CHECK(apply(t));
  CHECK(s->take_outgoing().size() == 1);
}

TEST_CASE_METHOD(town, "nobody writes into the journal in the name of another, nor what it does not know") {
  auto t = turn_by(named_admin);
  t.journal = {{0, t.at, owner, "message", ann, 0, 0, "words"}};
  CHECK_FALSE(apply(t));
  t.journal = {{0, t.at, named_admin, "give", ann, 0, 100, "words"}};
  CHECK_FALSE(apply(t));
  auto group = turn_by(-500);
  group.settings = {{"moved:-500", "-501"}};
  CHECK(apply(group)); // says where it has moved, and nothing else
  group = turn_by(-500);
  group.settings = {{"maintenance", "x"}};
  CHECK_FALSE(apply(group));
  auto person = turn_by(ann);
  person.settings = {{"moved:-500", "-600"}};
  CHECK_FALSE(apply(person));
}

TEST_CASE_METHOD(town, "one's own waiting video everybody cancels") {
  job_step st;
  st.job_id = waiting_job, st.at = ++now, st.to = job_state::cancelled, st.by = ann;
  CHECK(apply(st).changed);
}

TEST_CASE_METHOD(town, "who is demoted has no open question, and a broadcast of his goes to nobody") {
  const auto id = apply(broadcast_order(named_admin, broadcast_kind::send, "his")).now.broadcast_id;
  auto planned = broadcast_order(named_admin, broadcast_kind::send, "planned");
  planned.what.starts_at = now + day_ms;
  const auto later = apply(planned).now.broadcast_id;
  while (apply(gather_recipients{id, ++now, 100}).now.state == broadcast_state::gathering) {
  }
  REQUIRE(apply(take_recipients{id, ++now, true, 0, 1, {}}).next.size() == 1);
  auto t = turn_of(named_admin);
  t.state = R"({"screen":"o.sure"})";
  apply(t);
  s->take_broadcasts();

  role_of_somebody(named_admin, admin_act::make_support);
  CHECK(read().load_account(named_admin).state.empty());
  CHECK(s->take_broadcasts().size() == 2);
  for (const auto which : {id, later}) {
    const auto b = std::get<broadcasts_page>(read().answer(broadcasts_query{which, 0, 1})).all.at(0);
    CHECK(is_held(b.state, b.why));
  }
  CHECK(apply(take_recipients{id, ++now, false, 0, 10, {}}).next.empty());
  CHECK(step_cast(named_admin, id, broadcast_state::running).refused);

  const auto resumed = step_cast(owner, id, broadcast_state::running); // his from now on
  CHECK(resumed.now.state == broadcast_state::running);
  CHECK(resumed.now.admin_id == owner);
  CHECK(resumed.now.admin_language == "ru");
  CHECK_FALSE(apply(take_recipients{id, ++now, false, 0, 10, {}}).next.empty());
  CHECK(step_cast(owner, later, broadcast_state::running).now.state == broadcast_state::scheduled);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(
    town, "whoever is named no more by the configuration sends nothing, at its minute or in its middle") {
  s->obey({{owner, unlisted}, 1000});
  auto planned = broadcast_order(unlisted, broadcast_kind::send, "planned");
  planned.what.starts_at = now + 10;
  const auto later = apply(planned).now.broadcast_id;
  const auto early = apply(broadcast_order(unlisted, broadcast_kind::send, "early")).now.broadcast_id;
  const auto running = apply(broadcast_order(unlisted, broadcast_kind::send, "running")).now.broadcast_id;
  while (apply(gather_recipients{running, ++now, 100}).now.state == broadcast_state::gathering) {
  }
  s->obey({{owner}, 1000});
  now += 10;
  SECTION("each is held when it goes on") {
    const auto begun = step_cast(0, later, broadcast_state::gathering).now;
    CHECK(is_held(begun.state, begun.why));
    const auto gathered = apply(gather_recipients{early, ++now, 100}).now;
    CHECK(is_held(gathered.state, gathered.why));
    const auto t = apply(take_recipients{running, ++now, true, 0, 10, {}});
    CHECK(t.next.empty());
    CHECK(is_held(t.now.state, t.now.why));
  }
  SECTION("all are held when rights are looked at") {
    s->take_broadcasts();
    apply(review_rights{++now, {}});
    CHECK(s->take_broadcasts().size() == 3);
    for (auto& b : read().load_open_work().broadcasts)
      if (b.admin_id == unlisted) CHECK(is_held(b.state, b.why));
  }
}

TEST_CASE_METHOD(town, "a menu of commands is set once, changed when it is another one, and taken back") {
  const auto menu = [&](std::int64_t user, const std::string& value) {
    auto set = message(user);
    set.method = "setMyCommands";
    return review_rights::menu{user, value, set};
  };
  const auto said = [&] {
    std::string all;
    for (auto& m : s->take_outgoing()) all += m.method + " " + std::to_string(m.chat_id) + "; ";
    return all;
  };
  said();
  apply(review_rights{++now, {menu(11, "a"), menu(12, "b")}});
  CHECK(said() == "setMyCommands 11; setMyCommands 12; ");
  apply(review_rights{++now, {menu(11, "a"), menu(12, "c")}});
  CHECK(said() == "setMyCommands 12; ");
  apply(review_rights{++now, {menu(12, "c")}});
  CHECK(said() == "deleteMyCommands 11; ");
  reopen();
  apply(review_rights{++now, {menu(12, "c")}});
  CHECK(said().empty());
}

TEST_CASE_METHOD(town,
                 "what waits for somebody who has left the office goes to its owners, alarms to nobody") {
  auto letter = message(named_admin), alarm = message(named_admin), own = message(named_admin);
  letter.office = office_mail::letter, letter.letter_of = ann, alarm.office = office_mail::alarm;
  apply(turn_of(ann, {letter, alarm, own}));
  for (auto& m : s->take_outgoing()) {
    delivery_report r;
    r.outbox_id = m.outbox_id, r.chat_gone = true, r.chat_id = named_admin;
    apply(r);
  }
  role_of_somebody(named_admin, admin_act::demote);
  const auto sent = s->take_outgoing();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].chat_id == owner);
  CHECK(sent[0].letter_of == ann);
  auto back = turn_of(named_admin);
  back.user_is_back = true;
  apply(back);
  CHECK(s->take_outgoing().size() == 1); // his own
}

TEST_CASE_METHOD(town, "whose letter a message is part of is known by where it arrived, for a year") {
  const auto whose = [&](std::int64_t chat, std::int64_t id) {
    user_query q;
    q.letter_chat = chat, q.letter_message = id;
    return std::get<user_card>(read().answer(q)).who.user_id;
  };
  auto letter = message(-500);
  letter.office = office_mail::letter, letter.letter_of = ann;
  apply(turn_of(ann, {letter, message(-500)}));
  const auto sent = s->take_outgoing();
  REQUIRE(sent.size() == 2);
  auto arrived = delivered(sent[0], 70);
  arrived.at = now;
  apply(arrived);
  apply(delivered(sent[1], 71));
  reopen();
  CHECK(whose(-500, 70) == ann);
  CHECK(whose(-500, 71) == 0); // no letter
  CHECK(whose(-501, 70) == 0); // the same number in another chat
  CHECK(whose(-500, 0) == 0);

  apply(turn_of(bob, {letter}));
  auto much_later = delivered(s->take_outgoing().at(0), 90);
  much_later.at = now + 366 * day_ms;
  apply(much_later);
  CHECK(whose(-500, 70) == 0);
  CHECK(whose(-500, 90) == ann);
}
