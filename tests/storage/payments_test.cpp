/// Purchases in the book: each is credited once, and taken back once, whatever is repeated.
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <map>
#include <random>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

namespace {

struct till : bench {
  till() { enrol(ann, 0); }

  open_payment invoice(const std::string& key, payment_method method = payment_method::stars,
                       std::int64_t amount = 1000, std::int64_t credits = 10, std::int64_t user = ann) {
    open_payment o;
    o.key = key, o.user_id = user, o.at = ++now, o.method = method, o.amount = amount, o.credits = credits;
    if (method != payment_method::stars) o.request_key = "k-" + key, o.request = "{}";
    return o;
  }
  star_charge charge(const std::string& id, const std::string& key, std::int64_t amount = 1000,
                     std::int64_t user = ann) {
    return {id, key, user, amount, "XTR", ++now};
  }
  payment_step step(std::int64_t id, payment_state to) {
    payment_step next;
    next.payment_id = id, next.to = to, next.at = ++now, next.by = founder_user_id;
    return next;
  }
  payment_answer paid(std::int64_t id, const std::string& outside) {
    auto next = step(id, payment_state::paid);
    next.outside_id = outside;
    return apply(next);
  }
  payment_answer refunded(std::int64_t id, std::int64_t amount) {
    auto next = step(id, payment_state::refunded);
    next.refunded = amount;
    return apply(next);
  }
  void spend(std::int64_t credits) {
    auto o = order("spent" + std::to_string(++now), ann, credits);
    o.active_jobs_max = 1000;
    REQUIRE(apply(o).outcome == order_outcome::accepted);
  }
};

} // namespace

TEST_CASE_METHOD(till, "a charge of Stars is credited once, however often it is told") {
  const auto opened = apply(invoice("p1"));
  CHECK(opened.changed);
  CHECK(opened.now.state == payment_state::pending);
  CHECK(opened.who.balance == 0);
  const auto first = apply(charge("c1", "p1"));
  CHECK(first.changed);
  CHECK(first.who.balance == 10);
  for (int i = 0; i < 10; ++i) {
    const auto again = apply(charge("c1", "p1"));
    CHECK_FALSE(again.changed);
    CHECK(again.now.state == payment_state::paid);
    CHECK(again.who.balance == 10);
  }
  CHECK(read().entries(ann, 0, 10).front().description == "1000 XTR");
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "an invoice that is paid twice is credited twice: both charges are the user's money") {
  apply(invoice("p1"));
  apply(charge("c1", "p1"));
  const auto second = apply(charge("c2", "p1"));
  CHECK(second.changed);
  CHECK(second.now.outside_id == "c2");
  CHECK(second.who.balance == 20);
  CHECK_FALSE(apply(charge("c2", "p1")).changed);
  CHECK(read().payments_of(ann, 0, 10).size() == 2);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "the same purchase again is the same, with other content it is refused") {
  apply(invoice("p1"));
  auto other_key = invoice("p1", payment_method::stars);
  CHECK_FALSE(apply(other_key).changed);
  auto other = invoice("p1", payment_method::stars, 999);
  s->begin();
  CHECK_THROWS_AS(s->apply(other), id_conflict);
  CHECK_THROWS_AS(s->apply(invoice("p2", payment_method::stars, 0)), std::invalid_argument);
  s->commit();
  CHECK(read().payments_of(ann, 0, 10).size() == 1);
}

TEST_CASE_METHOD(till, "money that fits no invoice is kept, and credited by hand once") {
  apply(invoice("p1"));
  enrol(bob, 0);
  for (const auto& [id, c] : std::map<std::string, star_charge>{{"unknown", charge("c1", "nothing")},
                                                                {"amount", charge("c2", "p1", 5)},
                                                                {"payer", charge("c3", "p1", 1000, bob)}}) {
    INFO(id);
    const auto a = apply(c);
    CHECK(a.changed);
    CHECK(a.now.state == payment_state::unmatched);
    CHECK_FALSE(a.now.why.empty());
    CHECK(a.who.balance == 0);
  }
  auto by_hand = step(read().load_payment({0, {}, "c1"}).payment_id, payment_state::paid);
  by_hand.credits = 7;
  CHECK(apply(by_hand).who.balance == 7);
  CHECK_FALSE(apply(by_hand).changed);
  CHECK(apply(charge("c4", "p1")).now.state == payment_state::paid); // the invoice itself is still good
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "a purchase by card is linked, paid and refunded, each once") {
  const auto id = apply(invoice("p1", payment_method::card, 90'000, 10)).now.payment_id;
  CHECK(s->take_payments().size() == 1); // for the cashier
  auto link = step(id, payment_state::pending);
  link.outside_id = "y1", link.url = "https://pay";
  CHECK(apply(link).changed);
  CHECK_FALSE(apply(link).changed);
  CHECK(read().load_open_work().payments.size() == 1);
  CHECK(paid(id, "y1").who.balance == 10);
  CHECK_FALSE(paid(id, "y1").changed);
  CHECK(read().load_open_work().payments.empty());
  auto begin = step(id, payment_state::refunding);
  begin.request_key = "r1";
  CHECK(apply(begin).changed);
  CHECK_FALSE(apply(begin).changed); // pressed twice
  CHECK(read().load_open_work().payments.size() == 1);
  CHECK(refunded(id, 90'000).who.balance == 0);
  CHECK_FALSE(refunded(id, 90'000).changed);
  CHECK(read().load_payment({id, {}, {}}).state == payment_state::refunded);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "a refund that is refused leaves the purchase paid") {
  const auto id = apply(invoice("p1")).now.payment_id;
  apply(charge("c1", "p1"));
  apply(step(id, payment_state::refunding));
  auto refused = step(id, payment_state::paid);
  CHECK_FALSE(apply(refused).changed); // without a reason it is no refusal
  refused.why = "BALANCE_TOO_LOW";
  const auto a = apply(refused);
  CHECK(a.now.state == payment_state::paid);
  CHECK(a.who.balance == 10);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "spent credits of a refunded purchase become a debt that the next purchase pays") {
  apply(invoice("p1"));
  const auto id = apply(charge("c1", "p1")).now.payment_id;
  spend(7);
  auto who = refunded(id, 1000).who;
  CHECK(who.balance == 0);
  CHECK(who.debt == 7);
  apply(invoice("p2", payment_method::stars, 500, 5));
  who = apply(charge("c2", "p2", 500)).who;
  CHECK(who.balance == 0);
  CHECK(who.debt == 2);
  apply(invoice("p3", payment_method::stars, 500, 5));
  who = apply(charge("c3", "p3", 500)).who;
  CHECK(who.balance == 3);
  CHECK(who.debt == 0);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "a refund in parts takes back the credits in parts, and all of them in the end") {
  const auto id = apply(invoice("p1", payment_method::sbp, 90'000, 10)).now.payment_id;
  paid(id, "y1");
  CHECK(refunded(id, 30'000).who.balance == 7);
  CHECK(read().load_payment({id, {}, {}}).state == payment_state::paid);
  CHECK_FALSE(refunded(id, 30'000).changed);
  CHECK(refunded(id, 60'000).who.balance == 4);
  const auto last = refunded(id, 90'000);
  CHECK(last.who.balance == 0);
  CHECK(last.now.state == payment_state::refunded);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "money for a purchase that was given up is credited all the same") {
  const auto id = apply(invoice("p1", payment_method::card, 90'000, 10)).now.payment_id;
  auto gone = step(id, payment_state::cancelled);
  gone.why = "not_opened";
  CHECK(apply(gone).changed);
  CHECK(paid(id, "y1").who.balance == 10);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "another amount than agreed is unmatched, and its credits shrink with it") {
  const auto id = apply(invoice("p1", payment_method::card, 90'000, 10)).now.payment_id;
  auto other = step(id, payment_state::unmatched);
  other.outside_id = "y1", other.amount = 45'000, other.why = "half of it";
  CHECK(apply(other).who.balance == 0);
  CHECK(paid(id, "y1").who.balance == 5);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(
    till, "a refund that comes before its payment is remembered: no credits, whichever is told how often") {
  apply(invoice("p1"));
  payment_step back;
  back.outside_id = "c1", back.to = payment_state::refunded, back.refunded = 1000, back.user_id = ann,
  back.at = ++now;
  const auto first = apply(back);
  CHECK(first.changed);
  CHECK(first.now.state == payment_state::refunded);
  CHECK(first.now.credits == 0);
  CHECK(first.who.balance == 0);
  CHECK_FALSE(apply(back).changed);
  reopen();
  for (int i = 0; i < 3; ++i) {
    const auto late = apply(charge("c1", "p1"));
    CHECK_FALSE(late.changed);
    CHECK(late.now.state == payment_state::refunded);
    CHECK(late.who.balance == 0);
  }
  CHECK_FALSE(apply(back).changed);
  CHECK(apply(charge("c2", "p1")).who.balance == 10); // the invoice itself is still good
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "a refund without a charge, a payer or an amount is no refund") {
  payment_step back;
  back.to = payment_state::refunded, back.outside_id = "c1", back.user_id = ann, back.at = ++now;
  CHECK_FALSE(apply(back).changed);
  back.refunded = 1000, back.user_id = 0;
  CHECK_FALSE(apply(back).changed);
  back.outside_id.clear(), back.user_id = ann;
  CHECK_FALSE(apply(back).changed);
  CHECK(read().payments_of(ann, 0, 10).empty());
}

TEST_CASE_METHOD(till, "each charge of a subscription is credited once, as agreed") {
  apply(invoice("p1"));
  for (int month = 1; month <= 3; ++month)
    for (int i = 0; i < 2; ++i) apply(charge("c" + std::to_string(month), "p1"));
  CHECK(read().load_account(ann).balance == 30);
  CHECK(apply(charge("c9", "p1", 700)).now.state == payment_state::unmatched); // another price
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "money that had gone back when it was heard of is one step") {
  const auto id = apply(invoice("p1", payment_method::card, 90'000, 10)).now.payment_id;
  auto both = step(id, payment_state::paid);
  both.outside_id = "y1", both.refunded = 90'000;
  const auto a = apply(both);
  CHECK(a.now.state == payment_state::refunded);
  CHECK(a.who.balance == 0);
  CHECK_FALSE(apply(both).changed);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till, "unmatched money that has gone back cannot be credited by hand") {
  const auto id = apply(charge("c1", "nothing")).now.payment_id;
  CHECK_FALSE(refunded(id, 500).changed);
  CHECK(refunded(id, 1000).now.state == payment_state::refunded);
  auto by_hand = step(id, payment_state::paid);
  by_hand.credits = 7;
  CHECK_FALSE(apply(by_hand).changed);
  CHECK(read().load_account(ann).balance == 0);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(till,
                 "which address the shop has refused is kept with the user, whatever his dialogue does") {
  const auto id = apply(invoice("p1", payment_method::card, 90'000, 10)).now.payment_id;
  auto no = step(id, payment_state::cancelled);
  no.why = "receipt_contact", no.refused_contact = "a@b.cd";
  CHECK(apply(no).who.refused_contact == "a@b.cd");
  reopen();
  CHECK(read().load_account(ann).refused_contact == "a@b.cd");
}

TEST_CASE_METHOD(till, "the audit finds a purchase that was credited twice, or not at all") {
  apply(invoice("p1"));
  apply(charge("c1", "p1"));
  s.reset();
  SQLite::Database db{file.path(), SQLite::OPEN_READWRITE};
  db.exec("UPDATE payments SET state = 'pending'");
  REQUIRE(faults().size() == 1);
  CHECK(faults().front() == "Payment 1 of 10 credits is pending, but 10 were credited for it.");
  db.exec("UPDATE payments SET state = 'paid', credits = 20");
  CHECK(faults().front() == "Payment 1 of 20 credits is paid, but 10 were credited for it.");
  db.exec("UPDATE payments SET credits = 10, credits_back = 3");
  CHECK(faults().front() == "Payment 1 gave back 3 credits, but the ledger says 0.");
}

TEST_CASE("whatever happens to purchases, and however often it is told, the sums are what was paid") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    till t;
    std::mt19937 dice{seed};
    const auto below = [&](int n) { return static_cast<int>(dice() % static_cast<unsigned>(n)); };
    std::map<std::int64_t, std::int64_t> given, back; // by payment, credits
    for (int i = 0; i < 400; ++i) {
      const auto key = "p" + std::to_string(below(30));
      const auto id = 1 + below(40);
      payment_answer a;
      switch (below(9)) {
      case 8: { // before or after its payment
        payment_step early;
        early.outside_id = "c" + std::to_string(below(40)), early.to = payment_state::refunded;
        early.refunded = 1000, early.user_id = ann, early.at = ++t.now;
        a = t.apply(early);
        break;
      }
      case 0: a = t.apply(t.invoice(key, below(2) ? payment_method::stars : payment_method::stars)); break;
      case 1: a = t.apply(t.charge("c" + std::to_string(below(40)), key)); break;
      case 2: a = t.apply(t.charge("x" + std::to_string(below(5)), "nothing")); break;
      case 3: {
        auto s = t.step(id, payment_state::paid);
        s.credits = 1 + below(5);
        if (below(2)) s.why = "refused";
        a = t.apply(s);
        break;
      }
      case 4: a = t.apply(t.step(id, payment_state::refunding)); break;
      case 5: a = t.refunded(id, 100 * (1 + below(12))); break;
      case 6: {
        auto s = t.step(id, payment_state::cancelled);
        s.why = "expired";
        a = t.apply(s);
        break;
      }
      default:
        if (const auto free = t.read().load_account(ann).balance; free > 0)
          t.spend(1 + below(static_cast<int>(free)));
        if (below(10) == 0) t.reopen();
      }
      if (a.now.payment_id != 0 && a.now.paid_at > 0) {
        given[a.now.payment_id] = a.now.credits;
        back[a.now.payment_id] = a.now.credits_back;
      }
    }
    std::int64_t expected = 0, spent = 0;
    for (auto& [id, credits] : given) expected += credits - back[id];
    for (auto& j : t.read().jobs_of(ann, 0, 1000)) spent += j.price;
    const auto who = t.read().load_account(ann);
    CHECK(who.balance - who.debt == expected - spent);
    CHECK(t.faults().empty());
  }
}
