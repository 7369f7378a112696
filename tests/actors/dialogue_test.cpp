#include "actors/dialogue_screens.hpp"
#include "tests/actors/chat.hpp"

using namespace troupe;
using namespace troupe::test;

TEST_CASE("from /start to a running video, text only") {
  chat c;
  c.types("start");
  CHECK(has(c.text(), "Привет, Иван &lt;b&gt;!"));
  CHECK(has(c.text(), "10 кредитов"));
  CHECK(c.offers("Купить кредиты"));
  CHECK(c.offers("Помощь"));
  c.presses("Генерировать видео");
  CHECK(c.sent.back().method == "editMessageText");
  c.presses("Видео из текста");
  CHECK(has(c.text(), real().words.get("ru", "help.text")));
  c.says("Кот <едет> & поёт");
  CHECK(has(c.text(), "Кот &lt;едет&gt; &amp; поёт"));
  CHECK(has(c.text(), "1 кредит"));
  CHECK(c.offers("🎛 Модель: Veo 3 Fast"));
  CHECK(c.offers("✓ 16:9"));
  CHECK(c.offers("✓ 8 с"));
  CHECK_FALSE(c.offers("Как у фото"));
  CHECK(c.offers("Назад"));
  c.presses("9:16");
  CHECK(c.offers("✓ 9:16"));
  c.presses("6 с");
  c.presses("🎛 Модель");
  CHECK(c.offers("✓ Veo 3 Fast · 1 кредит"));
  CHECK(c.offers("Kling 2.6"));
  CHECK_FALSE(c.offers("Kling 2.1")); // it brings photos to life only
  c.presses("Veo 3 Quality");
  CHECK(c.offers("🎛 Модель: Veo 3 Quality"));
  CHECK(c.offers("✓ 9:16"));
  CHECK_FALSE(c.order);
  c.presses("🚀 Запустить");
  REQUIRE(c.order);
  CHECK(c.order->order_key.rfind("u5:d", 0) == 0);
  CHECK(c.order->price == 4);
  CHECK(c.order->spec.provider_model == "veo3");
  CHECK(c.order->spec.aspect_ratio == "9:16");
  CHECK(c.order->spec.duration_s == 6);
  CHECK(c.order->spec.prompt == "Кот <едет> & поёт");
  CHECK(c.order->spec.photo_file_id.empty());
  CHECK(c.sent.back().slot == "order:77");
  CHECK(c.sent.back().method == "editMessageText");
  CHECK(has(c.sent.back().params, "Принято!"));
  CHECK(c.toast() == "Принято!");
  CHECK_FALSE(c.offers("Запустить"));
}

TEST_CASE("a photo and its text may come together or apart, in any order") {
  chat c;
  SECTION("caption") {
    c.types("generate");
    c.presses("Видео из изображения");
    c.shows("P1", "пусть танцует");
  }
  SECTION("photo, then text") {
    c.types("generate");
    c.presses("Видео из изображения");
    c.shows("P1");
    CHECK(has(c.text(), "напишите"));
    c.says("пусть танцует");
  }
  SECTION("text, then photo") {
    c.types("generate");
    c.presses("Видео из изображения");
    c.says("пусть танцует");
    CHECK(has(c.text(), "пришлите изображение"));
    c.shows("P1");
  }
  SECTION("at home, photo, then text") {
    c.shows("P1");
    c.says("пусть танцует");
  }
  CHECK(has(c.text(), "С вашим изображением"));
  CHECK(c.offers("Как у фото"));
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.photo_file_id == "P1");
  CHECK(c.order->spec.prompt == "пусть танцует");
}

TEST_CASE("a text at home starts a draft, and without a photo is possible after all") {
  chat c;
  c.says("кот");
  CHECK(c.offers("Запустить"));
  c.types("generate");
  c.presses("Видео из изображения");
  c.says("пёс");
  c.presses("Пропустить");
  CHECK(c.offers("Запустить"));
}

TEST_CASE("changing the request makes the old card powerless") {
  chat c;
  c.says("кот");
  const auto old_run = c.data_of("Запустить");
  c.presses("Изменить запрос");
  c.says("пёс");
  CHECK(has(c.text(), "пёс"));
  c.presses_data(old_run);
  CHECK_FALSE(c.order);
  CHECK(has(c.toast(), "устарела"));
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.prompt == "пёс");
}

TEST_CASE("too few credits are said on the card, at the press and by the store") {
  chat c{3};
  c.says("кот");
  const auto run = c.data_of("Запустить");
  c.presses("🎛 Модель");
  c.presses("Veo 3 Quality");
  CHECK(has(c.text(), "Не хватает 1 кредита."));
  CHECK_FALSE(c.offers("Запустить"));
  CHECK(c.offers("Купить кредиты"));
  c.presses_data(run); // the button of an older picture of this card
  CHECK_FALSE(c.order);
  CHECK(has(c.toast(), "Не хватает 1 кредита"));
  c.presses("🎛 Модель");
  c.presses("Veo 3 Fast");
  c.answer = {order_outcome::too_few_credits, 0, 0, 1};
  c.presses("Запустить");
  CHECK(c.order);
  CHECK(has(c.toast(), "Не хватает 1 кредита"));
  CHECK(has(c.text(), "Не хватает 1 кредита."));
  c.presses("Купить кредиты");
  CHECK(has(c.text(), "Как удобнее заплатить"));
}

TEST_CASE("a model may be chosen first: then come the text and the photo it needs") {
  chat c;
  c.types("generate");
  CHECK(has(c.text(), "<b>Kling 2.1</b>: фото с текстом, 5/10 с, без звука"));
  CHECK(has(c.text(), "<b>Kling 2.6</b>: текст или фото, 5/10 с, 16:9, 9:16, 1:1, звук по желанию"));
  SECTION("a photo is needed") {
    c.presses("Kling 2.1");
    c.says("пусть танцует");
    CHECK(has(c.text(), "оживляет фотографии"));
    CHECK_FALSE(c.offers("Пропустить"));
    c.shows("P1");
    CHECK(c.offers("🎛 Модель: Kling 2.1"));
    CHECK(c.offers("✓ Как у фото"));
    CHECK_FALSE(c.offers("16:9"));
    c.presses("10 с");
    CHECK(has(c.text(), "Цена: <b>2 кредита</b>"));
    c.presses("Запустить");
    REQUIRE(c.order);
    CHECK(c.order->price == 2);
    CHECK(c.order->spec.provider_model == "kling/v2-1-standard");
  }
  SECTION("a photo is possible") {
    c.presses("Kling 2.5 Turbo");
    c.says("пусть танцует"); // a text is enough
    CHECK(c.offers("🎛 Модель: Kling 2.5 Turbo"));
    c.presses("Запустить");
    REQUIRE(c.order);
    CHECK(c.order->spec.provider_model == "kling/v2-5-turbo-text-to-video-pro");
  }
  SECTION("with a photo it has another name at the provider") {
    c.presses("Kling 2.5 Turbo");
    c.shows("P1", "пусть танцует");
    c.presses("Запустить");
    REQUIRE(c.order);
    CHECK(c.order->spec.provider_model == "kling/v2-5-turbo-image-to-video-pro");
  }
  SECTION("sound has its price, and goes with the model that has the choice") {
    c.presses("Kling 2.6");
    c.says("кот поёт");
    CHECK(has(c.text(), "Звук: нет"));
    c.presses("Со звуком");
    CHECK(has(c.text(), "Звук: есть"));
    CHECK(has(c.text(), "Цена: <b>2 кредита</b>"));
    const auto run = c.data_of("Запустить");
    c.presses("🎛 Модель");
    c.presses("Kling 2.5 Turbo");
    CHECK(has(c.text(), "Звук: нет"));
    CHECK_FALSE(c.offers("Со звуком"));
    c.presses("🎛 Модель");
    c.presses("Назад");
    CHECK(c.offers("🎛 Модель: Kling 2.5 Turbo"));
    c.presses("🎛 Модель");
    c.presses("Kling 2.6");
    c.presses("Со звуком");
    c.presses("Запустить");
    REQUIRE(c.order);
    CHECK(c.order->spec.sound);
    CHECK(c.order->price == 2);
  }
}

TEST_CASE("what cannot be sold now is marked, refused before payment, and nothing is lost of the request") {
  chat c;
  c.facts.sales.paused = {"kling-2-6"};
  c.types("generate");
  CHECK(has(c.text(), "Отмеченные модели"));
  c.presses("⏸ Kling 2.6");
  CHECK(has(c.toast(), "недоступна"));
  c.says("кот");
  c.facts.sales.closed = true;
  c.answer = {order_outcome::closed, 0, 10, 0};
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->closed); // the store answers an order that it has already, and refuses a new one
  CHECK(has(c.text(), "Ничего не списано"));
  CHECK_FALSE(c.offers("Запустить"));
  c.facts.sales.closed = false;
  c.presses("Проверить ещё раз");
  CHECK(has(c.text(), "кот"));
  c.answer = {order_outcome::accepted, 77, 9, 0};
  c.presses("Запустить");
  CHECK(c.order);
}

TEST_CASE("an administrator stops all generation or one model, others cannot") {
  chat c;
  const auto types = [&](const std::string& command, const std::string& argument) {
    auto e = c.make(event_kind::command);
    e.command = command, e.argument = argument;
    c.happens(e);
  };
  types("pause", "");
  CHECK(has(c.text(), "Такой команды я не знаю"));
  c.who.rank = role::owner;
  types("pause", "");
  CHECK(has(c.text(), "вся генерация"));
  CHECK(c.settings == std::vector<std::pair<std::string, std::string>>{{"stopped", "1"}});
  types("resume", "kling-2-6");
  CHECK(c.settings == std::vector<std::pair<std::string, std::string>>{{"paused:kling-2-6", ""}});
  types("pause", "kling");
  CHECK(has(c.text(), "<code>kling-2-6</code>"));
  CHECK(c.settings.empty());
}

TEST_CASE("what is in work is listed, and what waits can be cancelled") {
  chat c;
  c.types("jobs");
  CHECK(has(c.text(), "ничего не делается"));
  auto waiting = finished_job(7), running = finished_job(8), ready = finished_job(9);
  ready.spec.prompt = "лис";
  waiting.state = job_state::pending, running.state = job_state::processing;
  c.facts.jobs = {waiting, running, ready};
  c.types("jobs");
  CHECK(has(c.text(), "1. ⏳ ждёт очереди"));
  CHECK(has(c.text(), "2. 🎬 делается"));
  CHECK_FALSE(has(c.text(), "лис"));
  c.stepped.now = waiting;
  SECTION("in time") {
    c.stepped.changed = true;
    c.stepped.now.state = job_state::cancelled;
    c.presses("Отменить №1");
    REQUIRE(c.step);
    CHECK(c.step->job_id == 7);
    CHECK(has(c.toast(), "Отменено"));
    CHECK(has(c.step->messages.front().params, "вернули"));
  }
  SECTION("too late") {
    c.stepped.now.state = job_state::processing;
    CHECK_FALSE(c.offers("Отменить №2")); // the provider has it already
    c.presses("Отменить №1");             // it was submitted since the screen was shown
    CHECK(has(c.text(), "остановить его там нельзя"));
  }
  SECTION("somebody else's") {
    c.presses_data("cancel:99");
    CHECK_FALSE(c.step);
  }
}

TEST_CASE("a refused request comes back with its photo, to be changed") {
  chat c;
  auto j = finished_job(7);
  j.spec.prompt = "кот <b>";
  j.spec.photo_file_id = "P7", j.spec.model_id = "kling-2-1";
  c.facts.jobs = {j};
  c.presses_data("redo:7");
  CHECK(has(c.text(), "<code>кот &lt;b&gt;</code>"));
  c.says("кот в шляпе");
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.photo_file_id == "P7");
  CHECK(c.order->spec.prompt == "кот в шляпе");
  CHECK(c.order->spec.model_id == "kling-2-1");
}

TEST_CASE("control characters never reach the provider, and a text of nothing else is no text") {
  chat c;
  c.says("кот\x01\x1b[31m поёт\nи пляшет\x7f");
  CHECK(has(c.text(), "кот[31m поёт\nи пляшет"));
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.prompt == "кот[31m поёт\nи пляшет");
  chat empty;
  empty.says("\x01\x02 \x7f");
  CHECK_FALSE(empty.offers("Запустить"));
}

TEST_CASE("too many running videos name the limit and keep the draft") {
  chat c;
  c.answer = {order_outcome::too_many_jobs, 0, 10, 0};
  c.who.open_jobs = 5;
  c.says("кот");
  c.presses("Запустить");
  CHECK(has(c.text(), "в работе: 5, одновременно можно 5"));
  CHECK(c.offers("Запустить"));
}

TEST_CASE("a second press of run is told that it is accepted") {
  chat c;
  c.says("кот");
  const auto run = c.data_of("Запустить");
  c.presses_data(run);
  CHECK(c.order);
  c.presses_data(run);
  CHECK_FALSE(c.order);
  CHECK(has(c.toast(), "уже принят"));
}

TEST_CASE("a press handled again after a crash names the same order, whatever is held by now") {
  chat c{1};
  c.says("кот");
  const auto before = c.who;
  const auto e = c.press_event(c.data_of("Запустить"));
  const auto first = c.d.decide(e, c.who, {}, c.now);
  auto after = before;
  after.balance = 0;
  after.held = 1;
  const auto again = c.d.decide(e, after, {}, c.now + 5000);
  REQUIRE((first.order && again.order));
  CHECK(first.order->order_key == again.order->order_key);
  // `ordered` works with the state of before as well as with the state of the first half
  after.state = first.state;
  CHECK(json::parse(c.d.ordered(e, after, c.answer, c.now).state).at("recent").size() == 1);
  CHECK(json::parse(c.d.ordered(e, before, c.answer, c.now).state).at("recent").size() == 1);
}

TEST_CASE("forged and old buttons, stickers and unknown commands get a hint") {
  chat c;
  c.says("кот");
  for (auto data : {"", "nonsense", "run:", "run:-1", "run:99999999999999999999", "m:1", "m:1:x", "a:1:2:3",
                    "h:e:x", "again:z", "order; drop", "m::", "d:102:99"}) {
    INFO(data);
    const auto state = but_for_counts(c.who.state);
    c.presses_data(data);
    CHECK_FALSE(c.toast().empty());
    CHECK_FALSE(c.order);
    CHECK(but_for_counts(c.who.state) == state);
  }
  const auto id = json::parse(c.who.state).at("draft").at("id").dump();
  c.presses_data("m:" + id + ":99");
  CHECK(has(c.toast(), "изменились"));
  c.presses_data("run:5");
  CHECK(has(c.toast(), "устарела"));
  c.sends_media("sticker");
  CHECK(has(c.text(), "стикер"));
  c.sends_media("voice");
  CHECK(has(c.text(), "Голосовые"));
  c.sends_media("contact");
  c.types("frobnicate");
  CHECK(has(c.text(), "/help"));
  c.says("  \n");
  c.types("cancel");
  CHECK(has(c.text(), "Отменено"));
}

TEST_CASE("a price that changed is shown before it is paid") {
  chat c;
  c.says("кот");
  c.models[0].price = 2;
  c.presses("Запустить");
  CHECK_FALSE(c.order);
  CHECK(has(c.toast(), "изменились"));
  CHECK(has(c.text(), "2 кредита"));
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->price == 2);
}

TEST_CASE("running too often is politely slowed, with one notice a minute") {
  chat c{100};
  c.opts.users.costly_actions_per_minute = 2;
  c.answer.balance = 100;
  for (int i = 0; i < 2; ++i) {
    c.says("кот");
    c.presses("Запустить");
    CHECK(c.order);
  }
  c.says("кот");
  const auto run = c.data_of("Запустить");
  c.presses_data(run);
  CHECK_FALSE(c.order);
  CHECK(c.sent.size() == 2);
  c.presses_data(run);
  CHECK(c.sent.size() == 1);
  CHECK(has(c.toast(), "60"));
  c.now += 61'000;
  c.presses_data(run);
  CHECK(c.order);
}

TEST_CASE("help is exactly its two lines") {
  chat c;
  c.types("help");
  CHECK(c.text() == "Важные советы по составлению запросов: https://t.me/CatiAiPromt/51.\n"
                    "Примеры хороших запросов можно найти здесь: https://t.me/CatiAiPromt.");
}

TEST_CASE("the history has two tabs, pages, and sends a video again") {
  chat c;
  for (int i = 0; i < 20; ++i)
    c.facts.entries.push_back({i, i == 0 ? 5 : -1, i == 0 ? "credit" : "debit", i == 0 ? "admin" : "job", "",
                               "<приз>", c.now - i * 1000});
  for (int i = 0; i < 9; ++i) c.facts.jobs.push_back(finished_job(50 - i));
  CHECK(c.d.wanted(c.press_event("h:j:0")) == dialogue::facts::jobs);
  CHECK(c.d.wanted(c.press_event("again:1")) == dialogue::facts::jobs);
  CHECK(c.d.wanted(c.press_event("h:e:1")) == dialogue::facts::entries);
  CHECK(c.d.wanted(c.press_event("home")) == dialogue::facts::none);
  c.types("history");
  CHECK(has(c.text(), "UTC+3"));
  CHECK(has(c.text(), "+5 кредитов"));
  CHECK(has(c.text(), "&lt;приз&gt;"));
  CHECK(has(c.text(), "15.11.2023 01:13"));
  c.presses("▶️");
  c.presses("▶️");
  CHECK_FALSE(c.offers("▶️"));
  CHECK(c.offers("◀️"));
  c.presses_data("h:e:999999");
  c.presses("Мои видео");
  CHECK(has(c.text(), "кот &amp; пёс"));
  c.presses("ещё раз №2");
  CHECK(c.sent.back().method == "sendVideo");
  CHECK(json::parse(c.sent.back().params).at("video") == "VIDEO49");
  c.presses_data("again:1");
  CHECK(c.sent.size() == 1);
  chat empty;
  empty.types("history");
  empty.presses("Мои видео");
  CHECK(has(empty.text(), "пока нет"));
}

TEST_CASE("English speakers read English") {
  chat c{0, "de"};
  c.types("start");
  CHECK(has(c.text(), "Your balance: <b>0 credits</b>"));
  c.says("a cat");
  CHECK(has(c.text(), "You are 1 credit short"));
  c.who.balance = 5;
  c.presses("9:16");
  c.presses("Run");
  CHECK(c.toast() == "Accepted!");
  c.who.language = "ru"; // the stored language goes first
  c.types("balance");
  CHECK(has(c.text(), "Ваш баланс"));
}

TEST_CASE("long texts stay inside Telegram's limits") {
  chat c;
  std::string wide;
  for (int i = 0; i < 2000; ++i) wide += i % 2 ? "\"" : "<";
  c.says(wide);
  CHECK(c.offers("Запустить"));
  c.says(wide + "!");
  CHECK(has(c.text(), "2000"));
  c.says("короче");
  c.presses("Запустить");
  CHECK(c.order);
}

TEST_CASE("broken or old state is home, silence is kept where nobody listens") {
  chat c;
  for (auto state : {"{", "[]", "null", R"({"screen":7})", R"({"screen":"card"})",
                     R"({"screen":"card","draft":{"id":"x"}})", R"({"screen":"wait","recent":"no"})"}) {
    c.who.state = state;
    c.says("кот");
    CHECK(c.offers("Запустить"));
  }
  for (auto kind : {event_kind::blocked, event_kind::unblocked, event_kind::ignored}) {
    const auto r = c.d.decide(c.make(kind), c.who, {}, c.now);
    CHECK(r.messages.empty());
    CHECK(r.state == c.who.state);
  }
}

TEST_CASE("the job's voice: progress is never full, the video and the money come with it") {
  job_voice voice{real().words};
  auto j = finished_job(3);
  j.state = job_state::processing;
  j.submitted_at = 1'000'000;
  const auto p = voice.progress(j, j.submitted_at + 65'000);
  CHECK(p.slot == "order:77");
  CHECK(p.method == "sendMessage");
  CHECK(p.urgency == lane::progress);
  CHECK(has(p.params, "▓▓▓▓▓░░░░░ 01:05"));
  CHECK(has(voice.progress(j, j.submitted_at + 9'000'000).params, "░"));
  CHECK(voice.uploading(j).slot == "order:77");

  j.file_path = "v.mp4";
  j.thumbnail_path = "v.jpg";
  j.media = {1280, 720, 8000, 1};
  const auto r = voice.ready(j);
  REQUIRE(r.messages.size() == 1);
  const auto& film = r.messages[0];
  CHECK(film.method == "sendVideo");
  CHECK(film.slot.empty());
  CHECK(film.job_id == 3);
  REQUIRE(film.uploads.size() == 2);
  REQUIRE(r.afterwards.size() == 2); // said when Telegram has taken it
  CHECK(r.afterwards[0].slot == "order:77");
  const auto v = json::parse(film.params);
  CHECK(v.at("duration") == 8);
  CHECK(v.at("width") == 1280);
  CHECK(v.at("supports_streaming") == true);
  CHECK(has(r.afterwards[1].params, "Главное меню"));

  for (auto why : {"violation", "billing", "rate_limit", "temporary", "bad_input", "configuration",
                   "unavailable", "unknown", "timeout", "", "new one"})
    for (auto language : {"ru", "en"}) {
      j.fail_class = why;
      j.language = language;
      const auto f = voice.failed(j).messages;
      REQUIRE(f.size() == 1);
      CHECK(f[0].urgency == lane::money);
      CHECK(f[0].slot == "order:77");
      CHECK((has(f[0].params, "2 кредита вернули ✅") || has(f[0].params, "2 credits refunded ✅")));
    }
}

TEST_CASE("a pack: one card, one order of three, one status message, the price of all") {
  chat c{3};
  c.says("кот");
  CHECK(c.offers("5 видео"));
  c.presses("3 видео");
  CHECK(has(c.text(), "Цена: <b>3 кредита</b>"));
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->count == 3);
  CHECK(c.order->price == 1);
  const auto status =
      std::find_if(c.sent.begin(), c.sent.end(), [](auto& m) { return m.slot == "order:77"; });
  REQUIRE(status != c.sent.end());
  CHECK(has(status->params, "✅ Принял! Заказ на 3 видео в очереди."));
}

TEST_CASE("a pack that is too dear or too big is not ordered") {
  chat c{2};
  c.says("кот");
  const auto three = c.data_of("3 видео");
  c.presses("3 видео");
  CHECK(has(c.text(), "Не хватает 1 кредита."));
  CHECK_FALSE(c.offers("Запустить"));
  auto forged = three;
  forged.back() = '4'; // no such pack
  c.presses_data(forged);
  CHECK_FALSE(c.order);
  c.opts.users.active_jobs_max = 2;
  c.presses_data(three);
  CHECK_FALSE(c.order);
  c.says("собака");
  CHECK_FALSE(c.offers("3 видео"));
}

TEST_CASE("once more with the same photo keeps the photo and asks for a text") {
  chat c{10};
  c.shows("photo-1", "кот");
  c.presses("Запустить");
  c.presses_data("same");
  CHECK(has(c.text(), "Изображение то же"));
  c.says("кот прыгает");
  c.presses("Запустить");
  REQUIRE(c.order);
  CHECK(c.order->spec.photo_file_id == "photo-1");
  CHECK(c.order->spec.prompt == "кот прыгает");
}

TEST_CASE("of a pack each video comes alone, and the last one ends it") {
  const job_voice voice{real().words};
  job j;
  j.job_id = 1, j.order_id = 2, j.user_id = 5, j.of_order = 3, j.price = 1, j.language = "ru";
  j.state = job_state::fetching;
  j.spec.photo_file_id = "p";
  const auto r = voice.ready(j);
  REQUIRE(r.messages.size() == 1);
  CHECK(r.messages.front().method == "sendVideo");
  REQUIRE(r.finale.size() == 2);
  CHECK(r.finale.front().slot == "order:2");
  CHECK(has(r.finale.back().params, "Сделать еще с этим товаром"));
  const auto f = voice.failed(j);
  REQUIRE(f.messages.size() == 1);
  CHECK(f.messages.front().slot.empty());
  CHECK(has(f.messages.front().params, "Кредит вернули ✅"));
  CHECK(f.finale.size() == 2);
}

TEST_CASE("of a pack only what is so is said: started is what a service has") {
  const job_voice voice{real().words};
  job j;
  j.job_id = 1, j.order_id = 2, j.user_id = 5, j.of_order = 3, j.price = 1;
  for (const std::string language : {"ru", "en"}) {
    j.language = language;
    std::set<std::string> all;
    for (auto state : {job_state::pending, job_state::submitting, job_state::unknown, job_state::processing,
                       job_state::fetching}) {
      j.state = state;
      const auto text = json::parse(voice.progress(j, 60'000).params).at("text").get<std::string>();
      INFO(text);
      CHECK(all.insert(text).second == (state != job_state::submitting)); // it may not have left
      CHECK_FALSE(has(text, "{"));
      CHECK((has(text, "запущена") || has(text, "Making")) == (state == job_state::processing));
      CHECK((has(text, "не всё") || has(text, "not confirmed")) == (state == job_state::unknown));
    }
    for (auto what : {job_voice::wait_for::turn, job_voice::wait_for::longer, job_voice::wait_for::stopped,
                      job_voice::wait_for::service, job_voice::wait_for::answer}) {
      const auto text = json::parse(voice.waiting(j, what, 1, 60'000).params).at("text").get<std::string>();
      INFO(text);
      CHECK((has(text, "В очереди") || has(text, "In the queue")));
      CHECK_FALSE((has(text, "запущена") || has(text, "Making")));
    }
    const auto sending = json::parse(voice.uploading(j).params).at("text").get<std::string>();
    CHECK_FALSE((has(sending, "Осталось") || has(sending, "Almost")));
  }
}

TEST_CASE("a video that could not be handed over is no finished one") {
  const talk::painter paint{real().words, "ru"};
  for (auto state : {job_state::completed, job_state::gifted}) {
    auto j = finished_job(1);
    j.state = state;
    CHECK_FALSE(has(paint.generations({j}, 0).text, "не получилось"));
    j.file_id.clear(), j.fail_text = "file is too big";
    CHECK(has(paint.generations({j}, 0).text, "не получилось"));
  }
}
