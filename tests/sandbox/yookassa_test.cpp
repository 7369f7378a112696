#include "net/sandbox/sandbox.hpp"
#include "net/sandbox/yookassa_page.hpp"
#include "net/sandbox/yookassa_world.hpp"
#include "net/transport.hpp"
#include "net/yookassa.hpp"
#include "tests/catch.hpp"
#include <condition_variable>
#include <httplib.h>
#include <mutex>
#include <thread>

using namespace troupe;
using namespace troupe::sandbox;
using nlohmann::json;
using yookassa::result;

namespace {

constexpr std::int64_t noon = 1'795'000'000'000, minute = 60'000, hour = 60 * minute;
const std::string good_key = "Basic MTAwNTAwOnRlc3Rfc2FuZGJveA=="; // 100500:test_sandbox

std::string named(result r) { return yookassa::name_of(r); }

yookassa::payment_order order(const std::string& method = "") {
  yookassa::payment_order o;
  o.kopecks = 49000;
  o.description = "10 videos";
  o.order_id = "72";
  o.return_url = "https://t.me/bot?start=paid";
  o.method = method;
  return o;
}
std::string body(const std::string& method = "") { return yookassa::payment_body(order(method), {}); }

struct world_fixture {
  yookassa_world world{{.notice_url = "http://bot/notice"}, 1};
  std::int64_t now = noon;
  int keys = 0;

  yookassa_answer post(const std::string& path, const std::string& text, const std::string& key) {
    return world.handle({.method = "POST",
                         .path = path,
                         .authorization = good_key,
                         .key = key,
                         .content_type = "application/json",
                         .body = text,
                         .base = "http://here"},
                        now);
  }
  yookassa_answer post(const std::string& path, const std::string& text) {
    return post(path, text, "k" + std::to_string(++keys));
  }
  yookassa_answer get(const std::string& path, std::map<std::string, std::string> query = {}) {
    return world.handle({.method = "GET", .path = path, .query = std::move(query), .authorization = good_key},
                        now);
  }
  std::string made() { return post("/payments", body()).body["id"]; }
  std::string paid() {
    auto id = made();
    CHECK(world.pay(id, "bank_card", now));
    return id;
  }
  /// The parameter that a 400 blames; "" when it is no 400.
  std::string blamed(const yookassa_answer& a) {
    return a.status == 400 ? a.body.value("parameter", "?") : std::string();
  }
  std::string blamed(json payment) { return blamed(post("/payments", payment.dump())); }
};

} // namespace

TEST_CASE_METHOD(world_fixture, "a payment waits for its payer, and is his page's until it is paid") {
  const auto a = post("/payments", body());
  REQUIRE(a.status == 200);
  const std::string id = a.body["id"];
  CHECK(id.size() == 36);
  CHECK(a.body["status"] == "pending");
  CHECK(a.body["paid"] == false);
  CHECK(a.body["test"] == true);
  CHECK(a.body["confirmation"]["confirmation_url"] == "http://here/yookassa/pay/" + id);
  CHECK(a.body["metadata"] == json{{"order_id", "72"}});
  CHECK(world.bill(id, now)->kopecks == 49000);
  now += minute;
  CHECK(world.pay(id, "sbp", now));
  CHECK_FALSE(world.pay(id, "sbp", now));
  CHECK_FALSE(world.decline(id, "call_issuer", now));
  const auto p = get("/payments/" + id).body;
  CHECK(p["status"] == "succeeded");
  CHECK(p["paid"] == true);
  CHECK(p["refundable"] == true);
  CHECK(p["income_amount"]["value"] == "472.85");
  CHECK(p["refunded_amount"]["value"] == "0.00");
  CHECK(p["payment_method"]["type"] == "sbp");
  CHECK_FALSE(p.contains("confirmation"));
  CHECK_FALSE(world.pay("nothing", "sbp", now));
}

TEST_CASE_METHOD(world_fixture, "a method that was chosen beforehand is the only one to pay by") {
  const std::string id = post("/payments", body("sbp")).body["id"];
  CHECK_FALSE(world.pay(id, "bank_card", now));
  CHECK_FALSE(world.pay(id, "gold", now));
  CHECK(world.pay(id, "sbp", now));
}

TEST_CASE_METHOD(world_fixture, "a payment that nobody confirms is canceled after an hour") {
  const auto id = made();
  now += hour - 1;
  CHECK(get("/payments/" + id).body["status"] == "pending");
  now += 1;
  const auto p = get("/payments/" + id).body;
  CHECK(p["status"] == "canceled");
  CHECK(p["cancellation_details"]["reason"] == "expired_on_confirmation");
  CHECK_FALSE(world.pay(id, "sbp", now));
  const auto n = world.take_notice(now);
  REQUIRE(n);
  CHECK(json::parse(n->body)["event"] == "payment.canceled");
}

TEST_CASE_METHOD(world_fixture, "a bank's refusal cancels with its reason") {
  const auto id = made();
  CHECK(world.decline(id, "call_issuer", now));
  CHECK(get("/payments/" + id).body["cancellation_details"]["reason"] == "call_issuer");
  CHECK(json::parse(world.take_notice(now)->body)["object"]["status"] == "canceled");
}

TEST_CASE_METHOD(world_fixture, "who does not know the shop and its key learns nothing") {
  for (const std::string auth : {"", "Basic x", "Basic MTAwNTAwOng=", "Bearer x"}) {
    INFO(auth);
    const auto a = world.handle({.method = "GET", .path = "/me", .authorization = auth}, now);
    CHECK(a.status == 401);
    CHECK(a.body["code"] == "invalid_credentials");
  }
  CHECK(get("/me").body["account_id"] == "100500");
  CHECK(get("/payments/nothing").status == 404);
  CHECK(get("/refunds/nothing").body["code"] == "not_found");
  CHECK(get("/nothing").status == 404);
}

TEST_CASE_METHOD(world_fixture, "a key makes one payment in a day, however often it is sent") {
  const auto first = post("/payments", body(), "key");
  const std::string id = first.body["id"];
  world.pay(id, "sbp", now);
  now += 24 * hour - 1;
  CHECK(post("/payments", body(), "key").body == first.body); // the first answer, not the present state
  const auto clash = post("/payments", body("sbp"), "key");
  CHECK(clash.status == 400);
  CHECK(clash.body["description"] == "Idempotence key duplicated");
  CHECK(clash.body["parameter"] == "Idempotence-Key");
  CHECK(blamed(post("/refunds", body(), "key")) == "Idempotence-Key");
  CHECK(world.report(now)["payments"].size() == 1);
  now += 1;
  CHECK(post("/payments", body(), "key").body["id"] != id);
  CHECK(blamed(post("/payments", body(), "")) == "Idempotence-Key");
  CHECK(blamed(post("/payments", body(), std::string(65, 'x'))) == "Idempotence-Key");
  CHECK(blamed(post("/payments", body(), "white space")) == "Idempotence-Key");
}

TEST_CASE_METHOD(world_fixture, "a refused body stays refused under its key") {
  const auto a = post("/payments", "{}", "key");
  CHECK(a.status == 400);
  CHECK(post("/payments", "{}", "key").body == a.body);
  CHECK(blamed(post("/payments", body(), "key")) == "Idempotence-Key");
}

TEST_CASE_METHOD(world_fixture, "a wrong payment is refused with the part that is wrong") {
  const json good = json::parse(body());
  CHECK(blamed(good).empty());
  auto with = [&good](const json& patch) {
    json j = good;
    j.merge_patch(patch);
    return j;
  };
  for (const char* value : {"490", "490.0", "-490.00", "4.9e2"})
    CHECK(blamed(with({{"amount", {{"value", value}}}})) == "amount.value");
  CHECK(blamed(with({{"amount", {{"value", 490.0}}}})) == "amount.value");
  CHECK(blamed(with({{"amount", {{"value", "0.99"}}}})) == "amount.value");
  CHECK(blamed(with({{"amount", {{"value", "700000.01"}}}})) == "amount.value");
  CHECK(blamed(with({{"amount", {{"value", "350000.01"}}}})).empty());
  CHECK(blamed(with({{"amount", {{"value", "350000.01"}}},
                     {"payment_method_data", {{"type", "bank_card"}}}})) == "amount.value");
  CHECK(blamed(with({{"amount", {{"currency", "USD"}}}})) == "amount.currency");
  CHECK(blamed(with({{"capture", nullptr}})) == "capture");
  CHECK(blamed(with({{"capture", false}})) == "capture");
  CHECK(blamed(with({{"description", std::string(129, 'x')}})) == "description");
  CHECK(blamed(with({{"confirmation", nullptr}})) == "confirmation.type");
  CHECK(blamed(with({{"confirmation", {{"return_url", nullptr}}}})) == "confirmation.return_url");
  CHECK(blamed(with({{"metadata", {{"order_id", 72}}}})) == "metadata");
  CHECK(blamed(with({{"metadata", {{"order_id", std::string(513, 'x')}}}})) == "metadata");
  CHECK(blamed(with({{"metadata", {{std::string(33, 'k'), "x"}}}})) == "metadata");
  CHECK(blamed(with({{"payment_method_data", {{"type", "cash"}}}})) == "payment_method_data.type");
  CHECK(post("/payments", "nonsense").status == 400);
  CHECK(world.handle({.method = "POST", .path = "/payments", .authorization = good_key, .key = "t"}, now)
            .status == 415);
  CHECK(world.handle({.method = "DELETE", .path = "/payments", .authorization = good_key}, now).status ==
        405);
}

TEST_CASE_METHOD(world_fixture, "a receipt is checked, and demanded when the shop needs it") {
  yookassa::receipt_settings r;
  r.enabled = true;
  auto o = order();
  o.customer_email = "buyer@example.ru";
  const json good = json::parse(yookassa::payment_body(o, r));
  CHECK(blamed(good).empty());
  auto bad = [&](const char* place, const json& value) {
    json j = good;
    j["receipt"][json::json_pointer(place)] = value;
    return blamed(j);
  };
  CHECK(bad("/customer", json::object()) == "receipt");
  CHECK(bad("/customer/phone", "+7 900") == "receipt.customer.phone");
  for (auto email : {"a@b", "@anya_nick", "a@b.", "a b@c.ru"})
    CHECK(bad("/customer/email", email) == "receipt.customer.email");
  world.faults.refused_contact = "buyer@example.ru";
  CHECK(blamed(good) == "receipt.customer.email");
  world.faults.refused_contact.clear();
  CHECK(bad("/items", json::array()) == "receipt");
  CHECK(bad("/items/0/amount/value", "489.00") == "receipt");
  CHECK(bad("/items/0/quantity", 2) == "receipt");
  CHECK(bad("/items/0/vat_code", 13) == "receipt");
  CHECK(bad("/items/0/payment_mode", "advance") == "receipt");
  CHECK(bad("/items/0/measure", nullptr) == "receipt");
  CHECK(bad("/tax_system_code", 7) == "receipt");
  world.settings.receipts_required = true;
  CHECK(blamed(post("/payments", body())) == "receipt");
  CHECK(get("/me").body["fiscalization"]["enabled"] == true);

  const std::string id = post("/payments", good.dump()).body["id"];
  world.pay(id, "sbp", now);
  CHECK(blamed(post("/refunds", yookassa::refund_body(id, 100, ""))) == "receipt");
  CHECK(post("/refunds", yookassa::refund_body(id, 100, "part", r, "a@b.ru")).status == 200);
}

TEST_CASE_METHOD(world_fixture, "refunds give back no more than was paid") {
  const auto unpaid = made();
  CHECK(blamed(post("/refunds", yookassa::refund_body(unpaid, 100, ""))) == "payment_id");
  CHECK(blamed(post("/refunds", yookassa::refund_body("nothing", 100, ""))) == "payment_id");
  const auto id = paid();
  CHECK(blamed(post("/refunds", yookassa::refund_body(id, 49001, ""))) == "amount.value");
  CHECK(blamed(post("/refunds", yookassa::refund_body(id, 0, ""))) == "amount.value");
  const auto r = post("/refunds", yookassa::refund_body(id, 9000, "part"), "r");
  REQUIRE(r.status == 200);
  CHECK(r.body["status"] == "succeeded");
  CHECK(post("/refunds", yookassa::refund_body(id, 9000, "part"), "r").body == r.body);
  CHECK(get("/refunds/" + r.body["id"].get<std::string>()).body == r.body);
  CHECK(get("/payments/" + id).body["refunded_amount"]["value"] == "90.00");
  CHECK(blamed(post("/refunds", yookassa::refund_body(id, 40001, ""))) == "amount.value");
  CHECK(post("/refunds", yookassa::refund_body(id, 40000, "")).status == 200);
  CHECK(get("/payments/" + id).body["refundable"] == false);
  CHECK(get("/refunds", {{"payment_id", id}}).body["items"].size() == 2);
  CHECK(world.report(now)["refunded_kopecks"] == 49000);
}

TEST_CASE_METHOD(world_fixture, "a refund without money in the shop is canceled and gives nothing back") {
  const auto id = paid();
  world.faults.cancel_refunds = 1;
  const auto r = post("/refunds", yookassa::refund_body(id, 49000, ""));
  CHECK(r.status == 200);
  CHECK(r.body["status"] == "canceled");
  CHECK(r.body["cancellation_details"]["reason"] == "insufficient_funds");
  CHECK(get("/payments/" + id).body["refunded_amount"]["value"] == "0.00");
  CHECK(post("/refunds", yookassa::refund_body(id, 49000, "")).body["status"] == "succeeded");
}

TEST_CASE_METHOD(world_fixture, "the list goes back in time page by page") {
  for (int i = 0; i < 25; ++i, now += 1000) made();
  const auto first = get("/payments").body;
  CHECK(first["items"].size() == 10);
  CHECK(first["items"][0]["created_at"] == "2026-11-18T11:07:04.000Z");
  const auto second = get("/payments", {{"cursor", first["next_cursor"]}, {"limit", "15"}}).body;
  CHECK(second["items"].size() == 15);
  CHECK_FALSE(second.contains("next_cursor"));
  CHECK(get("/payments", {{"limit", "100"}, {"created_at.gte", "2026-11-18T11:07:00.000Z"}})
            .body["items"]
            .size() == 5);
  CHECK(get("/payments", {{"status", "succeeded"}}).body["items"].empty());
  CHECK(get("/payments", {{"limit", "101"}}).status == 400);
  CHECK(get("/payments", {{"cursor", "x"}}).status == 400);
  CHECK(get("/payments", {{"created_at.gt", "yesterday"}}).status == 400);
}

TEST_CASE_METHOD(world_fixture, "a notice comes again until it is taken, for a day") {
  paid();
  auto n = world.take_notice(now);
  REQUIRE(n);
  CHECK(n->url == "http://bot/notice");
  CHECK(yookassa::is_yookassa_address(n->from_ip));
  CHECK(yookassa::read_notice(n->body)->event == "payment.succeeded");
  CHECK_FALSE(world.take_notice(now));
  for (const auto pause : {minute, 5 * minute, 15 * minute, hour, hour}) {
    world.notice_answered(*n, 500, now);
    CHECK_FALSE(world.take_notice(now + pause - 1));
    now += pause;
    CHECK(world.next_due() == now);
    n = world.take_notice(now);
    REQUIRE(n);
  }
  int tries = 0;
  for (; n && tries < 100; ++tries) {
    world.notice_answered(*n, 0, now);
    now += hour;
    n = world.take_notice(now);
  }
  CHECK(now - noon <= 25 * hour);
  CHECK(tries == 22);
  CHECK(world.report(now)["counters"]["notices_given_up"] == 1);

  paid();
  world.notice_answered(*world.take_notice(now), 200, now);
  CHECK_FALSE(world.take_notice(now + 30 * minute));
}

TEST_CASE_METHOD(world_fixture, "notices can be doubled, late, lost or forged") {
  world.faults.duplicates = 2;
  world.faults.notice_delay_ms = 500;
  world.faults.foreign_sender = true;
  paid();
  CHECK_FALSE(world.take_notice(now + 499));
  std::vector<std::string> bodies;
  while (const auto n = world.take_notice(now + 500)) {
    bodies.push_back(n->body);
    CHECK_FALSE(yookassa::is_yookassa_address(n->from_ip));
  }
  REQUIRE(bodies.size() == 3);
  CHECK(bodies[0] == bodies[2]);
  world.faults = {};
  world.faults.drop_notices = true;
  paid();
  CHECK_FALSE(world.take_notice(now + hour / 2));
  world.faults = {};
  world.settings.notice_url.clear();
  paid();
  CHECK_FALSE(world.take_notice(now + hour / 2));
}

TEST_CASE_METHOD(world_fixture, "failures come before or after the effect") {
  world.faults.fail_before = 1;
  CHECK(post("/payments", body(), "a").status == 500);
  CHECK(world.report(now)["payments"].empty());
  world.faults.too_many = 1;
  CHECK(post("/payments", body(), "a").body["code"] == "too_many_requests");
  CHECK(world.report(now)["payments"].empty());
  world.faults.fail_after = 1;
  CHECK(post("/payments", body(), "a").status == 500);
  CHECK(world.report(now)["payments"].size() == 1);
  CHECK(post("/payments", body(), "a").status == 200);
  CHECK(world.report(now)["payments"].size() == 1);
  world.faults.lose_answers = 1;
  CHECK(post("/payments", body(), "b").lost);
  CHECK_FALSE(post("/payments", body(), "b").lost);
  CHECK(world.report(now)["payments"].size() == 2);
  const auto id = paid();
  world.faults.shown_kopecks = 100;
  CHECK(get("/payments/" + id).body["amount"]["value"] == "1.00");
}

TEST_CASE("the payer's page offers what is possible and trusts no text") {
  yookassa_bill b{"pending", "<script>x</script> {{back}}", "https://t.me/bot", "", "", 149005};
  auto has = [&b](const std::string& part) { return yookassa_page(b).find(part) != std::string::npos; };
  CHECK(has("1\u00a0490,05\u00a0₽"));
  CHECK(has("&lt;script&gt;x&lt;/script&gt; {{back}}"));
  CHECK_FALSE(has("<script"));
  CHECK(has("href=\"/\"")); // Telegram is the sandbox's chat page
  for (const char* text : {"Оплатить картой", "Оплатить через СБП", "Отказ банка", "Вернуться в бот"}) {
    INFO(text);
    CHECK(has(text));
  }
  b.method = "sbp";
  CHECK_FALSE(has("Оплатить картой"));
  b.status = "succeeded";
  CHECK_FALSE(has("<button"));
  CHECK(has("Оплачено"));
  b.return_url = "javascript:alert(1)";
  CHECK_FALSE(has("javascript"));
  b.return_url = "https://shop.example/?a=\"b";
  CHECK(has("href=\"https://shop.example/?a=&quot;b\""));
}

namespace {

/// Where the bot would listen for notices.
struct listener {
  httplib::Server http;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::string, std::string>> seen; ///< Forwarded sender, body.
  int port = 0;
  std::thread thread;

  listener() {
    http.Post("/notice", [this](const httplib::Request& q, httplib::Response&) {
      const std::lock_guard lock(mutex);
      seen.emplace_back(q.get_header_value("X-Forwarded-For"), q.body);
      changed.notify_all();
    });
    port = http.bind_to_any_port("127.0.0.1");
    thread = std::thread([this] { http.listen_after_bind(); });
    while (!http.is_running()) std::this_thread::yield();
  }
  ~listener() {
    http.stop();
    thread.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port) + "/notice"; }
  /// The n-th notice; none when it does not come.
  std::optional<yookassa::notice> wait(std::size_t n) {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, std::chrono::seconds(20), [&] { return seen.size() >= n; }))
      return std::nullopt;
    return yookassa::read_notice(seen[n - 1].second);
  }
};

struct running {
  listener bot;
  server sandbox{[this] {
    settings s;
    s.port = 0;
    s.clips = false;
    s.yookassa_notice_url = bot.url();
    return s;
  }()};
  int port = sandbox.start();
  std::unique_ptr<transport> line = make_http_transport();
  yookassa::shop shop{"http://127.0.0.1:" + std::to_string(port), "100500", "test_sandbox"};
  httplib::Client browser{"127.0.0.1", port};

  yookassa::payment_status create(const std::string& key) {
    return yookassa::read_payment(line->send(yookassa::create_payment(shop, key, body())));
  }
  yookassa::payment_status look(const std::string& id) {
    return yookassa::read_payment(line->send(yookassa::get_payment(shop, id)));
  }
  yookassa::refund_status give_back(const std::string& id, const std::string& key) {
    const auto text = yookassa::refund_body(id, 49000, "failed");
    return yookassa::read_refund(line->send(yookassa::create_refund(shop, key, text)));
  }
  json control(const json& q) {
    const auto r = browser.Post("/sandbox/yookassa", q.dump(), "application/json");
    REQUIRE(r);
    return json::parse(r->body);
  }
  json state() {
    const auto r = browser.Get("/sandbox/yookassa");
    REQUIRE(r);
    return json::parse(r->body);
  }
  int act(const std::string& id, const std::string& action) {
    const auto r =
        browser.Post("/yookassa/pay/" + id, "action=" + action, "application/x-www-form-urlencoded");
    return r ? r->status : 0;
  }
};

} // namespace

TEST_CASE_METHOD(running, "a payment goes from its creation to its refund with the bot's own client") {
  const auto fresh = create("k1");
  REQUIRE(named(fresh.what) == "pending");
  CHECK(fresh.order_id == "72");
  CHECK(fresh.kopecks == 49000);
  const std::string page_path = fresh.confirmation_url.substr(shop.api_url.size());
  const auto page = browser.Get(page_path);
  REQUIRE(page);
  CHECK(page->status == 200);
  CHECK(page->body.find("490\u00a0₽") != std::string::npos);
  CHECK(act(fresh.id, "bank_card") == 303);
  const auto told = bot.wait(1);
  REQUIRE(told);
  CHECK(told->event == "payment.succeeded");
  CHECK(told->object_id == fresh.id);
  CHECK(yookassa::is_yookassa_address(bot.seen[0].first));
  CHECK(named(look(fresh.id).what) == "succeeded");

  const auto back = give_back(fresh.id, "r1");
  CHECK(named(back.what) == "succeeded");
  CHECK(back.payment_id == fresh.id);
  CHECK(named(yookassa::read_refund(line->send(yookassa::get_refund(shop, back.id))).what) == "succeeded");
  const auto refunded = bot.wait(2);
  REQUIRE(refunded);
  CHECK(refunded->event == "refund.succeeded");
  CHECK(refunded->payment_id == fresh.id);
  CHECK(look(fresh.id).refunded_kopecks == 49000);
  CHECK(named(give_back(fresh.id, "r2").what) == "refused");

  const auto all = yookassa::read_payments(line->send(yookassa::list_payments(shop, 0, "")));
  REQUIRE(all.items.size() == 1);
  CHECK(all.items[0].id == fresh.id);
}

TEST_CASE_METHOD(running, "a repeated key makes no second payment, not even after a lost answer") {
  control({{"lose_answers", 1}});
  CHECK(named(create("k1").what) == "unsure");
  const auto second = create("k1");
  CHECK(named(second.what) == "pending");
  CHECK(create("k1").id == second.id);
  CHECK(state()["payments"].size() == 1);
  CHECK(state()["counters"]["repeats"] == 2);
  control({{"fail_after", 1}});
  CHECK(named(create("k2").what) == "unsure");
  CHECK(named(create("k2").what) == "pending");
  CHECK(state()["payments"].size() == 2);
}

TEST_CASE_METHOD(running, "a refusal at the bank's is told as a cancellation") {
  const auto p = create("k1");
  CHECK(act(p.id, "decline") == 303);
  const auto told = bot.wait(1);
  REQUIRE(told);
  CHECK(told->event == "payment.canceled");
  const auto seen = look(p.id);
  CHECK(named(seen.what) == "canceled");
  CHECK(seen.cancel_reason == "insufficient_funds");
  CHECK(act(p.id, "sbp") == 303); // too late
  CHECK(named(look(p.id).what) == "canceled");
}

TEST_CASE_METHOD(running, "the shop's key is needed, and the shop is known by it") {
  const auto me = yookassa::read_me(line->send(yookassa::get_me(shop)));
  CHECK(named(me.what) == "succeeded");
  CHECK((me.enabled && me.test));
  shop.secret_key = "test_wrong";
  const auto refused = create("k1");
  CHECK(named(refused.what) == "unauthorized");
  CHECK(refused.text.find("test_") == std::string::npos);
  CHECK(named(look("nothing").what) == "unauthorized");
}

TEST_CASE_METHOD(running, "the control endpoint knows its settings and refuses others") {
  CHECK(control({{"duplicates", 1}, {"foreign_sender", true}})["duplicates"] == 1);
  CHECK(control({{"duplicatse", 1}})["ok"] == false);
  CHECK(control({{"duplicates", "many"}, {"too_many", 5}})["ok"] == false);
  const auto set = state()["settings"];
  CHECK(set["duplicates"] == 1);
  CHECK(set["too_many"] == 0);
  CHECK(set["notice_url"] == bot.url());
  const auto p = create("k1");
  act(p.id, "sbp");
  REQUIRE(bot.wait(2));
  CHECK(bot.seen[0].second == bot.seen[1].second);
  CHECK_FALSE(yookassa::is_yookassa_address(bot.seen[1].first));
}

TEST_CASE_METHOD(running, "stopping waits for no delayed answer") {
  control({{"answer_delay_ms", 600'000}});
  auto waiting = std::thread([this] { create("k1"); });
  while (state()["payments"].empty()) std::this_thread::yield();
  sandbox.stop();
  waiting.join();
}
