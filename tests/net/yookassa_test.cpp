#include "net/yookassa.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

using namespace troupe;
using nlohmann::json;
using yookassa::result;

namespace {

const yookassa::shop here{"http://api", "100500", "test_secret"};
const std::string payment_id = "23d93cac-000f-5000-8000-126628f15141";

yookassa::payment_order order() {
  yookassa::payment_order o;
  o.kopecks = 49000;
  o.description = "Order 72";
  o.order_id = "72";
  o.return_url = "https://t.me/bot";
  return o;
}
http_reply raw(const std::string& body, int status = 200) {
  http_reply r;
  r.status = status;
  r.body = body;
  return r;
}
http_reply reply(const json& body, int status = 200) { return raw(body.dump(), status); }
http_reply no_reply(http_error e) {
  http_reply r;
  r.error = e;
  return r;
}
json payment(const std::string& status) {
  return {{"id", payment_id},
          {"status", status},
          {"paid", status == "succeeded"},
          {"amount", {{"value", "490.00"}, {"currency", "RUB"}}},
          {"metadata", {{"order_id", "72"}}},
          {"test", true}};
}
json error(const std::string& code, const std::string& description) {
  return {{"type", "error"}, {"id", "x"}, {"code", code}, {"description", description}};
}
std::string header(const http_request& r, const std::string& name) {
  for (const auto& [n, value] : r.headers)
    if (n == name) return value;
  return {};
}
std::string named(result r) { return yookassa::name_of(r); }

} // namespace

TEST_CASE("an amount is read exactly or not at all") {
  struct row {
    const char* text;
    std::optional<std::int64_t> kopecks;
  };
  const row rows[] = {{"490.00", 49000},
                      {"0.01", 1},
                      {"0.00", 0},
                      {"1.10", 110},
                      {"350000.99", 35000099},
                      {"999999999999999.99", 99999999999999999},
                      {"9999999999999999.99", std::nullopt},
                      {"490", std::nullopt},
                      {"490.0", std::nullopt},
                      {"490.000", std::nullopt},
                      {"490,00", std::nullopt},
                      {".00", std::nullopt},
                      {"-1.00", std::nullopt},
                      {"+1.00", std::nullopt},
                      {" 1.00", std::nullopt},
                      {"1.00 ", std::nullopt},
                      {"1e3", std::nullopt},
                      {"1e3.00", std::nullopt},
                      {"1.0.00", std::nullopt},
                      {"", std::nullopt}};
  for (const auto& r : rows) {
    INFO(r.text);
    CHECK(yookassa::kopecks_of(r.text) == r.kopecks);
    if (r.kopecks) CHECK(yookassa::amount_text(*r.kopecks) == r.text);
  }
  CHECK(yookassa::amount_text(5) == "0.05");
}

TEST_CASE("a payment's body says all that YooKassa needs, and the same bytes each time") {
  auto o = order();
  const auto text = yookassa::payment_body(o, {});
  CHECK(json::parse(text) ==
        json{{"amount", {{"value", "490.00"}, {"currency", "RUB"}}},
             {"capture", true},
             {"description", "Order 72"},
             {"confirmation", {{"type", "redirect"}, {"return_url", "https://t.me/bot"}}},
             {"metadata", {{"order_id", "72"}}}});
  CHECK(yookassa::payment_body(o, {}) == text);
  o.method = "sbp";
  o.user_id = 123456;
  const auto more = json::parse(yookassa::payment_body(o, {}));
  CHECK(more["payment_method_data"] == json{{"type", "sbp"}});
  CHECK(more["merchant_customer_id"] == "tg:123456");
}

TEST_CASE("a description is cut to what YooKassa takes, and broken text is no error") {
  auto o = order();
  for (int i = 0; i < 200; ++i) o.description += "я";
  CHECK(json::parse(yookassa::payment_body(o, {}))["description"].get<std::string>().size() <= 2 * 128 + 1);
  o.description = "\xff\xfe";
  CHECK(json::parse(yookassa::payment_body(o, {}))["amount"]["value"] == "490.00");
}

TEST_CASE("a receipt has one item of the whole amount and says who pays") {
  auto o = order();
  o.customer_email = "buyer@example.ru";
  o.customer_phone = "8 (900) 000-00-00";
  yookassa::receipt_settings r;
  r.enabled = true;
  const auto plain = json::parse(yookassa::payment_body(o, r))["receipt"];
  CHECK(plain == json{{"customer", {{"email", "buyer@example.ru"}, {"phone", "79000000000"}}},
                      {"items",
                       {{{"description", "Order 72"},
                         {"quantity", 1.0},
                         {"amount", {{"value", "490.00"}, {"currency", "RUB"}}},
                         {"vat_code", 1},
                         {"payment_mode", "full_payment"},
                         {"payment_subject", "service"},
                         {"measure", "piece"}}}},
                      {"internet", true}});
  r.tax_system_code = 2;
  CHECK(json::parse(yookassa::payment_body(o, r))["receipt"]["tax_system_code"] == 2);
}

TEST_CASE("requests go to their places with the shop's name and the key") {
  const auto made = yookassa::create_payment(here, "k-1", "{body}");
  CHECK(made.method == "POST");
  CHECK(made.url == "http://api/v3/payments");
  CHECK(made.body == "{body}");
  CHECK(made.content_type == "application/json");
  CHECK(header(made, "Authorization") == "Basic MTAwNTAwOnRlc3Rfc2VjcmV0");
  CHECK(header(made, "Idempotence-Key") == "k-1");
  CHECK(made.connect_limit == std::chrono::seconds(10));
  CHECK(made.time_limit == std::chrono::seconds(35));
  const auto seen = yookassa::get_payment(here, "a/b");
  CHECK(seen.method == "GET");
  CHECK(seen.url == "http://api/v3/payments/a%2Fb");
  CHECK(header(seen, "Idempotence-Key").empty());
  CHECK(yookassa::create_refund(here, "k", "{}").url == "http://api/v3/refunds");
  CHECK(yookassa::get_refund(here, "r").url == "http://api/v3/refunds/r");
  CHECK(yookassa::get_me(here).url == "http://api/v3/me");
  const auto first = yookassa::list_payments(here, 1'768'472'430'123, "");
  CHECK(first.url == "http://api/v3/payments?limit=100&created_at.gte=2026-01-15T10%3A20%3A30.123Z");
  CHECK(yookassa::list_payments(here, 0, "a b").url ==
        "http://api/v3/payments?limit=100&created_at.gte=1970-01-01T00%3A00%3A00.000Z&cursor=a%20b");
}

TEST_CASE("a refund's body names the payment and the part") {
  CHECK(json::parse(yookassa::refund_body("p", 100, "failed video")) ==
        json{{"payment_id", "p"},
             {"amount", {{"value", "1.00"}, {"currency", "RUB"}}},
             {"description", "failed video"}});
  CHECK_FALSE(json::parse(yookassa::refund_body("p", 100, "")).contains("description"));
  yookassa::receipt_settings r;
  r.enabled = true;
  const auto with = json::parse(yookassa::refund_body("p", 100, "part", r, "a@b.ru"));
  CHECK(with["receipt"]["items"][0]["amount"]["value"] == "1.00");
  CHECK(with["receipt"]["customer"]["email"] == "a@b.ru");
}

TEST_CASE("a payment is read in all its states") {
  auto fresh = payment("pending");
  fresh["confirmation"] = {{"type", "redirect"}, {"confirmation_url", "https://pay/1"}};
  const auto p = yookassa::read_payment(reply(fresh));
  CHECK(named(p.what) == "pending");
  CHECK(p.id == payment_id);
  CHECK(p.order_id == "72");
  CHECK(p.confirmation_url == "https://pay/1");
  CHECK(p.currency == "RUB");
  CHECK(p.kopecks == 49000);
  CHECK(p.test);
  CHECK(named(yookassa::read_payment(reply(payment("waiting_for_capture"))).what) == "waiting_for_capture");
  auto done = payment("succeeded");
  done["refunded_amount"] = {{"value", "1.00"}, {"currency", "RUB"}};
  const auto s = yookassa::read_payment(reply(done));
  CHECK(named(s.what) == "succeeded");
  CHECK(s.refunded_kopecks == 100);
  auto off = payment("canceled");
  off["cancellation_details"] = {{"party", "yoo_money"}, {"reason", "expired_on_confirmation"}};
  const auto c = yookassa::read_payment(reply(off));
  CHECK(named(c.what) == "canceled");
  CHECK(c.cancel_reason == "expired_on_confirmation");
}

TEST_CASE("what is not understood whole is never a success") {
  std::vector<json> broken(16, payment("succeeded"));
  broken[0].erase("id");
  broken[1]["id"] = "../../refunds";
  broken[2]["status"] = "something new";
  broken[3]["amount"]["value"] = "490";
  broken[4]["amount"]["value"] = 490.0;
  broken[5]["refunded_amount"] = {{"value", "x"}};
  broken[6].erase("paid");
  broken[7]["paid"] = false;
  broken[8]["paid"] = "true";
  broken[9]["amount"]["currency"] = "rub";
  broken[10]["amount"].erase("currency");
  broken[11]["amount"] = "490.00 RUB";
  broken[12]["refunded_amount"] = {{"value", "490.01"}, {"currency", "RUB"}};
  broken[13]["refunded_amount"] = {{"value", "1.00"}, {"currency", "USD"}};
  broken[14]["amount"]["value"] = "490,00";
  broken[15]["amount"]["value"] = "-490.00";
  broken.push_back(json::array({payment("succeeded")}));
  broken.push_back(error("invalid_request", "with HTTP 200"));
  for (const auto& b : broken) {
    INFO(b.dump());
    const auto s = yookassa::read_payment(reply(b));
    CHECK(named(s.what) == "not_understood");
    CHECK_FALSE(s.text.empty());
  }
  CHECK(named(yookassa::read_payment(raw("<html>")).what) == "not_understood");
  CHECK(named(yookassa::read_payment(raw("")).what) == "not_understood");
}

TEST_CASE("an error says whether something may have been done") {
  struct row {
    http_reply reply;
    result what;
  };
  const auto clash = [] {
    auto e = error("invalid_request", "Idempotence key duplicated");
    e["parameter"] = "Idempotence-Key";
    return e;
  }();
  const row rows[] = {
      {reply(error("invalid_request", "x"), 400), result::refused},
      {reply(clash, 400), result::unsure},
      {reply(error("invalid_credentials", "x"), 401), result::unauthorized},
      {reply(error("forbidden", "x"), 403), result::unauthorized},
      {reply(error("not_found", "x"), 404), result::not_found},
      {raw("", 405), result::refused},
      {raw("", 408), result::unsure},
      {raw("", 415), result::refused},
      {reply(error("too_many_requests", "x"), 429), result::too_many},
      {reply(error("internal_server_error", "x"), 500), result::unsure},
      {raw("<html>", 502), result::unsure},
      {reply(json{{"type", "processing"}, {"retry_after", 1800}}, 202), result::unsure},
      {reply(payment("succeeded"), 302), result::not_understood},
      {raw("<html>Forbidden</html>", 403), result::not_understood}, // a gateway's, not the keys'
      {raw("<html>Not found</html>", 404), result::not_understood},
      {raw("<html>", 200), result::not_understood},
      {no_reply(http_error::refused), result::unsure}, // an earlier try may have arrived
      {no_reply(http_error::lost), result::unsure},
      {no_reply(http_error::stopped), result::unsure},
      {no_reply(http_error::too_large), result::unsure}};
  for (const auto& r : rows) {
    INFO(r.reply.status << " " << r.reply.body);
    CHECK(named(yookassa::read_payment(r.reply).what) == named(r.what));
    CHECK(named(yookassa::read_refund(r.reply).what) == named(r.what));
    CHECK(named(yookassa::read_payments(r.reply).what) == named(r.what));
    CHECK(named(yookassa::read_me(r.reply).what) == named(r.what));
    CHECK_FALSE(yookassa::read_payment(r.reply).text.empty());
  }
}

TEST_CASE("a refusal names the field that is wrong, and whose it is to mend") {
  auto e = error("invalid_request", "Incorrect email");
  e["parameter"] = "receipt.customer.email";
  const auto mail = yookassa::read_payment(reply(e, 400));
  CHECK(named(mail.what) == "refused");
  CHECK(mail.of.code == "invalid_request");
  CHECK(mail.of.parameter == "receipt.customer.email");
  CHECK(mail.of.is_about_the_contact());
  e["parameter"] = "receipt.customer.phone";
  CHECK(yookassa::read_payment(reply(e, 400)).of.is_about_the_contact());
  e["parameter"] = "amount.value";
  const auto amount = yookassa::read_payment(reply(e, 400));
  CHECK(amount.of.parameter == "amount.value");
  CHECK_FALSE(amount.of.is_about_the_contact());
  CHECK_FALSE(yookassa::read_payment(reply(error("invalid_request", "x"), 400)).of.is_about_the_contact());
  const auto keys = yookassa::read_payment(reply(error("invalid_credentials", "x"), 401));
  CHECK(named(keys.what) == "unauthorized");
  CHECK(keys.of.code == "invalid_credentials");
  CHECK(yookassa::read_refund(reply(e, 400)).of.parameter == "amount.value");
}

TEST_CASE("how long to wait comes from the body, else from the header") {
  CHECK(yookassa::read_payment(reply(json{{"type", "processing"}, {"retry_after", 1800}}, 202))
            .retry_after_ms == 1800);
  auto busy = raw("", 429);
  CHECK(yookassa::read_payment(busy).retry_after_ms == 0);
  busy.headers = {{"retry-after", "7"}};
  CHECK(yookassa::read_payment(busy).retry_after_ms == 7000);
  busy.headers = {{"retry-after", "999999"}};
  CHECK(yookassa::read_payment(busy).retry_after_ms == 3'600'000);
  busy.headers = {{"retry-after", "Wed, 21 Oct"}};
  CHECK(yookassa::read_payment(busy).retry_after_ms == 0);
  CHECK(yookassa::read_payment(reply(json{{"retry_after", -5}}, 429)).retry_after_ms == 0);
}

TEST_CASE("what is said of an error holds no keys") {
  const auto text =
      yookassa::read_payment(
          reply(error("invalid_credentials", "key live_AbC-123_x, header Basic MTAwNTAw=, key test_z9"), 401))
          .text;
  CHECK(text == "HTTP 401: key ***, header ***, key ***");
  CHECK(yookassa::read_payment(raw("Authorization: Basic MTAwNTAw", 502)).text ==
        "HTTP 502, an answer that is no JSON: Authorization: ***");
}

TEST_CASE("a refund is read with its payment") {
  json r{{"id", "216749f7-0016-50be-b000-078d43a63ae4"},
         {"payment_id", payment_id},
         {"status", "succeeded"},
         {"amount", {{"value", "490.00"}, {"currency", "RUB"}}}};
  const auto done = yookassa::read_refund(reply(r));
  CHECK(named(done.what) == "succeeded");
  CHECK(done.payment_id == payment_id);
  CHECK(done.kopecks == 49000);
  r["status"] = "canceled";
  r["cancellation_details"] = {{"reason", "insufficient_funds"}};
  CHECK(yookassa::read_refund(reply(r)).cancel_reason == "insufficient_funds");
  r["status"] = "waiting_for_capture";
  CHECK(named(yookassa::read_refund(reply(r)).what) == "not_understood");
  r["status"] = "succeeded";
  r.erase("payment_id");
  CHECK(named(yookassa::read_refund(reply(r)).what) == "not_understood");
}

TEST_CASE("a list is read page by page") {
  const auto page = yookassa::read_payments(reply(
      json{{"type", "list"}, {"items", {payment("succeeded"), payment("strange")}}, {"next_cursor", "c2"}}));
  CHECK(named(page.what) == "succeeded");
  REQUIRE(page.items.size() == 2);
  CHECK(named(page.items[0].what) == "succeeded");
  CHECK(named(page.items[1].what) == "not_understood");
  CHECK(page.next_cursor == "c2");
  CHECK(yookassa::read_payments(reply(json{{"items", json::array()}})).next_cursor.empty());
  CHECK(named(yookassa::read_payments(reply(json{{"type", "list"}})).what) == "not_understood");
}

TEST_CASE("the shop tells about itself") {
  const auto me = yookassa::read_me(reply(json{{"account_id", "100500"},
                                               {"status", "enabled"},
                                               {"test", true},
                                               {"fiscalization", {{"enabled", true}}},
                                               {"payment_methods", {"bank_card", "sbp"}}}));
  CHECK(named(me.what) == "succeeded");
  CHECK(me.account_id == "100500");
  CHECK((me.enabled && me.test && me.receipts));
  CHECK(me.methods == std::vector<std::string>{"bank_card", "sbp"});
}

TEST_CASE("a notice names its object, and nonsense is none") {
  const auto notice = [](const json& j) { return yookassa::read_notice(j.dump()); };
  const auto n =
      notice({{"type", "notification"}, {"event", "payment.succeeded"}, {"object", payment("succeeded")}});
  REQUIRE(n);
  CHECK(n->event == "payment.succeeded");
  CHECK(n->object_id == payment_id);
  CHECK(n->payment_id.empty());
  const auto r = notice({{"type", "notification"},
                         {"event", "refund.succeeded"},
                         {"object", {{"id", "r-1"}, {"payment_id", payment_id}}}});
  REQUIRE(r);
  CHECK(r->object_id == "r-1");
  CHECK(r->payment_id == payment_id);
  CHECK_FALSE(notice({{"event", "payment.succeeded"}, {"object", {{"id", "a"}}}}));
  CHECK_FALSE(notice({{"type", "notification"}, {"object", {{"id", "a"}}}}));
  CHECK_FALSE(notice({{"type", "notification"}, {"event", "payment.succeeded"}, {"object", nullptr}}));
  CHECK_FALSE(
      notice({{"type", "notification"}, {"event", "payment.succeeded"}, {"object", {{"id", "../x?y"}}}}));
  CHECK_FALSE(yookassa::read_notice("nonsense"));
  CHECK_FALSE(yookassa::read_notice("null"));
}

TEST_CASE("only the published addresses are YooKassa's") {
  for (const char* ip :
       {"185.71.76.0", "185.71.76.31", "185.71.77.5", "77.75.153.0", "77.75.153.127", "77.75.156.11",
        "77.75.156.35", "77.75.154.128", "77.75.154.255", "2a02:5180::1",
        "2a02:5180:ffff::", "::ffff:185.71.76.1", "::FFFF:77.75.156.11", "::ffff:b947:4c01"}) {
    INFO(ip);
    CHECK(yookassa::is_yookassa_address(ip));
  }
  for (const char* ip :
       {"185.71.76.32", "185.71.75.255", "185.71.77.32", "77.75.153.128", "77.75.156.12", "77.75.156.34",
        "77.75.154.127", "77.75.155.0", "2a02:5181::1", "2a02:517f:ffff::", "::ffff:127.0.0.1", "127.0.0.1",
        "::1", "::185.71.76.1", "", "185.71.76", "185.71.76.1.", "185.71.76.01x", "x"}) {
    INFO(ip);
    CHECK_FALSE(yookassa::is_yookassa_address(ip));
  }
}
