/// From a photo to its card: presets, the user's own text, and the language model that writes the prompt.
#include "actors/dialogue.hpp"
#include "actors/dialogue_state.hpp"
#include "tests/actors/fixture.hpp"
#include "tests/actors/person.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

using namespace troupe;
using nlohmann::json;
using telegram::event;
using telegram::event_kind;
using test::has;

namespace {

enum class writer : std::uint8_t { off, writes, fails };

/// A user with photos in front of the rules; the writer is played.
struct photographer : test::person {
  config::settings set = config::load(TROUPE_SOURCE_DIR "/config", {});
  dialogue rules{set};
  writer mode;
  std::string written = "A cat dances on a roof.";
  account who;
  unix_ms now = 1'700'000'000'000;
  std::int64_t update = 100;
  event last;

  std::vector<outgoing> at_once; ///< while the writer writes
  std::optional<writing_request> asked;
  std::optional<order_request> order;
  std::string text;
  std::vector<std::vector<std::pair<std::string, std::string>>> rows;

  explicit photographer(writer w = writer::writes, const std::string& language = "ru") : mode{w} {
    if (w != writer::off) set.opts.prompt_writer.api_url = "http://llm/v1";
    who.user_id = 5, who.registered = true, who.balance = 10, who.language = language;
  }

  event make(event_kind kind) override {
    event e;
    e.kind = kind;
    e.update_id = update++;
    e.from = {5, "Аня", "", who.language};
    e.message_id = 900;
    return e;
  }

  void happens(const event& e) override {
    last = e;
    const auto before = who;
    asked.reset(), at_once.clear();
    auto d = rules.decide(e, who, {}, now);
    if (d.writing) {
      CHECK(d.state == before.state);
      asked = d.writing;
      at_once = d.messages;
      REQUIRE(at_once.size() == 1);
      now += 3'000;
      d = rules.written(e, who, {}, {mode == writer::writes ? written : ""}, now);
      REQUIRE_FALSE(d.writing);
    }
    who.state = d.state;
    order = d.order;
    if (order) {
      d = rules.ordered(e, who, {order_outcome::accepted, 77, who.balance, 0}, now);
      who.state = d.state;
    }
    sent = d.messages;
    check_answers(e);
    for (auto& m : sent)
      if (m.method != "answerCallbackQuery") read_screen(json::parse(m.params));
  }

  /// Each press is answered once, at once or with the turn.
  void check_answers(const event& e) {
    std::ptrdiff_t n = 0;
    for (auto* list : {&at_once, &sent})
      n += std::count_if(list->begin(), list->end(),
                         [](auto& m) { return m.method == "answerCallbackQuery"; });
    CHECK(n == (e.kind == event_kind::button ? 1 : 0));
  }

  void read_screen(const json& p) {
    text = p.at("text");
    rows.clear();
    if (!p.contains("reply_markup")) return;
    for (auto& row : p["reply_markup"]["inline_keyboard"]) {
      rows.emplace_back();
      for (auto& b : row) {
        rows.back().emplace_back(b["text"], b["callback_data"]);
        CHECK(rows.back().back().second.size() <= 64);
      }
    }
  }

  std::string data_of(const std::string& label) const override {
    for (auto& row : rows)
      for (auto& [l, data] : row)
        if (has(l, label)) return data;
    return "";
  }
  std::string toast() const {
    for (auto* list : {&at_once, &sent})
      for (auto& m : *list)
        if (m.method == "answerCallbackQuery") return json::parse(m.params).value("text", "");
    return "";
  }
  bool on_card() const { return has(text, "Проверьте запрос"); }
  bool picking() const { return !data_of("Оживи фото").empty(); }
  std::string prompt() const { return talk::read_memory(who.state).work->prompt; }
  std::string photo() const { return talk::read_memory(who.state).work->photo; }
  const config::preset& preset(const std::string& id) const {
    return *std::find_if(set.presets.begin(), set.presets.end(), [&](auto& p) { return p.id == id; });
  }
};

} // namespace

TEST_CASE("a photo alone brings the presets, two in a row, then the own text and the way back") {
  photographer p;
  p.shows("P1");
  CHECK(has(p.text, "Что с ним сделать?"));
  CHECK(p.photo() == "P1");
  REQUIRE(p.rows.size() >= 4);
  for (std::size_t i = 0; i + 3 < p.rows.size(); ++i) CHECK(p.rows[i].size() == 2);
  CHECK(p.rows[p.rows.size() - 2][0].first == "✏️ Свой текст");
  CHECK(p.rows.back().size() == 2);
  CHECK_FALSE(p.data_of("Главное меню").empty());
}

TEST_CASE("a preset is written out, shown on the card, and only then ordered") {
  photographer p;
  p.shows("P1");
  p.presses("Покрути товар");
  REQUIRE(p.asked);
  CHECK(p.asked->preset == p.preset("turn-360").prompt);
  CHECK(p.asked->words.empty());
  CHECK(p.asked->language == "ru");
  CHECK(p.toast() == "Пишу запрос…");
  CHECK(p.sent.back().method == "editMessageText");
  CHECK(p.on_card());
  CHECK(has(p.text, "A cat dances on a roof."));
  CHECK(has(p.text, "С вашим изображением"));
  CHECK_FALSE(has(p.text, "ℹ️"));
  p.presses("Запустить");
  REQUIRE(p.order);
  CHECK(p.order->spec.prompt == "A cat dances on a roof.");
  CHECK(p.order->spec.photo_file_id == "P1");
}

TEST_CASE("without a writer the preset itself is the prompt, and nothing is said about it") {
  photographer p{writer::off};
  p.shows("P1");
  p.presses("Приблизь камеру");
  CHECK_FALSE(p.asked);
  CHECK(p.on_card());
  CHECK(p.prompt() == p.preset("zoom-in").prompt);
  CHECK_FALSE(has(p.text, "ℹ️"));
  p.shows("P2", "мой <текст>");
  CHECK_FALSE(p.asked);
  CHECK(p.prompt() == "мой <текст>");
}

TEST_CASE("when the writer fails the preset serves, and the card says so") {
  photographer p{writer::fails};
  p.shows("P1");
  p.presses("Оживи фото");
  REQUIRE(p.asked);
  CHECK(p.on_card());
  CHECK(p.prompt() == p.preset("alive").prompt);
  CHECK(has(p.text, "ℹ️ Дополнить идею сейчас не получилось"));
  p.shows("P2", "пусть танцует");
  REQUIRE(p.asked);
  CHECK(p.prompt() == "пусть танцует");
  CHECK(has(p.text, "ℹ️ Дополнить ваш текст сейчас не получилось"));
  p.presses("Запустить");
  CHECK(p.order);
}

TEST_CASE("a prompt that the model would not take is as good as none") {
  photographer p;
  p.written = std::string(2001, 'x');
  p.shows("P1");
  p.presses("Оживи фото");
  CHECK(p.prompt() == p.preset("alive").prompt);
}

TEST_CASE("the own text of a photo goes through the writer, by caption, by button or just written") {
  photographer p;
  SECTION("caption") { p.shows("P1", "пусть танцует"); }
  SECTION("button") {
    p.shows("P1");
    p.presses("Свой текст");
    CHECK(has(p.text, "своими словами"));
    CHECK(p.sent.back().method == "editMessageText");
    p.says("пусть танцует");
  }
  SECTION("just written") {
    p.shows("P1");
    p.says("пусть танцует");
  }
  SECTION("after a look at the help and the balance") {
    p.shows("P1");
    p.types("help");
    p.types("balance");
    p.says("пусть танцует");
  }
  SECTION("text first") {
    p.presses_data("photo");
    p.says("пусть танцует");
    CHECK_FALSE(p.asked);
    p.shows("P1");
  }
  REQUIRE(p.asked);
  CHECK(p.asked->preset.empty());
  CHECK(p.asked->words == "пусть танцует");
  CHECK(p.at_once[0].method == "sendChatAction");
  CHECK(p.on_card());
  CHECK(p.prompt() == "A cat dances on a roof.");
  CHECK(p.photo() == "P1");
}

TEST_CASE("a text without a photo is never sent to the writer") {
  photographer p;
  p.says("кот");
  CHECK_FALSE(p.asked);
  CHECK(p.prompt() == "кот");
  p.presses_data("photo");
  p.says("пёс");
  p.presses("Пропустить");
  CHECK_FALSE(p.asked);
  CHECK(p.prompt() == "пёс");
}

TEST_CASE("a changed request is taken word for word") {
  photographer p;
  p.shows("P1", "пусть танцует");
  p.presses("Изменить запрос");
  SECTION("the text") {
    p.says("моими словами");
    CHECK(p.photo() == "P1");
  }
  SECTION("the text and the photo") {
    p.shows("P2", "моими словами");
    CHECK(p.photo() == "P2");
  }
  CHECK_FALSE(p.asked);
  CHECK(p.on_card());
  CHECK(p.prompt() == "моими словами");
}

TEST_CASE("a preset with a place for words asks for them, and can do without") {
  photographer p;
  p.shows("P1");
  p.presses("Сделай рекламу");
  CHECK_FALSE(p.asked);
  CHECK(has(p.text, "пару слов"));
  SECTION("words") {
    p.says("скидка 20%");
    REQUIRE(p.asked);
    CHECK(p.asked->words == "скидка 20%");
  }
  SECTION("none") {
    p.presses("Без пожеланий");
    REQUIRE(p.asked);
    CHECK(p.asked->words.empty());
    CHECK(p.toast() == "Пишу запрос…");
  }
  CHECK(p.asked->preset == p.preset("advert").prompt);
  CHECK(p.on_card());
  p.presses("Назад");
  CHECK(p.picking());
}

TEST_CASE("words stand in the preset's place when there is no writer") {
  photographer p{writer::off};
  p.shows("P1");
  p.presses("Сделай рекламу");
  p.says("{text} скидка");
  CHECK(has(p.prompt(), "Wishes of the advertiser: {text} скидка."));
  p.shows("P1");
  p.presses("Сделай рекламу");
  p.presses("Без пожеланий");
  CHECK(has(p.prompt(), "free choice"));
}

TEST_CASE("a second photo replaces the first, and its screen the first one's") {
  photographer p;
  p.shows("P1");
  const auto old = p.data_of("Оживи фото");
  p.shows("P2");
  CHECK(p.picking());
  CHECK(p.photo() == "P2");
  p.presses_data(old);
  CHECK(p.toast() == "Эта карточка устарела. Пришлите запрос ещё раз");
  CHECK_FALSE(p.asked);
  p.presses("Оживи фото");
  CHECK(p.on_card());
  CHECK(p.photo() == "P2");
  p.shows("P3"); // on a card too: another thing, another video
  CHECK(p.picking());
  p.presses("Свой текст");
  p.shows("P4"); // instead of the text
  CHECK(p.picking());
  CHECK(p.photo() == "P4");
}

TEST_CASE("of an album the first photo counts, and it is said once") {
  photographer p;
  auto first = p.make(event_kind::photo);
  first.photo_file_id = "P1", first.album = "A", first.text = "пусть танцует";
  p.happens(first);
  CHECK(p.on_card());
  auto second = p.make(event_kind::photo);
  second.photo_file_id = "P2", second.album = "A";
  p.happens(second);
  CHECK(has(p.text, "Из альбома я беру первое изображение"));
  CHECK(p.photo() == "P1");
  p.sent.clear();
  second.update_id = p.update++, second.photo_file_id = "P3";
  p.happens(second);
  CHECK(p.sent.empty());
  p.shows("P3");
  CHECK(p.picking());
  CHECK(p.photo() == "P3");
}

TEST_CASE("the card shows the whole text, however long the writer wrote") {
  photographer p;
  p.written = std::string(1500, 'x');
  p.shows("P1");
  p.presses("Оживи фото");
  CHECK(has(p.text, p.written));
}

TEST_CASE("a double tap on a preset writes one prompt") {
  photographer p;
  p.shows("P1");
  const auto data = p.data_of("Оживи фото");
  p.presses_data(data);
  const auto card = json::parse(p.who.state).at("draft");
  p.presses_data(data);
  CHECK_FALSE(p.asked);
  CHECK(p.toast() == "Запрос уже готов, он на карточке");
  CHECK(json::parse(p.who.state).at("draft") == card);
  p.presses("Запустить");
  CHECK(p.order);
}

TEST_CASE("back from a card are the presets, and the old card starts nothing") {
  photographer p;
  p.shows("P1");
  p.presses("Оживи фото");
  const auto run = p.data_of("Запустить");
  p.presses("Назад");
  CHECK(p.picking());
  p.presses_data(run);
  CHECK_FALSE(p.order);
  p.presses("Прокрути вверх");
  CHECK(p.on_card());
}

TEST_CASE("/cancel and the main menu forget the photo, what is pressed later says so") {
  photographer p;
  p.shows("P1");
  const auto preset = p.data_of("Оживи фото"), own = p.data_of("Свой текст");
  SECTION("cancel") { p.types("cancel"); }
  SECTION("home") { p.presses("Главное меню"); }
  CHECK_FALSE(talk::read_memory(p.who.state).work);
  p.presses_data(preset);
  CHECK(p.toast() == "Эта карточка устарела. Пришлите запрос ещё раз");
  p.presses_data(own);
  CHECK(p.toast() == "Эта карточка устарела. Пришлите запрос ещё раз");
  for (auto forged : {"p:1:99", "p:0:alive", "skip:0", "words:-1", "p:1", "pick"}) p.presses_data(forged);
  CHECK_FALSE(p.asked);
  p.says("кот");
  CHECK(p.photo().empty());
}

TEST_CASE("a forged number of a preset is outdated, not a crash") {
  photographer p;
  p.shows("P1");
  const auto id = std::to_string(talk::read_memory(p.who.state).work->id);
  p.presses_data("p:" + id + ":99");
  CHECK(p.toast() == "Эта карточка устарела. Пришлите запрос ещё раз");
  p.presses_data("skip:" + id);
  CHECK(p.toast() == "Эта карточка устарела. Пришлите запрос ещё раз");
  p.presses("Оживи фото");
  CHECK(p.on_card());
}

TEST_CASE("once more with the same product keeps the photo and brings the presets") {
  photographer p;
  p.shows("P1");
  p.presses("Оживи фото");
  p.presses("Запустить");
  p.presses_data("same");
  CHECK(has(p.text, "Изображение то же"));
  CHECK(p.picking());
  p.presses("Прокрути вверх");
  CHECK(p.on_card());
  CHECK(p.photo() == "P1");
}

TEST_CASE("the writer is asked no more often than videos may be started, then the preset serves") {
  photographer p;
  const auto limit = p.set.opts.users.costly_actions_per_minute;
  for (int i = 0; i < limit; ++i) {
    p.now += 2'100; // not so fast that nobody reads it
    p.shows("P", "текст");
    CHECK(p.asked.has_value() == (i < limit));
    p.now -= 3'000;
  }
  p.now += 2'100;
  p.shows("P", "текст");
  CHECK_FALSE(p.asked);
  CHECK(p.on_card());
  CHECK(has(p.text, "ℹ️"));
  p.now += 70'000;
  p.shows("P", "текст");
  CHECK(p.asked);
}

TEST_CASE("the same turn handled again after a crash asks the same and ends the same") {
  photographer p;
  p.shows("P1");
  auto before = p.who;
  p.presses("Оживи фото");
  const auto state = p.who.state;
  const auto again = p.rules.decide(p.last, before, {}, p.now);
  REQUIRE(again.writing);
  CHECK(again.writing->preset == p.preset("alive").prompt);
  CHECK(p.rules.written(p.last, before, {}, {p.written}, p.now).state == state);
}

TEST_CASE("with no presets a photo asks for its text, and the writer still helps") {
  photographer p;
  p.set.presets.clear();
  p.shows("P1");
  CHECK(has(p.text, "напишите, что должно происходить"));
  p.says("пусть танцует");
  REQUIRE(p.asked);
  CHECK(p.on_card());
  p.presses("Назад");
  CHECK(has(p.text, "напишите, что должно происходить"));
}

TEST_CASE("a preset that is gone since the words were asked for is no preset") {
  photographer p;
  p.shows("P1");
  p.presses("Сделай рекламу");
  p.set.presets.erase(p.set.presets.begin(), p.set.presets.end() - 1);
  p.says("скидка");
  REQUIRE(p.asked);
  CHECK(p.asked->preset.empty());
}

TEST_CASE("English speakers choose in English") {
  photographer p{writer::fails, "en"};
  p.shows("P1");
  CHECK(has(p.text, "What shall I do with it?"));
  p.presses("Zoom in");
  CHECK(p.asked->language == "en");
  CHECK(p.toast() == "Writing the prompt…");
  CHECK(has(p.text, "could not refine the idea"));
}

// -- The session and the pool ------------------------------------------------------------------------

namespace {

using namespace troupe::test;

http_reply completion(const std::string& text) {
  json message{{"role", "assistant"}, {"content", text}};
  return ok(json{{"choices", json::array({{{"message", message}, {"finish_reason", "stop"}}})}}.dump());
}

/// A session with a writer: what the provider's wire plays here.
struct writing_stage : stage {
  courier_actor courier;
  router_actor router;
  outside_ptr llm = provider;
  std::int64_t next_update = 100;

  writing_stage() {
    enrol(10);
    auto& set = const_cast<config::options&>(ctx->opts()).prompt_writer;
    set.api_url = "http://llm/v1", set.api_key = "sk-secret";
    llm->answer = [](const http_request&) { return completion("A cat dances on a roof."); };
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    tell(ledger, ledger_listeners{courier, {}, {}});
    router = next_router();
  }
  router_actor next_router() {
    return own(spawn_router(*sys, ctx, {ledger, reader, courier, {}, {}, provider_wire}));
  }
  static json from() { return {{"id", user}, {"first_name", "Ann"}, {"language_code", "en"}}; }
  static json chat() { return {{"id", user}, {"type", "private"}}; }

  void bring(json update) {
    update["update_id"] = next_update;
    auto stored = ask<accepted_updates>(ledger, accept_updates{{{next_update, user, update.dump()}}, now()});
    ++next_update;
    ask<done>(router, stored);
    advance(2s);
  }
  void shows(const std::string& photo, const std::string& caption = "") {
    json m{{"message_id", 10}, {"chat", chat()}, {"from", from()}};
    m["photo"] = json::array({{{"file_id", photo}, {"width", 900}, {"height", 900}}});
    if (!caption.empty()) m["caption"] = caption;
    bring({{"message", m}});
  }
  void presses(const std::string& data) {
    bring({{"callback_query",
            {{"id", "cb"},
             {"from", from()},
             {"data", data},
             {"message", {{"message_id", 500}, {"chat", chat()}}}}}});
  }
  void says(const std::string& text) {
    bring({{"message", {{"message_id", 11}, {"chat", chat()}, {"from", from()}, {"text", text}}}});
  }
  talk::memory memory() const { return talk::read_memory(db->load_account(user).state); }
  std::string prompt() const { return memory().work ? memory().work->prompt : ""; }
  std::string preset_button() const {
    return "p:" + std::to_string(memory().work->id) + ":" + ctx->settings->presets.at(1).id;
  }
  std::string preset() const { return ctx->settings->presets.at(1).prompt; }
};

} // namespace

TEST_CASE_METHOD(writing_stage, "a session asks the writer and stores the turn with its answer") {
  shows("P1");
  CHECK(memory().work->photo == "P1");
  presses(preset_button());
  REQUIRE(llm->log.size() == 1);
  CHECK(has(llm->log[0].line, "POST /v1/chat/completions"));
  CHECK(has(llm->log[0].line, "The photo comes to life"));
  CHECK(prompt() == "A cat dances on a roof.");
  CHECK(telegram->count("answerCallbackQuery") == 1);
  CHECK(telegram->count("Writing the prompt") == 1);
  CHECK(telegram->count("A cat dances on a roof.") == 1);
  CHECK(db->load_open_work().updates.empty());
}

TEST_CASE_METHOD(writing_stage, "while the writer writes the press is answered, and the next update waits") {
  shows("P1");
  llm->answer = [](const http_request&) { return std::nullopt; };
  presses(preset_button());
  CHECK(telegram->count("Writing the prompt") == 1);
  CHECK(prompt().empty());
  says("/cancel");
  CHECK(memory().work);
  CHECK(db->load_open_work().updates.size() == 2);
  release(provider_wire, completion("A dog.").body);
  advance(2s);
  CHECK_FALSE(memory().work);
  CHECK(telegram->count("A dog.") == 1);
  CHECK(db->load_open_work().updates.empty());
}

TEST_CASE_METHOD(writing_stage, "a writer that fails leaves the preset, whatever it answers") {
  const auto answer = GENERATE(0, 1, 2, 3);
  llm->answer = [=](const http_request&) -> std::optional<http_reply> {
    if (answer == 0) return broken(http_error::refused);
    if (answer == 1) return reply(401, R"({"error":{"code":"invalid_api_key","message":"sk-secret"}})");
    if (answer == 2) return ok("<html>");
    return completion(std::string(5000, 'x'));
  };
  shows("P1");
  presses(preset_button());
  CHECK(prompt() == preset());
  CHECK(telegram->count("could not refine the idea") == 1);
  CHECK(telegram->count("sk-secret") == 0);
}

TEST_CASE_METHOD(writing_stage,
                 "a writer that is too late leaves the preset, and its late answer changes nothing") {
  llm->answer = [](const http_request&) { return std::nullopt; };
  shows("P1", "let it dance");
  CHECK(telegram->count("sendChatAction") == 1);
  advance(17s);
  CHECK(prompt().empty());
  advance(4s);
  CHECK(prompt() == "let it dance");
  CHECK(telegram->count("could not refine your text") == 1);
  release(provider_wire, completion("A dog.").body);
  advance(2s);
  CHECK(prompt() == "let it dance");
  CHECK(telegram->count("A dog.") == 0);
}

TEST_CASE_METHOD(writing_stage, "while the disk is full the writer is asked once, not at each try") {
  shows("P1");
  int refusals = 3;
  const_cast<engine_context&>(*ctx).at_step = [&](durable_step step, bool committed) {
    if (step == durable_step::turn_stored && !committed && refusals-- > 0)
      throw std::runtime_error{"the disk is full"};
  };
  presses(preset_button());
  advance(60s);
  const_cast<engine_context&>(*ctx).at_step = nullptr;
  CHECK(refusals < 0);
  CHECK(llm->log.size() == 1);
  CHECK(prompt() == "A cat dances on a roof.");
}

TEST_CASE_METHOD(writing_stage, "a session that falls while the writer writes begins the update anew") {
  shows("P1");
  int asked = 0;
  llm->answer = [&](const http_request&) -> std::optional<http_reply> {
    if (++asked > 1) return completion("A dog.");
    caf::anon_send_exit(provider->asker, caf::exit_reason::unhandled_exception);
    return std::nullopt;
  };
  presses(preset_button());
  advance(5s);
  CHECK(asked == 2);
  CHECK(prompt() == "A dog.");
  CHECK(db->load_open_work().updates.empty());
}

TEST_CASE_METHOD(writing_stage,
                 "after a restart the photo is still there, and the open press is handled again") {
  shows("P1");
  llm->answer = [](const http_request&) { return std::nullopt; };
  presses(preset_button());
  CHECK(prompt().empty());
  caf::anon_send_exit(provider->asker, caf::exit_reason::kill); // the session, then all of its cast
  caf::anon_send_exit(router, caf::exit_reason::kill);
  run();
  auto open = db->load_open_work().updates;
  REQUIRE(open.size() == 1);
  CHECK(memory().work->photo == "P1");
  llm->answer = [](const http_request&) { return completion("A dog."); };
  router = next_router();
  ask<done>(router, accepted_updates{std::move(open)});
  advance(5s);
  CHECK(prompt() == "A dog.");
  CHECK(db->load_open_work().updates.empty());
}
