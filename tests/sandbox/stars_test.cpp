#include "net/sandbox/sandbox.hpp"
#include "net/sandbox/telegram_world.hpp"
#include "net/telegram.hpp"
#include "tests/catch.hpp"
#include <future>
#include <httplib.h>

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

constexpr std::int64_t anna = 515151515;
constexpr std::int64_t noon = 1'795'000'000'000;
const std::string old_query =
    "Bad Request: query is too old and response timeout expired or query ID is invalid";

using values = std::map<std::string, std::string>;

/// What the engine's own builder makes, as the server would read it.
values invoice(std::int64_t stars = 100) {
  values out;
  const auto params = json::parse(
      troupe::telegram::invoice_params(anna, "10 credits", "For ten videos", "order:7", stars, "Credits"));
  for (const auto& [name, v] : params.items()) out[name] = v.is_string() ? v.get<std::string>() : v.dump();
  return out;
}

struct shop {
  telegram_world world{"1000001:sandbox"};
  std::int64_t now = noon;

  shop() { world.add_user(anna, "Anna", "ru"); }

  bot_answer call(const std::string& method, values v) {
    return world.handle({method, std::move(v), {}}, now);
  }
  json result(const std::string& method, values v) { return call(method, std::move(v)).body["result"]; }
  std::string refusal(const std::string& method, values v) {
    const auto a = call(method, std::move(v));
    return a.status == 200 ? "" : a.body["description"].get<std::string>();
  }
  std::string refusal_with(const std::string& name, const std::string& v) {
    auto changed = invoice();
    changed[name] = v;
    return refusal("sendInvoice", changed);
  }
  json poll(std::int64_t offset = 0) {
    const bot_call c{"getUpdates", {{"offset", std::to_string(offset)}}, {}};
    world.begin_poll(c, now);
    return world.updates(c, now).body["result"];
  }
  std::int64_t offer(std::int64_t stars = 100) { return result("sendInvoice", invoice(stars))["message_id"]; }
  std::string answer(const std::string& query, bool ok, const std::string& error = "") {
    return refusal(
        "answerPreCheckoutQuery",
        {{"pre_checkout_query_id", query}, {"ok", ok ? "true" : "false"}, {"error_message", error}});
  }
  json payment(const std::string& query) { return *world.payment_of(query, now); }
  /// @returns the charge id.
  std::string paid(std::int64_t message_id) {
    const auto query = world.pay(anna, message_id, now);
    CHECK(answer(query, true).empty());
    return payment(query)["charge_id"];
  }
};

std::string keys(const std::vector<json>& row) {
  json markup;
  markup["inline_keyboard"] = json::array();
  markup["inline_keyboard"].push_back(row);
  return markup.dump();
}

} // namespace

TEST_CASE_METHOD(shop, "an invoice is shown without its payload") {
  const auto sent = result("sendInvoice", invoice());
  CHECK(sent["invoice"]["title"] == "10 credits");
  CHECK(sent["invoice"]["currency"] == "XTR");
  CHECK(sent["invoice"]["total_amount"] == 100);
  CHECK(sent.dump().find("order:7") == std::string::npos);
  CHECK(world.chat(anna).size() == 1);
}

TEST_CASE_METHOD(shop, "a wrong invoice is refused in Telegram's words") {
  CHECK(refusal_with("title", "") == "Bad Request: parameter \"title\" is required");
  CHECK(refusal_with("title", std::string(33, 'x')) == "Bad Request: MESSAGE_TOO_LONG");
  CHECK(refusal_with("description", std::string(256, 'x')) == "Bad Request: MESSAGE_TOO_LONG");
  CHECK(refusal_with("payload", std::string(129, 'x')) == "Bad Request: INVOICE_PAYLOAD_INVALID");
  CHECK(refusal_with("payload", std::string(128, 'x')).empty());
  CHECK(refusal_with("currency", "USD") == "Bad Request: PAYMENT_PROVIDER_INVALID");
  CHECK(refusal_with("provider_token", "1:x") == "Bad Request: STARS_INVOICE_INVALID");
  CHECK(refusal_with("prices", "[]") == "Bad Request: there must be at least one price");
  CHECK(refusal_with("prices", "{") == "Bad Request: can't parse prices JSON object");
  CHECK(refusal_with("prices", R"([{"label":"a","amount":1},{"label":"b","amount":1}])") ==
        "Bad Request: STARS_INVOICE_INVALID");
  CHECK(refusal_with("prices", R"([{"label":"a","amount":0}])") ==
        "Bad Request: CURRENCY_TOTAL_AMOUNT_INVALID");
  CHECK(world.violations().size() == 8); // by wording
}

TEST_CASE_METHOD(shop, "the first button of an invoice pays, and no other message has such a button") {
  const json pay{{"text", "Pay"}, {"pay", true}}, back{{"text", "Back"}, {"callback_data", "b"}};
  CHECK(refusal_with("reply_markup", keys({pay, back})).empty());
  CHECK(refusal_with("reply_markup", keys({back})).find("REPLY_MARKUP_BUY_EMPTY") != std::string::npos);
  CHECK(refusal_with("reply_markup", keys({back, pay})).find("BUTTON_POS_INVALID") != std::string::npos);
  CHECK(refusal("sendMessage",
                {{"chat_id", std::to_string(anna)}, {"text", "x"}, {"reply_markup", keys({pay})}}) ==
        "Bad Request: BUTTON_TYPE_INVALID");
}

TEST_CASE_METHOD(shop, "an invoice's keyboard is edited, its text is not, and it can be deleted") {
  const auto id = offer();
  const values message{{"chat_id", std::to_string(anna)}, {"message_id", std::to_string(id)}};
  auto with = [&](const std::string& name, const std::string& v) {
    auto m = message;
    m[name] = v;
    return m;
  };
  CHECK(refusal("editMessageReplyMarkup", with("reply_markup", keys({json{{"text", "Pay"}, {"pay", true}}})))
            .empty());
  CHECK(refusal("editMessageText", with("text", "x")) ==
        "Bad Request: there is no text in the message to edit");
  CHECK(refusal("editMessageCaption", with("caption", "x")) ==
        "Bad Request: there is no caption in the message to edit");
  CHECK(refusal("deleteMessage", message).empty());
  CHECK_THROWS_AS(world.pay(anna, id, now), std::runtime_error);
}

TEST_CASE_METHOD(shop, "a payment is asked, answered and delivered, and moves the Stars once") {
  const auto query = world.pay(anna, offer(), now);
  const auto asked = troupe::telegram::parse_update(poll()[0].dump());
  CHECK(asked.kind == troupe::telegram::event_kind::pre_checkout);
  CHECK(asked.from.user_id == anna);
  CHECK(asked.payment.query_id == query);
  CHECK(asked.payment.amount == 100);
  CHECK(asked.payment.payload == "order:7");
  CHECK(payment(query)["state"] == "waiting");
  CHECK(world.stars_of(anna) == 100'000);
  CHECK(answer(query, true).empty());
  CHECK(answer(query, true) == old_query);
  CHECK(payment(query)["state"] == "paid");
  CHECK(world.stars_of(anna) == 99'900);
  CHECK(world.bot_stars() == 100);
  const auto updates = poll(asked.update_id + 1);
  REQUIRE(updates.size() == 1);
  const auto paid = troupe::telegram::parse_update(updates[0].dump());
  CHECK(paid.kind == troupe::telegram::event_kind::payment);
  CHECK(paid.payment.telegram_charge_id.size() > 128);
  CHECK(paid.payment.telegram_charge_id == payment(query)["charge_id"]);
  CHECK(paid.payment.payload == "order:7");
  CHECK(updates[0]["message"]["successful_payment"].count("title") == 0);
  CHECK(world.chat(anna).back()["successful_payment"]["title"] == "10 credits");
}

TEST_CASE_METHOD(shop, "a refused payment shows the bot's reason and costs nothing") {
  const auto query = world.pay(anna, offer(), now);
  CHECK(answer(query, false) == "Bad Request: parameter \"error_message\" is required");
  CHECK(answer(query, false, "Sold out").empty());
  CHECK(payment(query)["state"] == "refused");
  CHECK(payment(query)["error"] == "Sold out");
  CHECK(world.stars_of(anna) == 100'000);
  CHECK(answer(query, true) == old_query);
  CHECK(poll().size() == 1);
}

TEST_CASE_METHOD(shop, "a payment the bot does not answer in 10 s fails and costs nothing") {
  const auto in_time = world.pay(anna, offer(), now), late = world.pay(anna, offer(), now);
  now += 10'000;
  CHECK(answer(in_time, true).empty());
  now += 1;
  CHECK(answer(late, true) == old_query);
  CHECK(payment(late)["state"] == "failed");
  CHECK(payment(in_time)["state"] == "paid");
  CHECK(world.stars_of(anna) == 99'900);
  now += 150'000;
  const auto left = poll();
  REQUIRE(left.size() == 1); // the queries are gone, the payment waits for a day
  CHECK(left[0].contains("message"));
}

TEST_CASE_METHOD(shop, "nobody pays more Stars than there are, also with two invoices at once") {
  world.set_stars(anna, 150);
  const auto id = offer();
  const auto one = world.pay(anna, id, now), two = world.pay(anna, id, now);
  CHECK(answer(one, true).empty());
  CHECK(answer(two, true).empty());
  CHECK(payment(two)["state"] == "failed");
  CHECK(world.stars_of(anna) == 50);
  CHECK_THROWS_AS(world.pay(anna, id, now), std::runtime_error);
}

TEST_CASE_METHOD(shop, "one invoice can be paid again, each time with a charge of its own") {
  const auto id = offer();
  CHECK(paid(id) != paid(id));
  CHECK(world.stars_of(anna) == 99'800);
}

TEST_CASE_METHOD(shop, "on request each payment comes as two updates with one charge") {
  world.deliver_payments_twice(true);
  const auto charge = paid(offer());
  const auto updates = poll();
  REQUIRE(updates.size() == 3);
  CHECK(updates[1]["update_id"] != updates[2]["update_id"]);
  CHECK(updates[1]["message"] == updates[2]["message"]);
  CHECK(updates[2]["message"]["successful_payment"]["telegram_payment_charge_id"] == charge);
}

TEST_CASE_METHOD(shop, "a refund gives the Stars back once and tells the person and the bot") {
  const auto charge = paid(offer());
  poll(poll().back()["update_id"].get<std::int64_t>() + 1);
  auto refund = [&](const std::string& user, const std::string& id) {
    return refusal("refundStarPayment", {{"user_id", user}, {"telegram_payment_charge_id", id}});
  };
  CHECK(refund("", charge) == "Bad Request: invalid user_id specified");
  CHECK(refund("77", charge) == "Bad Request: CHARGE_NOT_FOUND");
  CHECK(refund(std::to_string(anna), "stx") == "Bad Request: CHARGE_NOT_FOUND");
  CHECK(refund(std::to_string(anna), charge).empty());
  CHECK(refund(std::to_string(anna), charge) == "Bad Request: CHARGE_ALREADY_REFUNDED");
  CHECK(world.stars_of(anna) == 100'000);
  CHECK(world.bot_stars() == 0);
  CHECK(world.chat(anna).back()["refunded_payment"]["total_amount"] == 100);
  const auto updates = poll();
  REQUIRE(updates.size() == 1);
  const auto e = troupe::telegram::parse_update(updates[0].dump());
  CHECK(e.kind == troupe::telegram::event_kind::payment_refunded);
  CHECK(e.from.user_id == anna);
  CHECK(e.payment.telegram_charge_id == charge);
  CHECK(poll(e.update_id + 1).empty()); // a message of the bot is confirmed like any other
}

TEST_CASE_METHOD(shop, "the bot's books name every payment and refund in order") {
  const auto first = paid(offer(100)), second = paid(offer(30));
  call("refundStarPayment", {{"user_id", std::to_string(anna)}, {"telegram_payment_charge_id", first}});
  const auto all = result("getStarTransactions", {})["transactions"];
  REQUIRE(all.size() == 3);
  CHECK(all[0]["id"] == first);
  CHECK(all[0]["source"]["invoice_payload"] == "order:7");
  CHECK(all[1]["id"] == second);
  CHECK(all[2]["id"] == first);
  CHECK(all[2]["receiver"]["user"]["id"] == anna);
  const auto one = result("getStarTransactions", {{"offset", "1"}, {"limit", "1"}})["transactions"];
  REQUIRE(one.size() == 1);
  CHECK(one[0]["id"] == second);
  CHECK(result("getMyStarBalance", {})["amount"] == 30);
}

TEST_CASE_METHOD(shop, "a link sells too, also a subscription") {
  auto monthly = invoice();
  monthly["subscription_period"] = "86400";
  CHECK(refusal("createInvoiceLink", monthly) == "Bad Request: SUBSCRIPTION_PERIOD_INVALID");
  monthly["subscription_period"] = "2592000";
  const auto link = result("createInvoiceLink", monthly).get<std::string>();
  CHECK(link.rfind("https://t.me/$", 0) == 0);
  CHECK((*world.invoice_of(link))["title"] == "10 credits");
  const auto query = world.pay_link(anna, link, now);
  CHECK(answer(query, true).empty());
  const auto e = troupe::telegram::parse_update(poll().back().dump());
  CHECK(e.payment.first_recurring);
  CHECK(e.payment.subscription_until == now + 2'592'000'000);
  const values edit{{"user_id", std::to_string(anna)},
                    {"telegram_payment_charge_id", e.payment.telegram_charge_id},
                    {"is_canceled", "true"}};
  CHECK(refusal("editUserStarSubscription", edit).empty());
  CHECK(payment(query)["renewal_off"] == true);
  CHECK_THROWS_AS(world.pay_link(anna, "https://t.me/$none", now), std::runtime_error);
}

TEST_CASE_METHOD(shop, "on request the bot hears of a refund before it hears of the payment") {
  world.refund_before_payment(true);
  const auto charge = paid(offer());
  const auto updates = poll();
  REQUIRE(updates.size() == 3);
  CHECK(updates[1]["message"]["refunded_payment"]["telegram_payment_charge_id"] == charge);
  CHECK(updates[2]["message"]["successful_payment"]["telegram_payment_charge_id"] == charge);
  CHECK(world.stars_of(anna) == 100'000);
}

TEST_CASE_METHOD(shop, "a subscription is renewed with a charge of its own and a later end") {
  CHECK_THROWS_AS(world.renew_subscription(anna, now), std::runtime_error);
  auto monthly = invoice();
  monthly["subscription_period"] = "2592000";
  const auto query = world.pay_link(anna, result("createInvoiceLink", monthly), now);
  CHECK(answer(query, true).empty());
  world.renew_subscription(anna, now);
  const auto first = troupe::telegram::parse_update(poll()[1].dump()),
             second = troupe::telegram::parse_update(poll().back().dump());
  CHECK(first.payment.first_recurring);
  CHECK(second.payment.recurring);
  CHECK_FALSE(second.payment.first_recurring);
  CHECK(second.payment.payload == first.payment.payload);
  CHECK(second.payment.telegram_charge_id != first.payment.telegram_charge_id);
  CHECK(second.payment.subscription_until == first.payment.subscription_until + 2'592'000'000);
  CHECK(world.stars_of(anna) == 100'000 - 200);
}

TEST_CASE_METHOD(shop, "a webhook gets the updates in order and again until it takes them") {
  const values hook{{"url", "http://127.0.0.1:9/tg"}, {"secret_token", "s-1"}};
  CHECK(call("setWebhook", hook).body["description"] == "Webhook was set");
  CHECK(call("setWebhook", hook).body["description"] == "Webhook is already set");
  CHECK(world.poll_refused(false)->status == 409);
  CHECK_FALSE(world.next_post(now));
  world.say(anna, {"one", "", "", ""}, now);
  world.say(anna, {"two", "", "", ""}, now);
  auto post = *world.next_post(now);
  CHECK(post.url == hook.at("url"));
  CHECK(post.secret == "s-1");
  CHECK(json::parse(post.body)["message"]["text"] == "one");
  for (const std::int64_t pause : {0, 2000, 4000, 8000}) {
    world.posted(post, 500, now);
    if (pause > 0) CHECK_FALSE(world.next_post(now + pause - 1));
    now += pause;
    REQUIRE(world.next_post(now));
    CHECK(world.next_post(now)->update_id == post.update_id);
  }
  const auto info = result("getWebhookInfo", {});
  CHECK(info["pending_update_count"] == 2);
  CHECK(info["last_error_message"] == "Wrong response from the webhook: 500");
  CHECK_FALSE(world.webhook_works());
  world.posted(post, 204, now);
  CHECK(world.webhook_works());
  post = *world.next_post(now);
  CHECK(json::parse(post.body)["message"]["text"] == "two");
  CHECK(call("deleteWebhook", {{"drop_pending_updates", "true"}}).body["description"] ==
        "Webhook was deleted");
  CHECK(call("deleteWebhook", {}).body["description"] == "Webhook is already deleted");
  CHECK_FALSE(world.poll_refused(false));
  CHECK(poll().empty());
}

TEST_CASE_METHOD(shop, "a webhook that cannot be is refused") {
  auto set = [&](const std::string& url, const std::string& secret = "") {
    return refusal("setWebhook", {{"url", url}, {"secret_token", secret}});
  };
  CHECK(set("ftp://127.0.0.1/x") == "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
  CHECK(set("http://example.org/x") == "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
  CHECK(set("x") == "Bad Request: invalid webhook URL specified");
  CHECK(set("http://localhost:1/x", "a b") == "Bad Request: secret token contains unallowed characters");
  CHECK(set("http://localhost:1/x", std::string(257, 'a')) == "Bad Request: secret token is too long");
  CHECK_FALSE(world.poll_refused(false));
}

// --- over HTTP -----------------------------------------------------------------------------------------

namespace {

const std::string bot = "/bot1000001:sandbox/";

settings quick() {
  settings s;
  s.port = 0;
  s.clips = false;
  return s;
}

struct open_shop {
  server sandbox{quick()};
  int port = sandbox.start();

  json post(const std::string& path, const json& body) const {
    httplib::Client c("127.0.0.1", port);
    c.set_read_timeout(30);
    const auto res = c.Post(path.c_str(), body.dump(), "application/json");
    return res ? json::parse(res->body) : json("no answer");
  }
  json offer() const {
    return post(bot + "sendInvoice", json::parse(troupe::telegram::invoice_params(
                                         anna, "10 credits", "For ten videos", "order:7", 100, "Credits")));
  }
};

/// A bot's own web server, which refuses the first post.
struct listener {
  httplib::Server http;
  std::mutex mutex;
  std::vector<json> updates;
  std::vector<std::string> secrets;
  std::promise<void> enough;
  std::size_t wanted = 3;
  int port = 0;
  std::thread thread;

  listener() {
    http.Post("/tg", [this](const httplib::Request& q, httplib::Response& res) {
      std::lock_guard lock(mutex);
      secrets.push_back(q.get_header_value("X-Telegram-Bot-Api-Secret-Token"));
      updates.push_back(json::parse(q.body));
      if (updates.size() == 1) res.status = 503;
      if (updates.size() == wanted) enough.set_value();
    });
    port = http.bind_to_any_port("127.0.0.1");
    thread = std::thread([this] { http.listen_after_bind(); });
  }
  ~listener() {
    http.stop();
    thread.join();
  }
};

} // namespace

TEST_CASE_METHOD(open_shop, "a person pays over HTTP and the answer comes with the bot's") {
  const auto id = offer()["result"]["message_id"];
  auto paying = std::async(std::launch::async, [&] {
    return post("/sandbox/pay", {{"user_id", anna}, {"message_id", id}});
  });
  const auto asked = post(bot + "getUpdates", {{"timeout", 20}})["result"][0];
  post(bot + "answerPreCheckoutQuery",
       {{"pre_checkout_query_id", asked["pre_checkout_query"]["id"]}, {"ok", true}});
  CHECK(paying.get()["state"] == "paid");
  CHECK(post("/sandbox/stars", {{"user_id", anna}}) == json{{"balance", 99'900}, {"bot", 100}});
  CHECK(post("/sandbox/pay", {{"user_id", anna}, {"message_id", 1}})["error"] == "no such invoice");
}

TEST_CASE_METHOD(open_shop, "a payment can be left open, and balance and faults can be set") {
  const auto id = offer()["result"]["message_id"];
  const json payer{{"user_id", anna}, {"message_id", id}, {"wait_ms", 0}};
  const auto begun = post("/sandbox/pay", payer);
  CHECK(begun["state"] == "waiting");
  post("/sandbox/stars", {{"payments_twice", true}});
  post(bot + "answerPreCheckoutQuery", {{"pre_checkout_query_id", begun["query_id"]}, {"ok", true}});
  CHECK(post(bot + "getUpdates", {})["result"].size() == 3);
  CHECK(post("/sandbox/stars", {{"user_id", anna}, {"balance", 99}})["balance"] == 99);
  CHECK(post("/sandbox/pay", payer)["error"] == "not enough Stars");
}

TEST_CASE_METHOD(open_shop, "updates are posted to the webhook with its secret, and polls are refused") {
  listener hook;
  const std::string url = "http://127.0.0.1:" + std::to_string(hook.port) + "/tg";
  auto polling = std::async(std::launch::async, [&] { return post(bot + "getUpdates", {{"timeout", 20}}); });
  // The poll surely waits once it is counted.
  while (json::parse(httplib::Client("127.0.0.1", port).Get("/sandbox/stats")->body)["calls"].value(
             "getUpdates", 0) == 0) {
  }
  CHECK(post(bot + "setWebhook", {{"url", url}, {"secret_token", "s-1"}})["ok"] == true);
  CHECK(polling.get()["description"] == "Conflict: terminated by setWebhook request");
  CHECK(post(bot + "getUpdates", {})["error_code"] == 409);
  post("/sandbox/send", {{"user_id", anna}, {"text", "one"}});
  post("/sandbox/send", {{"user_id", anna}, {"text", "two"}});
  REQUIRE(hook.enough.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  std::lock_guard lock(hook.mutex);
  CHECK(hook.updates[0] == hook.updates[1]); // the refused one again
  CHECK(hook.updates[1]["message"]["text"] == "one");
  CHECK(hook.updates[2]["message"]["text"] == "two");
  CHECK(hook.secrets == std::vector<std::string>(3, "s-1"));
}
