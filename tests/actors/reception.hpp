#pragma once
/// People in front of real sessions, a real courier and a real book: what they say and press, and what stands
/// on their screens.
#include "tests/actors/fixture.hpp"
#include "tests/actors/person.hpp"
#include <map>
#include <nlohmann/json.hpp>

namespace troupe::test {

using nlohmann::json;

constexpr std::int64_t admin = 77, ben = 2002;

struct reception : stage {
  struct shown {
    std::int64_t message_id = 0;
    std::string text;
    std::vector<std::pair<std::string, std::string>> buttons; ///< label, data
  };
  courier_actor courier;
  router_actor router;
  analyst_actor analyst;
  std::map<std::int64_t, shown> screens; ///< the last of each chat
  std::map<std::int64_t, std::string> toasts;
  std::int64_t next_update = 1;

  reception() {
    auto s = *ctx->settings;
    s.opts.users.admin_ids = {admin};
    ctx->settings = std::make_shared<const config::settings>(std::move(s)); // the store's as well
    telegram->answer = [this](const http_request& r) { return hear(r); };
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    analyst = own(spawn_analyst(*sys, ctx, std::make_shared<storage::reader>(path()), false));
    restart_sessions();
    tell(ledger, ledger_listeners{courier, {}, {}});
    says(ben, "/start");
  }

  /// What sessions know beyond the book is forgotten.
  void restart_sessions() {
    if (router) caf::anon_send_exit(router, caf::exit_reason::kill);
    run();
    router = own(spawn_router(*sys, ctx, {ledger, reader, courier, {}, {}, {}, analyst}));
  }

  http_reply hear(const http_request& r) {
    const auto call = json::parse(r.body, nullptr, false);
    const auto is = [&](const char* method) { return has(r.url, method); };
    if (is("answerCallbackQuery")) toasts[pressing_] = call.value("text", "");
    if (!is("sendMessage") && !is("editMessageText")) return delivered();
    auto& s = screens[call.at("chat_id")];
    s = {is("sendMessage") ? next_message_id : call.at("message_id").get<std::int64_t>(),
         call.value("text", ""),
         {}};
    if (call.contains("reply_markup") && call["reply_markup"].contains("inline_keyboard"))
      for (auto& row : call["reply_markup"]["inline_keyboard"])
        for (auto& b : row) s.buttons.emplace_back(b.value("text", ""), b.value("callback_data", ""));
    return delivered();
  }

  static json person_json(std::int64_t id) {
    return {{"id", id},
            {"is_bot", false},
            {"first_name", id == admin ? "Ada" : "Ben"},
            {"username", id == admin ? "ada" : "ben"},
            {"language_code", "ru"}};
  }
  /// It is stored and brought; what comes of it takes time.
  void accept(std::int64_t who, json update) {
    const std::int64_t id = update["update_id"] = next_update++;
    ask<done>(router, ask<accepted_updates>(ledger, accept_updates{{{id, who, update.dump()}}, now()}));
  }
  void comes(std::int64_t who, json update) {
    accept(who, std::move(update));
    advance(5s);
  }
  void says(std::int64_t who, const std::string& text, json more = json::object()) {
    json m{{"message_id", next_update + 10'000},
           {"date", 1},
           {"text", text},
           {"chat", {{"id", who}, {"type", "private"}}},
           {"from", person_json(who)}};
    m.update(more);
    comes(who, {{"message", m}});
  }
  void presses_data(std::int64_t who, const std::string& data) {
    accept_press(who, data);
    advance(5s);
  }
  void accept_press(std::int64_t who, const std::string& data) {
    toasts.erase(who);
    pressing_ = who;
    accept(who,
           {{"callback_query",
             {{"id", "c" + std::to_string(next_update)},
              {"from", person_json(who)},
              {"data", data},
              {"message",
               {{"message_id", screens[who].message_id}, {"chat", {{"id", who}, {"type", "private"}}}}}}}});
  }
  std::string data_of(const std::string& label, std::int64_t who = admin) {
    for (auto& [text, data] : screens[who].buttons)
      if (has(text, label)) return data;
    return "";
  }
  bool offers(const std::string& label) { return !data_of(label).empty(); }
  void presses(const std::string& label) {
    INFO("button " << label << " on: " << screens[admin].text);
    REQUIRE(offers(label));
    presses_data(admin, data_of(label));
  }
  const std::string& screen(std::int64_t who = admin) { return screens[who].text; }
  std::int64_t balance_of(std::int64_t who) const { return db->load_account(who).balance; }

  template <class Facts, class Question> Facts ask_office(Question q) const {
    return std::get<Facts>(db->answer(office_question{q}));
  }
  std::int64_t order_of_ben(int count = 1) {
    order_request o;
    o.order_key = "o" + std::to_string(next_update), o.user_id = ben, o.at = now();
    const auto& m = ctx->settings->models.at(0);
    o.spec.model_id = m.id, o.spec.prompt = "a cat", o.spec.duration_s = m.durations_s.at(0);
    o.price = 2, o.count = count;
    const auto a = ask<order_answer>(ledger, o);
    REQUIRE(a.outcome == order_outcome::accepted);
    return a.order_id;
  }

private:
  std::int64_t pressing_ = 0;
};

} // namespace troupe::test
