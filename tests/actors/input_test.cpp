/// What people send: it is checked before a price is shown, none of it is lost, and each kind has its answer.
#include "actors/dialogue_words.hpp"
#include "tests/actors/chat.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

talk::memory memory_of(const chat& c) { return talk::read_memory(c.who.state); }
const talk::draft& draft_of(const chat& c) {
  static talk::draft d;
  d = memory_of(c).work.value();
  return d;
}
bool on_card(const chat& c) { return has(c.text(), "Проверьте запрос"); }

} // namespace

// -- Texts --

TEST_CASE("a text that nobody can see is no text, emoji alone are one") {
  for (auto text : {"\u200b\u200b\u200d", "\u2060\ufeff\u00ad", "\u202e\u2066\u2069\u200f",
                    "\u0301\u0300\u20dd", " \u00a0\u3000\u2003\n", "\u3164\u115f\uffa0", "\u2800", "\ufe0f",
                    "\U000E0020\U000E007F", "\u0085"}) {
    chat c;
    c.says(text);
    INFO(c.text());
    CHECK(has(c.text(), "ни одного видимого знака"));
    CHECK_FALSE(memory_of(c).work);
  }
  for (auto text : {"🐈", "👩‍👩‍👧", "é", "e\u0301", "。", "1"}) {
    chat c;
    c.says(text);
    CHECK(on_card(c));
    CHECK(draft_of(c).prompt == text);
  }
}

TEST_CASE("a text that is too long hears how long it is and what the limit is") {
  chat c;
  std::string text;
  for (int i = 0; i < 2500; ++i) text += "я";
  c.says(text);
  CHECK(has(c.text(), "2500 знаков"));
  CHECK(has(c.text(), "не больше 2000"));
  c.says("короче");
  CHECK(draft_of(c).prompt == "короче");
}

TEST_CASE("a text that Telegram has cut in two is judged as one") {
  chat c;
  for (auto& m : c.models) m.prompt_chars_max = 5000;
  const std::string first(4096, 'a');
  c.says(first);
  CHECK(on_card(c));
  c.now += 2'000;
  SECTION("it fits") {
    c.says("bcd");
    CHECK(draft_of(c).prompt == first + "bcd");
    CHECK(on_card(c));
    c.now += 60'000;
    c.says("another wish"); // later it is a new one
    CHECK(draft_of(c).prompt == "another wish");
  }
  SECTION("together they are too long") {
    c.says(std::string(1500, 'b'));
    CHECK(has(c.text(), "5596 знаков"));
    CHECK_FALSE(c.offers("Запустить"));
  }
}

TEST_CASE("the second part of a text that is too long is no request of its own") {
  chat c;
  std::string first;
  for (int i = 0; i < 820; ++i) first += "слово ";
  REQUIRE(words::code_points(first) > words::cut_from_units);
  c.says(first.substr(0, first.size() - 1));
  CHECK(has(c.text(), "4919 знаков"));
  c.now += 1'000;
  c.says("конец");
  CHECK(has(c.text(), "4924 знака,"));
  CHECK_FALSE(c.offers("Запустить"));
  c.now += 60'000;
  c.says("конец");
  CHECK(on_card(c));
}

TEST_CASE("words behind a command are kept") {
  chat c;
  c.types("generate", "кот на луне");
  CHECK(on_card(c));
  CHECK(draft_of(c).prompt == "кот на луне");
  c.types("generate", "\u200b");
  CHECK(c.offers("Видео из текста"));
  auto e = c.photo_of("P1", 1280, 720, "/generate@bot пусть танцует");
  c.happens(e);
  CHECK(draft_of(c).prompt == "пусть танцует");
}

TEST_CASE("the words of a request can be edited where they stand, while its card is open") {
  chat c;
  auto e = c.make(event_kind::text);
  e.text = "кот", e.message_id = 42;
  c.happens(e);
  const auto slot = c.sent.back().slot;
  CHECK_FALSE(slot.empty());
  const auto old_run = c.data_of("Запустить");
  c.edits(42, "пёс");
  CHECK(c.sent.back().slot == slot); // the same message shows it
  CHECK(has(c.text(), "пёс"));
  c.presses_data(old_run);
  CHECK_FALSE(c.order);
  c.edits(42, "пёс"); // only its preview has changed
  CHECK(c.sent.empty());
  c.edits(41, "что-то другое");
  CHECK(c.sent.empty());
  c.edits(42, "\u200b");
  CHECK(c.sent.empty());
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.prompt == "пёс");
  c.edits(42, "слон"); // it is ordered: nothing changes any more
  CHECK(c.sent.empty());
}

TEST_CASE("a text that was too long can be made shorter by an edit") {
  chat c;
  auto e = c.make(event_kind::text);
  e.text = std::string(2500, 'x'), e.message_id = 42;
  c.happens(e);
  CHECK(has(c.text(), "слишком длинный"));
  c.edits(42, "короче");
  CHECK(on_card(c));
}

TEST_CASE("edited words count whatever is on the screen, and leave an open question open") {
  for (std::string way : {"balance", "history", "help", "feedback", "buy", "edit", "amount"}) {
    INFO(way);
    chat c;
    auto e = c.make(event_kind::text);
    e.text = "кот", e.message_id = 42;
    c.happens(e);
    const auto slot = c.sent.back().slot, old_run = c.data_of("Запустить");
    if (way == "edit") c.presses("Изменить запрос");
    else if (way == "amount") c.types("buy"), c.presses_data("terms:s"), c.presses("Другое количество");
    else c.types(way);
    const auto screen = memory_of(c).screen;
    c.edits(42, "пёс");
    REQUIRE_FALSE(c.sent.empty());
    CHECK(c.sent.back().slot == slot);
    CHECK(has(c.text(), "пёс"));
    const bool asks = way == "feedback" || way == "buy" || way == "amount";
    CHECK(memory_of(c).screen == (asks ? screen : "card"));
    const auto new_run = c.data_of("Запустить");
    c.presses_data(old_run);
    CHECK_FALSE(c.order);
    CHECK(has(c.toast(), "устарела"));
    c.presses_data(new_run);
    REQUIRE(c.order);
    CHECK(c.order->spec.prompt == "пёс");
  }
}

TEST_CASE("a request in hand waits while its author writes to people") {
  chat c;
  c.set.opts.users.admin_ids = {5};
  c.says("кот");
  const auto run = c.data_of("Запустить");
  c.presses_data("feedback");
  c.says("Почему так дорого?");
  CHECK_FALSE(c.offers("Запустить"));
  c.presses_data(run);
  REQUIRE(c.order);
  CHECK(c.order->spec.prompt == "кот");
}

TEST_CASE("only what is a command of ours is no words of the request") {
  for (std::string text : {"/ кот на луне", "/imagine кот танцует", "/кот"}) {
    INFO(text);
    chat c;
    c.says(text);
    CHECK(draft_of(c).prompt == text);
    c.happens(c.photo_of("P1", 1280, 720, text));
    CHECK(draft_of(c).prompt == text);
  }
  for (std::string text : {"/buy", "/start@bot gen"}) {
    INFO(text);
    chat c;
    c.happens(c.photo_of("P1", 1280, 720, text));
    CHECK(draft_of(c).photo == "P1");
    CHECK(draft_of(c).prompt.empty());
  }
  chat c;
  c.says("/");
  CHECK(has(c.text(), "Такой команды я не знаю"));
  auto e = c.photo_of("P1", 1280, 720, "/Generate@bot пусть танцует");
  c.happens(e);
  CHECK(draft_of(c).prompt == "пусть танцует");
}

TEST_CASE("a film with /feedback in its caption is a letter, with a longer word it is not") {
  chat c;
  c.set.opts.users.admin_ids = {5};
  auto e = c.make(event_kind::other_media);
  e.media = e.file_kind = "video", e.file_id = "V", e.text = "/feedback не работает";
  c.happens(e);
  CHECK(c.method("copyMessage"));
  e.update_id = c.update++;
  e.text = "/feedbacks";
  c.happens(e);
  CHECK_FALSE(c.method("copyMessage"));
  CHECK(has(c.text(), "Из видео я видео не делаю"));
}

TEST_CASE("a letter is passed on whatever it is, and what cannot be is told at once") {
  for (auto media : {"contact", "location", "venue", "poll", "dice", "story", "sticker"}) {
    INFO(media);
    chat c;
    c.set.opts.users.admin_ids = {5};
    c.types("feedback");
    auto e = c.make(event_kind::other_media);
    e.media = media;
    if (e.media == "sticker") e.file_kind = media, e.file_id = "S";
    c.happens(e);
    CHECK(has(c.text(), "Передаём"));
    CHECK(c.method("copyMessage"));
  }
  for (auto media : {"paid_media", "giveaway", "gift", "unknown"}) {
    INFO(media);
    chat c;
    c.set.opts.users.admin_ids = {5};
    c.types("feedback");
    auto e = c.make(event_kind::other_media);
    e.media = media, e.text = "смотрите";
    c.happens(e);
    CHECK(c.sent.size() == 1); // nothing goes to the office
    CHECK(has(c.text(), "не даёт передать"));
    c.says("словами"); // it still waits
    CHECK(has(c.sent.back().params, "словами"));
    CHECK_FALSE(memory_of(c).work);
  }
}

// -- Pictures --

TEST_CASE("a file of 21 MB is refused before anything is fetched, and the limit is named") {
  chat c;
  c.sends_file("F1", "пусть танцует", 22'020'096);
  CHECK_FALSE(c.asked_to_look);
  CHECK(has(c.text(), "23 МБ"));
  CHECK(has(c.text(), "до 20 МБ"));
  CHECK(has(c.text(), "Ваш текст я сохранил"));
  CHECK_FALSE(c.offers("Запустить"));
  c.shows("P1");
  CHECK(draft_of(c).prompt == "пусть танцует");
  CHECK(draft_of(c).photo == "P1");
}

TEST_CASE("a picture sent as a file is looked at before its card, and told what is wrong with it") {
  struct {
    picture_facts seen;
    const char* words;
  } cases[] = {{{picture_state::heic, "heic", 0, 0, ""}, "HEIC"},
               {{picture_state::vector, "svg", 0, 0, ""}, "SVG"},
               {{picture_state::moving, "webp", 0, 0, ""}, "Анимированный WebP"},
               {{picture_state::no_picture, "", 0, 0, ""}, "нет изображения"},
               {{picture_state::no_picture, "tiff", 0, 0, ""}, "TIFF"},
               {{picture_state::huge, "png", 12'000, 9'000, ""}, "12000×9000"},
               {{picture_state::heavy, "", 0, 0, ""}, "20 МБ"},
               {{picture_state::gone, "", 0, 0, ""}, "ещё раз"},
               {{picture_state::not_looked_at, "", 0, 0, ""}, "через минуту"},
               {{picture_state::good, "png", 200, 150, ""}, "200×150"}};
  for (auto& one : cases) {
    INFO(one.words);
    chat c;
    c.picture = one.seen;
    c.sends_file("F1");
    REQUIRE(c.asked_to_look);
    CHECK(c.asked_to_look->file_id == "F1");
    CHECK(has(c.text(), one.words));
    CHECK_FALSE(memory_of(c).work.value_or(talk::draft{}).photo == "F1");
  }
  chat good;
  good.picture = {picture_state::good, "tiff", 720, 1280, ""};
  good.sends_file("F1", "пусть танцует");
  CHECK(on_card(good));
  CHECK(draft_of(good).photo == "F1");
  CHECK(draft_of(good).aspect == "9:16");
}

TEST_CASE("a bad picture leaves the card as it stands") {
  chat c;
  c.shows("P1", "кот");
  const auto run = c.data_of("Запустить");
  c.picture = {picture_state::heic, "heic", 0, 0, ""};
  c.sends_file("F1");
  CHECK(has(c.text(), "остался прежним"));
  c.presses_data(run);
  REQUIRE(c.order);
  CHECK(c.order->spec.photo_file_id == "P1");
}

TEST_CASE("a photo smaller than the models take is refused with both numbers, one for some goes to those") {
  chat c;
  c.happens(c.photo_of("P1", 200, 150, "кот"));
  CHECK_FALSE(c.asked_to_look); // Telegram says its size
  CHECK(has(c.text(), "200×150"));
  CHECK(has(c.text(), "не меньше 300"));
  c.models[0].photo_side_px_min = 500;
  c.happens(c.photo_of("P2", 400, 400, "кот"));
  CHECK(on_card(c));
  CHECK_FALSE(c.offers("🎛 Модель: Veo 3 Fast"));
  c.presses("🎛 Модель");
  CHECK_FALSE(c.offers("Veo 3 Fast"));
}

TEST_CASE("a photo's own format is offered first") {
  for (auto [w, h, aspect] : {std::tuple{720, 1280, "9:16"}, {1280, 720, "16:9"}, {960, 1280, "9:16"}}) {
    chat c;
    c.happens(c.photo_of("P1", w, h, "кот"));
    CHECK(c.offers("✓ " + std::string{aspect}));
  }
}

TEST_CASE("of an album the words count wherever they stand, and the other pictures are spoken of once") {
  chat c;
  c.happens(c.photo_of("P1", 1280, 720, "", "A"));
  CHECK(has(c.text(), "напишите"));
  c.happens(c.photo_of("P2", 1280, 720, "пусть танцует", "A"));
  CHECK(on_card(c));
  CHECK(has(c.text(), "взято первое изображение"));
  CHECK(draft_of(c).photo == "P1");
  CHECK(draft_of(c).prompt == "пусть танцует");
  c.may_be_silent = true;
  c.happens(c.photo_of("P3", 1280, 720, "", "A"));
  CHECK(c.sent.empty());
}

TEST_CASE("when an album's first picture is of no use the next one is taken") {
  chat c;
  c.happens(c.photo_of("P1", 100, 100, "кот", "A"));
  CHECK(has(c.text(), "100×100"));
  c.happens(c.photo_of("P2", 1280, 720, "", "A"));
  CHECK(on_card(c));
  CHECK(draft_of(c).photo == "P2");
  CHECK(draft_of(c).prompt == "кот");
}

TEST_CASE("a photo that stays is seen on the card, and can be dropped") {
  chat c;
  c.shows("P1", "кот");
  c.says("пёс");
  CHECK(has(c.text(), "Изображение прежнее"));
  c.presses("Без фото");
  CHECK(on_card(c));
  CHECK_FALSE(has(c.text(), "С вашим изображением"));
  CHECK_FALSE(c.offers("Без фото"));
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.photo_file_id.empty());
  CHECK(c.order->spec.prompt == "пёс");
}

TEST_CASE("a model for photos gives way, with a word, when the photo is dropped") {
  chat c;
  c.types("generate");
  c.presses("Kling 2.1");
  c.shows("P1", "кот");
  c.presses("Без фото");
  CHECK(has(c.text(), "Модель Kling 2.1 такой запрос не принимает"));
  CHECK(c.offers("🎛 Модель: Veo 3 Fast"));
}

// -- Everything else that a person sends --

TEST_CASE("each kind of message gets an answer that fits it, in both languages") {
  for (auto language : {"ru", "en"})
    for (auto kind : {"sticker",    "voice",        "video",
                      "video_note", "audio",        "animation",
                      "document",   "story",        "contact",
                      "location",   "venue",        "poll",
                      "dice",       "game",         "checklist",
                      "paid_media", "giveaway",     "giveaway_winners",
                      "gift",       "unique_gift",  "gift_upgrade_sent",
                      "unknown",    "something new"}) {
      INFO(kind);
      chat c{10, language};
      c.sends_media(kind);
      CHECK(c.sent.size() == 1);
    }
  chat c;
  c.sends_media("paid_media");
  CHECK(has(c.text(), "Платные"));
  c.sends_media("unknown");
  CHECK(has(c.text(), "работать не умею"));
}

TEST_CASE("a press under an inline message or in a group is answered, and changes nothing") {
  chat c;
  c.says("кот");
  for (const std::int64_t where : {-1LL, -100200LL}) {
    auto e = c.press_event(c.data_of("Запустить"));
    e.group_id = where;
    const auto state = c.who.state;
    const auto d = c.d.decide(e, c.who, {}, c.now);
    REQUIRE(d.messages.size() == 1);
    CHECK(d.messages[0].method == "answerCallbackQuery");
    CHECK(has(d.messages[0].params, "личном чате"));
    CHECK_FALSE(d.order);
    CHECK(d.state == state);
  }
}

TEST_CASE("an invitation to write leads to people, never to a price") {
  chat c;
  c.set.opts.users.admin_ids = {5};
  c.types("paysupport");
  CHECK(has(c.text(), "Поможем"));
  c.says("Заплатила вчера, кредитов нет");
  CHECK(c.sent.size() >= 2); // to the user, and to the office
  CHECK_FALSE(c.offers("Запустить"));
  CHECK_FALSE(memory_of(c).work);
}

TEST_CASE("words behind /feedback and /paysupport are the letter, and so is all that belongs to it") {
  chat c;
  c.set.opts.users.admin_ids = {5};
  c.types("feedback", "не пришло видео");
  CHECK(has(c.sent.back().params, "не пришло видео"));
  CHECK_FALSE(memory_of(c).work);
  c.types("feedback");
  c.happens(c.photo_of("P1", 1280, 720, "вот", "A"));
  CHECK(c.method("copyMessage"));
  c.happens(c.photo_of("P2", 1280, 720, "", "A"));
  CHECK(c.method("copyMessage"));
  CHECK_FALSE(memory_of(c).work); // no request out of an album's rest
  c.types("feedback");
  c.says(std::string(4096, 'a'));
  c.now += 1'000;
  c.says("and its end");
  CHECK(has(c.sent.back().params, "and its end"));
  CHECK_FALSE(memory_of(c).work);
}

// -- What is said of models, prices and numbers --

TEST_CASE("a menu names the least a model costs, the choice of models what the card will show") {
  chat c;
  c.types("generate");
  CHECK(c.offers("Veo 3 Fast · 1 кредит"));
  CHECK(c.offers("Kling 2.6 · от 1 кредита"));
  CHECK(c.offers("Kling 3.0 · от 2 кредитов"));
  c.says("кот");
  c.presses("🎛 Модель");
  for (auto& m : c.models) {
    const auto label = m.title.at("ru") + " · ";
    if (!c.offers(label)) continue;
    std::string price;
    for (auto& [text, data] : c.last_buttons)
      if (has(text, label)) price = text.substr(text.find(label) + label.size());
    c.presses(label);
    INFO(label);
    CHECK(has(c.text(), "Цена: <b>" + price + "</b>"));
    c.presses("🎛 Модель");
  }
}

TEST_CASE("lengths stand in order, whatever the file's first is") {
  chat c;
  c.says("кот");
  std::vector<std::string> lengths;
  for (auto& [label, data] : c.last_buttons)
    if (data.rfind("d:", 0) == 0) lengths.push_back(label);
  CHECK(lengths == std::vector<std::string>{"4 с", "6 с", "✓ 8 с"});
}

TEST_CASE("a paused model is not on the card, and one paused meanwhile is named and others offered at once") {
  chat c;
  c.facts.sales.paused = {"veo-3-fast"};
  c.says("кот");
  CHECK(c.offers("🎛 Модель: Veo 3 Quality"));
  c.presses("🎛 Модель");
  CHECK_FALSE(c.offers("Veo 3 Fast"));
  c.presses("Veo 3 Lite");
  c.facts.sales.paused = {"veo-lite"};
  c.answer = {order_outcome::closed, 0, 10, 0};
  c.presses("Запустить");
  CHECK(has(c.text(), "Модель Veo 3 Lite сейчас недоступна"));
  CHECK_FALSE(has(c.text(), "видео не принимаются"));
  CHECK_FALSE(c.offers("Veo 3 Lite"));
  c.presses("Veo 3 Fast");
  CHECK(c.offers("🎛 Модель: Veo 3 Fast"));
  c.answer = {order_outcome::accepted, 77, 9, 0};
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.prompt == "кот");
}

TEST_CASE("while nothing is sold a text leads to no run button, and is kept for later") {
  for (int i = 0; i < 5; ++i) {
    INFO(i);
    chat c;
    auto& sales = c.facts.sales;
    if (i == 0) sales.maintenance = "Вернёмся в <полдень>";
    if (i == 1) sales.stopped = sales.closed = true; // the administrator's word is the reason
    if (i == 2) sales.full = true;
    if (i == 3) sales.closed = true;
    if (i == 4)
      for (auto& m : c.models) sales.paused.insert(m.id);
    const char* why = i == 0             ? "Вернёмся в &lt;полдень&gt;"
                      : i == 1 || i == 4 ? "Новые видео сейчас приостановлены"
                                         : "новые видео не принимаются: сервис генерации";
    c.types("generate");
    CHECK(has(c.text(), why));
    CHECK_FALSE(has(c.text(), "остальные работают"));
    c.says("кот");
    CHECK(has(c.text(), why));
    CHECK(has(c.text(), "Запрос сохранён"));
    CHECK_FALSE(c.offers("Запустить"));
    c.facts.sales = {};
    c.presses("Проверить ещё раз");
    c.presses("Запустить");
    REQUIRE(c.order);
    CHECK(c.order->spec.prompt == "кот");
  }
}

TEST_CASE("too many videos: said is how many run and how many more there is room for") {
  chat c;
  c.answer = {order_outcome::too_many_jobs, 0, 10, 0};
  c.who.open_jobs = 1;
  c.says("кот");
  c.presses("5 видео");
  c.presses("Запустить");
  CHECK(has(c.text(), "в работе: 1, одновременно можно 5"));
  CHECK(has(c.text(), "ещё 4 видео"));
  CHECK(has(c.toast(), "Поместится ещё 4 видео"));
  c.who.open_jobs = 5;
  c.presses("Запустить");
  CHECK(has(c.text(), "Дождитесь одного из них"));
  CHECK(has(c.toast(), "Больше пока не поместится"));
}

TEST_CASE("/cancel says what it did, and where running videos are") {
  chat c;
  c.types("cancel");
  CHECK(has(c.text(), "отменять нечего"));
  c.who.open_jobs = 2;
  c.types("cancel");
  CHECK(has(c.text(), "2 видео"));
  CHECK(c.offers("Что в работе"));
  c.types("feedback");
  c.types("cancel");
  CHECK(has(c.text(), "Отменено"));
  c.says("кот");
  CHECK(on_card(c)); // no letter any more
}

TEST_CASE("a request that a model could not do goes to another one as it is") {
  chat c;
  auto j = finished_job(7);
  j.spec.photo_file_id = "P7", j.spec.model_id = "kling-2-1";
  c.facts.jobs = {j};
  c.presses_data("other:7");
  CHECK(has(c.text(), "Какой моделью"));
  c.presses("Veo 3 Fast");
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.photo_file_id == "P7");
  CHECK(c.order->spec.prompt == "кот & пёс");
  CHECK(c.order->spec.model_id == "veo-3-fast");
}

TEST_CASE("what is made once more opens as it was, in the photo's own format") {
  chat c;
  c.happens(c.photo_of("P7", 720, 1280, "кот"));
  CHECK(c.offers("✓ 9:16"));
  c.presses("Запустить");
  REQUIRE(c.order);
  SECTION("with the same photo") {
    c.presses_data("same");
    c.says("пёс");
    CHECK(c.offers("✓ 9:16"));
    CHECK(draft_of(c).photo_height == 1280);
  }
  SECTION("with other words") {
    auto j = finished_job(7);
    j.spec = c.order->spec;
    j.spec.aspect_ratio = "16:9", j.spec.duration_s = 6; // chosen by hand
    c.facts.jobs = {j};
    c.presses_data("redo:7");
    c.says("пёс");
    CHECK(c.offers("✓ 16:9"));
    CHECK(c.offers("✓ 6 с"));
  }
  SECTION("by another model, of a photo whose size nobody knows") {
    auto j = finished_job(7);
    j.spec = c.order->spec;
    j.spec.photo_file_id = "P6", j.spec.aspect_ratio = "9:16";
    c.facts.jobs = {j};
    for (auto& m : c.models) m.aspect_ratios = {"16:9", "3:4"}, m.photo_aspect_ratios.clear();
    c.picture = {picture_state::gone, "", 0, 0, ""};
    c.presses_data("other:7");
    REQUIRE(c.asked_to_look);
    CHECK(c.asked_to_look->file_id == "P6");
    c.presses("Veo 3 Lite");
    CHECK(c.offers("✓ 3:4"));
  }
  SECTION("by another model, of a photo that is looked at once more") {
    auto j = finished_job(7);
    j.spec = c.order->spec;
    j.spec.photo_file_id = "P6";
    c.facts.jobs = {j};
    for (auto& m : c.models)
      if (m.id == "veo-3-fast") m.photo_side_px_min = 1000;
    c.picture = {picture_state::good, "jpeg", 720, 1280, ""};
    c.presses_data("other:7");
    CHECK_FALSE(c.offers("Veo 3 Fast"));
    CHECK(draft_of(c).photo_width == 720);
    for (auto& m : c.models) m.photo_side_px_min = 1000;
    c.presses_data("other:7");
    CHECK(has(c.text(), "ни одна модель"));
    CHECK(c.offers("Без фото"));
  }
  SECTION("the size counts for what a model takes") {
    for (auto& m : c.models)
      if (m.id == "veo-3-fast") m.photo_side_px_min = 1000;
    c.presses_data("same");
    c.says("пёс");
    CHECK_FALSE(c.offers("🎛 Модель: Veo 3 Fast"));
  }
}

// -- Buttons --

TEST_CASE("a button holds ids: after the catalogue has changed it chooses nothing else") {
  chat c;
  c.types("generate");
  const auto of_menu = c.data_of("Veo 3 Fast");
  c.says("кот");
  const auto format = c.data_of("9:16"), length = c.data_of("6 с");
  c.presses("🎛 Модель");
  const auto lite = c.data_of("Veo 3 Lite");
  CHECK(has(lite, "veo-lite"));
  std::reverse(c.models.begin(), c.models.end());
  c.presses_data(lite);
  CHECK(draft_of(c).model == "veo-lite");
  c.presses_data(format);
  CHECK(draft_of(c).aspect == "9:16");
  for (auto& m : c.models)
    m.durations_s = {10}, m.prices.clear(), m.sound_prices.clear(), m.aspect_ratios = {"1:1"};
  c.models.erase(std::remove_if(c.models.begin(), c.models.end(), [](auto& m) { return m.id == "veo-lite"; }),
                 c.models.end());
  for (auto& old : {lite, format, length}) {
    INFO(old);
    c.presses_data(old);
    CHECK(has(c.toast(), "изменились"));
  }
  CHECK(draft_of(c).duration == 10);
  c.presses_data("model:veo-lite");
  CHECK(has(c.toast(), "больше нет"));
  c.presses_data(of_menu);
  CHECK(draft_of(c).model == "veo-3-fast");
}

TEST_CASE("every button of a card fits into Telegram's 64 bytes, with the longest ids and numbers") {
  chat c;
  c.set.presets = real().presets;
  c.update = 9'223'372'036'854'775'000;
  for (auto& m : c.models) {
    m.id = (m.id + std::string(config::id_bytes_max, 'x')).substr(0, config::id_bytes_max);
    for (auto* list : {&m.aspect_ratios, &m.photo_aspect_ratios})
      for (auto& a : *list)
        if (a != "Auto") a += std::string(config::aspect_bytes_max - a.size(), '0');
  }
  for (auto& p : c.set.presets)
    p.id = (p.id + std::string(config::id_bytes_max, 'x')).substr(0, config::id_bytes_max);
  // `chat` looks at each button of each screen
  c.types("generate");
  c.says("кот");
  c.presses("🎛 Модель");
  c.shows("P1");
  c.presses("Без фото");
}

TEST_CASE("what is read as a button is what is written as one") {
  talk::draft d;
  d.id = 17;
  const auto a = talk::read_button(talk::of_draft("a", d, "16:9")).value();
  CHECK(a.action == "a");
  CHECK(a.numbers == std::vector<std::int64_t>{17});
  CHECK(a.id == "16:9");
  CHECK(talk::read_button("new:home")->action == "home");
  CHECK(talk::read_button("model:kling-2-6")->id == "kling-2-6");
  CHECK(talk::read_button("d:17:8")->numbers == std::vector<std::int64_t>{17, 8});
  for (auto bad : {"", "m", "m:", "m:x:veo", "m:17:", "m:17", "model", "model:", "run:", "run:1:2", "home:1",
                   "d:1:x", "d:1", "nonsense:1"})
    CHECK_FALSE(talk::read_button(bad));
}

TEST_CASE("after a fault the request goes, and what was agreed stays") {
  talk::memory m;
  m.screen = "card";
  m.work = talk::draft{};
  m.work->id = 5, m.work->prompt = "кот";
  m.terms = 1, m.contact = "a@b.example", m.recent = {2, 3}, m.feedback = {4};
  m.actions.spent = 7, m.actions.at = 8;
  m.done = 9, m.bought = 10;
  const auto kept = talk::read_memory(talk::without_work(talk::write_memory(m)));
  CHECK(kept.screen == "home");
  CHECK_FALSE(kept.work);
  CHECK(kept.terms == 1);
  CHECK(kept.contact == "a@b.example");
  CHECK(kept.recent.size() == 2);
  CHECK(kept.feedback.size() == 1);
  CHECK(kept.actions.spent == 7);
  CHECK(kept.done == 9);
  CHECK(kept.bought == 10);
  CHECK(talk::read_memory(talk::without_work("{broken")).screen == "home");
}
