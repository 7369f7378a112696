#pragma once
/// Two programs over real HTTP and people who buy.
#include "storage/store.hpp"
#include "tests/whole/sandbox_stage.hpp"
#include <optional>

namespace troupe::test {

using nlohmann::json;
using std::chrono::seconds;

constexpr std::int64_t ann = 515151515, bob = 424242424;

/// A sandbox, an engine, and people who buy.
struct market : sandbox_stage {
  std::map<std::string, std::string> env;
  std::optional<process> shop;

  explicit market(std::map<std::string, std::string> more = {}) : sandbox_stage{0} {
    env = {{"YOOKASSA_API_URL", base},
           {"YOOKASSA_SHOP_ID", "100500"},
           {"YOOKASSA_SECRET_KEY", "test_sandbox"},
           {"TROUPE_YOOKASSA_CHECK_SENDER", "false"},
           {"TROUPE_YOOKASSA_CHECK_EVERY_S", "2"},
           {"TROUPE_USERS_FOUNDER_CREDITS", "0"},
           {"TROUPE_TELEGRAM_CHAT_MESSAGES_PER_SECOND", "50"},
           {"TROUPE_TELEGRAM_CHAT_BURST_MESSAGES", "50"}};
    for (auto& [name, value] : more) env[name] = value;
    post("/sandbox/yookassa",
         {{"notice_url", "http://127.0.0.1:" + std::to_string(web) + "/yookassa/webhook"}});
    start();
  }
  void start() {
    shop.emplace(engine(env));
    REQUIRE(within(seconds{20}, [&] { return web_call("GET", "/health").status != 0; }));
  }
  void kill() { shop->end(SIGKILL), shop.reset(); }
  void restart() { kill(), start(); }

  http_reply web_call(const std::string& method, const std::string& path, const std::string& body = "",
                      http_fields headers = {}) {
    http_request r;
    r.method = method, r.body = body, r.headers = std::move(headers);
    r.url = "http://127.0.0.1:" + std::to_string(web) + path;
    r.time_limit = seconds{20};
    return http->send(r);
  }

  // -- people --
  int count(std::int64_t user, const std::string& words) {
    int n = 0;
    for (auto& m : chat(user)) n += m.value("text", "").find(words) != std::string::npos;
    return n;
  }
  bool sees(std::int64_t user, const std::string& words) {
    return within(seconds{15}, [&] { return count(user, words) > 0; });
  }
  bool presses(std::int64_t user, const std::string& data) {
    return within(seconds{15}, [&] { return press(user, data); });
  }
  std::int64_t invoice(std::int64_t user) {
    std::int64_t id = 0;
    within(seconds{15}, [&] {
      for (auto& m : chat(user))
        if (m.contains("invoice")) id = m["message_id"];
      return id != 0;
    });
    return id;
  }
  json pay(std::int64_t user, std::int64_t message_id) { return pay(user, message_id, *http); }
  /// On a machine with much to do the bot may miss Telegram's ten seconds; a person tries again.
  bool surely_pays(std::int64_t user, std::int64_t message_id) {
    for (int i = 0; i < 5; ++i)
      if (pay(user, message_id).value("state", "") == "paid") return true;
    return false;
  }
  json pay(std::int64_t user, std::int64_t message_id, transport& line) {
    http_request r;
    r.method = "POST", r.url = base + "/sandbox/pay", r.time_limit = seconds{20}; // the app waits ten
    r.body = json{{"user_id", user}, {"message_id", message_id}}.dump();
    return json::parse(line.send(r).body, nullptr, false);
  }
  /// To the screen with the packages.
  void goes_shopping(std::int64_t user, const std::string& method) {
    say(user, "/buy");
    REQUIRE(presses(user, "ways:" + method));
    const auto packages = [&] { return !find(user, "take:" + method + ":", ":10").empty(); };
    REQUIRE(within(seconds{15}, [&] { return packages() || press(user, "terms:" + method); }));
    REQUIRE(within(seconds{15}, packages));
  }
  std::int64_t orders_stars(std::int64_t user, const std::string& credits = "10") {
    goes_shopping(user, "s");
    REQUIRE(presses_package(user, "s", credits));
    const auto id = invoice(user);
    REQUIRE(id != 0);
    return id;
  }
  /// The data of a package holds the screen's id: found by its last number.
  bool presses_package(std::int64_t user, const std::string& method, const std::string& credits) {
    return within(seconds{15}, [&] {
      const auto data = find(user, "take:" + method + ":", ":" + credits);
      return !data.empty() && press(user, data);
    });
  }
  std::string find(std::int64_t user, const std::string& begins, const std::string& ends) {
    std::string found;
    for (auto& m : chat(user))
      for (auto& row : m.value("reply_markup", json::object()).value("inline_keyboard", json::array()))
        for (auto& b : row) {
          const auto data = b.value("callback_data", "");
          if (data.rfind(begins, 0) == 0 && data.size() > ends.size() &&
              data.compare(data.size() - ends.size(), ends.size(), ends) == 0)
            found = data;
        }
    return found;
  }
  /// @returns the payment's id at the shop.
  std::string orders_by_card(std::int64_t user, const std::string& credits = "10") {
    const auto before = shop_payments().size();
    goes_shopping(user, "c");
    REQUIRE(presses_package(user, "c", credits));
    REQUIRE(presses(user, "pay:1:"));
    REQUIRE(within(seconds{20}, [&] { return shop_payments().size() > before; }));
    REQUIRE(within(seconds{20}, [&] { return !payment_of(user).url.empty(); }));
    return payment_of(user).outside_id;
  }
  json shop_payments() { return get("/sandbox/yookassa").value("payments", json::array()); }
  void pays_page(const std::string& id, const std::string& action = "bank_card") {
    http_request r;
    r.method = "POST", r.url = base + "/yookassa/pay/" + id,
    r.content_type = "application/x-www-form-urlencoded";
    r.body = "action=" + action;
    http->send(r);
  }
  void faults(const json& f) { REQUIRE_FALSE(post("/sandbox/yookassa", f).is_null()); }

  // -- the books --
  storage::reader book() const { return storage::reader{database()}; }
  std::int64_t balance(std::int64_t user) const { return book().load_account(user).balance; }
  bool has(std::int64_t user, std::int64_t credits) {
    return within(seconds{15}, [&] { return balance(user) == credits; });
  }
  payment payment_of(std::int64_t user) const {
    auto all = book().payments_of(user, 0, 1);
    return all.empty() ? payment{} : all.front();
  }
  void in_order() {
    auto faults = book().audit().faults;
    CHECK(faults == std::vector<std::string>{});
  }
};

} // namespace troupe::test
