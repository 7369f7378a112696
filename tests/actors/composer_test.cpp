/// Broadcasts as transcripts: what an administrator sends and presses, and the calls that come of it.
#include "actors/composer_screens.hpp"
#include "actors/broadcast_time.hpp"
#include "tests/actors/administrator.hpp"

using namespace troupe;
using namespace troupe::test;
using office::moment;

namespace {
constexpr unix_ms hour = 3'600'000, day = 24 * hour;
std::string times(const std::string& s, int n) {
  std::string all;
  while (n-- > 0) all += s;
  return all;
}
} // namespace

TEST_CASE("from the command to a broadcast to all") {
  administrator a;
  a.types("broadcast");
  CHECK(has(a.text, "Пришлите то, что нужно разослать"));
  a.says("Привет, друзья!");
  CHECK(has(a.text, "Черновик рассылки"));
  CHECK(has(a.text, "Привет, друзья!"));
  CHECK(has(a.text, "Кому: всем"));
  a.presses("Посчитать");
  REQUIRE(std::get_if<audience_query>(&*a.asked));
  CHECK(has(a.text, "Получателей: 40\u202f120"));
  CHECK(has(a.text, "около 24 мин")); // 40120 / 28
  CHECK(has(a.text, "до 28 сообщений в секунду"));
  CHECK_FALSE(has(a.text, "Платно"));
  a.presses("Отправить");
  REQUIRE(a.opened.size() == 1);
  const auto& b = a.opened[0];
  CHECK(b.key == "u77:b101");
  CHECK(b.admin_id == 77);
  CHECK(b.admin_language == "ru");
  CHECK(b.method == "sendMessage");
  CHECK(params_of(b)["text"] == "Привет, друзья!");
  CHECK(b.title == "📝 Привет, друзья!");
  CHECK(b.to.category == "news");
  CHECK(b.starts_at == 0);
  CHECK(a.slot == "cast:12"); // the confirmation becomes the progress message
  CHECK(has(a.text, "Рассылка №12 готовится"));
  CHECK(a.toast() == "Поехали! 🚀");
}

TEST_CASE("formatting is passed on as it came, offsets after an emoji too") {
  administrator a;
  const std::string marks = R"([{"type":"bold","offset":3,"length":4}])";
  a.types("broadcast");
  a.says("👋 жирно", marks); // the emoji is two UTF-16 units
  const auto p = params_of(a.confirms());
  CHECK(p["entities"] == json::parse(marks));
  CHECK(p["text"] == "👋 жирно");
  CHECK_FALSE(p.contains("parse_mode"));
}

TEST_CASE("each kind of file is sent by its own method, with its caption") {
  for (auto& [kind, method] : std::map<std::string, std::string>{{"photo", "sendPhoto"},
                                                                 {"video", "sendVideo"},
                                                                 {"document", "sendDocument"},
                                                                 {"animation", "sendAnimation"},
                                                                 {"audio", "sendAudio"},
                                                                 {"voice", "sendVoice"}}) {
    administrator a;
    a.types("broadcast");
    auto e = a.file(kind, "FILE", "подпись");
    e.entities = R"([{"type":"italic","offset":0,"length":7}])";
    a.happens(e);
    const auto b = a.confirms();
    CHECK(b.method == method);
    const auto p = params_of(b);
    CHECK(p[kind] == "FILE");
    CHECK(p["caption"] == "подпись");
    CHECK(p["caption_entities"][0]["type"] == "italic");
  }
}

TEST_CASE("an album is collected from its items and answered on one screen") {
  administrator a;
  a.types("broadcast");
  a.sends_of_album("9001", "photo", "A", "вместе");
  const auto first = a.slot;
  CHECK(first == "compose:9001");
  a.sends_of_album("9001", "video", "B");
  REQUIRE(a.sent.size() == 1);
  CHECK(a.slot == first); // an edit of the same message
  CHECK(a.sent[0].urgency == lane::progress);
  a.sends_of_album("9001", "photo", "C");
  CHECK(has(a.text, "альбом, файлов: 3"));
  CHECK(has(a.text, "у альбомов кнопок не бывает"));
  CHECK_FALSE(a.offers("🔗 Кнопки"));

  a.presses("Показать мне");
  CHECK(has(a.toast(), "Альбом ещё загружается"));
  CHECK(a.method("sendMediaGroup") == nullptr);
  a.waits(4'000);
  const auto b = a.confirms();
  CHECK(b.method == "sendMediaGroup");
  const auto p = params_of(b);
  REQUIRE(p["media"].size() == 3);
  CHECK(p["media"][0] == json{{"type", "photo"}, {"media", "A"}, {"caption", "вместе"}});
  CHECK(p["media"][1] == json{{"type", "video"}, {"media", "B"}});
  CHECK(p["media"][2] == json{{"type", "photo"}, {"media", "C"}});
}

TEST_CASE("items of an album that come in another order stand in the chat's, and none counts twice") {
  administrator a;
  a.types("broadcast");
  auto one = a.file("photo", "A"), two = a.file("photo", "B");
  one.album = two.album = "9001";
  a.happens(two);
  one.update_id = a.update++;
  a.happens(one);
  two.update_id = a.update++;
  a.happens(two);
  a.waits(4'000);
  a.presses_data("b:sum:1"); // the draft as it is now
  const auto p = params_of(a.confirms());
  REQUIRE(p["media"].size() == 2);
  CHECK(p["media"][0]["media"] == "A");
}

TEST_CASE("an album holds ten, files do not stand with photos") {
  administrator a;
  a.types("broadcast");
  for (int i = 0; i < 12; ++i) a.sends_of_album("9001", "photo", "F" + std::to_string(i));
  a.waits(4'000);
  a.presses_data("b:sum:1");
  CHECK(params_of(a.confirms())["media"].size() == 10);

  administrator b;
  b.types("broadcast");
  b.sends_of_album("9002", "photo", "A");
  b.sends_of_album("9002", "document", "B");
  CHECK(has(b.text, "только файлы"));
  b.sends_of_album("9002", "photo", "C"); // of the refused album: no word, no draft of its rest
  CHECK(b.sent.empty());
  b.says("лучше текст");
  CHECK(has(b.text, "лучше текст"));
}

TEST_CASE("a forwarded post is copied, or forwarded with its author by choice") {
  administrator a;
  a.types("broadcast");
  a.forwards("пост из канала");
  const auto post = a.message - 1;
  CHECK(has(a.text, "без имени автора"));
  auto copied = a;
  const auto b = copied.confirms();
  CHECK(b.method == "copyMessage");
  auto p = params_of(b);
  CHECK(p["from_chat_id"] == 77);
  CHECK(p["message_id"] == post);
  CHECK(p["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "mute:news");

  a.presses("С именем автора: нет");
  CHECK(has(a.text, "у пересланного с автором кнопок не бывает"));
  const auto f = a.confirms();
  CHECK(f.method == "forwardMessage");
  p = params_of(f);
  CHECK(p["message_id"] == post);
  CHECK_FALSE(p.contains("reply_markup"));
}

TEST_CASE("a forwarded album is copied as one, and has no paid way") {
  administrator a;
  a.set.opts.telegram.paid_messages_per_second = 1000;
  a.types("broadcast");
  for (int i = 0; i < 2; ++i) {
    auto e = a.file("photo", "A");
    e.album = "9001", e.forwarded = true;
    a.happens(e);
  }
  CHECK_FALSE(a.offers("Платно"));
  a.waits(4'000);
  auto b = a.confirms();
  CHECK(b.method == "copyMessages");
  CHECK(params_of(b)["message_ids"] == json{a.message - 4, a.message - 3});
}

TEST_CASE("what cannot be sent is refused with a reason, and the draft waits on") {
  administrator a;
  a.types("broadcast");
  a.sends("sticker", "S");
  CHECK(has(a.text, "Стикер рассылкой не отправить"));
  a.sends("video_note", "S");
  CHECK(has(a.text, "Кружок"));
  a.says("   ");
  CHECK(has(a.text, "Здесь пусто"));
  auto poll = a.make(event_kind::other_media);
  poll.media = "poll";
  a.happens(poll);
  CHECK(has(a.text, "Такое рассылкой не отправить"));
  a.says(times("я", 4097));
  CHECK(has(a.text, "4097 знаков"));
  a.sends("photo", "P", times("я", 1025));
  CHECK(has(a.text, "Слишком длинная подпись"));
  a.says(times("я", 4096));
  CHECK(has(a.text, "Черновик рассылки"));
  a.sends("sticker", "S");
  CHECK(has(a.text, "Стикер"));
  a.types("broadcast");
  CHECK(has(a.text, "неотправленный черновик"));
}

TEST_CASE("a sticker in a forwarded post is copied: Telegram had it already") {
  administrator a;
  a.types("broadcast");
  auto e = a.file("sticker", "S");
  e.forwarded = true;
  a.happens(e);
  CHECK(has(a.text, "пост"));
  CHECK(a.confirms().method == "copyMessage");
}

TEST_CASE("buttons: lines become links, screens of the bot are picked, wrong lines are shown") {
  administrator a;
  a.writes("Новости");
  a.presses("🔗 Кнопки");
  a.says("Сайт - https://example.com/a?b=c\nКанал — tg://resolve?domain=x\n\nБез адреса");
  CHECK(has(a.text, "Не понял строку"));
  CHECK(has(a.text, "Без адреса"));
  a.says("Плохо - javascript:alert(1)");
  CHECK(has(a.text, "javascript:alert(1)"));
  a.says("Сайт - https://example.com/a?b=c\nКанал — tg://resolve?domain=x");
  CHECK(has(a.text, "Кнопки: Сайт, Канал"));
  a.presses("🔗 Кнопки");
  a.presses("Купить кредиты");
  const auto rows = params_of(a.confirms())["reply_markup"]["inline_keyboard"];
  REQUIRE(rows.size() == 4);
  CHECK(rows[0][0] == json{{"text", "Сайт"}, {"url", "https://example.com/a?b=c"}});
  CHECK(rows[1][0] == json{{"text", "Канал"}, {"url", "tg://resolve?domain=x"}});
  CHECK(rows[2][0] == json{{"text", "💳 Купить кредиты"}, {"callback_data", "new:buy"}});
  CHECK(rows[3][0] == json{{"text", "🔕"}, {"callback_data", "mute:news"}});
}

TEST_CASE("a screen opened from a broadcast leaves the broadcast as it is") {
  administrator a;
  a.who.rank = role::none;
  for (const char* name : office::bot_screens) {
    a.presses_data("new:" + std::string{name});
    INFO(name);
    CHECK(a.method("sendMessage"));
    CHECK(a.method("editMessageText") == nullptr);
    CHECK(a.toast() == "");
  }
}

TEST_CASE("eight buttons, not nine, all can be removed") {
  administrator a;
  a.writes("Новости");
  a.presses("🔗 Кнопки");
  a.says(times("Кнопка - https://example.com\n", 9));
  CHECK(has(a.text, "не больше 8"));
  a.says(times("Кнопка - https://example.com\n", 8));
  a.presses("🔗 Кнопки");
  a.presses("Главное меню");
  CHECK(has(a.text, "не больше 8"));
  a.presses("Убрать все кнопки");
  CHECK(has(a.text, "Кнопки: нет"));
}

TEST_CASE("addresses that are buttons and those that are not") {
  using office::read_link;
  CHECK(read_link("Текст - http://a.b"));
  CHECK(read_link("Текст https://a.b/c")->text == "Текст");
  CHECK(read_link("a | b: https://a.b ")->text == "a | b");
  for (const char* bad :
       {"", "   ", "https://a.b", "- https://a.b", "Текст - a.b", "Текст - https://", "Текст - https://ab",
        "Текст - https://.b", "Текст - ftp://a.b", "Текст - https://a.b\"c", "Текст - tg://"})
    CHECK_FALSE(read_link(bad));
  CHECK_FALSE(read_link(times("я", 65) + " - https://a.b"));
  CHECK(read_link(times("я", 64) + " - https://a.b"));
}

TEST_CASE("users may opt out of news and offers, not of service messages") {
  administrator a;
  a.writes("Новости");
  a.presses("Категория: новости");
  CHECK(has(a.text, "акции"));
  auto offers = a;
  CHECK(params_of(offers.confirms())["reply_markup"]["inline_keyboard"][0][0]["callback_data"] ==
        "mute:offers");
  a.presses("Категория: акции");
  const auto b = a.confirms();
  CHECK(b.to.category == "service");
  CHECK_FALSE(params_of(b).contains("reply_markup"));
}

TEST_CASE("options: no sound, no link previews, a speed of its own") {
  administrator a;
  a.writes("Смотрите https://example.com");
  a.presses("Со звуком");
  a.presses("Превью ссылок: да");
  a.presses("⚡ Скорость");
  CHECK(has(a.text, "до 20 сообщений"));
  for (int i = 0; i < 3; ++i) a.presses("⚡ Скорость");
  CHECK(has(a.text, "до 1 сообщения"));
  a.presses("Посчитать");
  CHECK(has(a.text, "около 11 ч 9 мин"));
  a.presses("Отправить");
  const auto p = params_of(a.opened.at(0));
  CHECK(a.opened[0].per_second == 1);
  CHECK(p["disable_notification"] == true);
  CHECK(p["link_preview_options"]["is_disabled"] == true);
}

TEST_CASE("the slowest speed is followed by the full one again") {
  administrator a;
  a.writes("Новости");
  for (int i = 0; i < 5; ++i) a.presses("⚡ Скорость");
  CHECK(has(a.text, "до 28 сообщений"));
}

TEST_CASE("a paid broadcast is offered only where it is permitted, and its price is said first") {
  administrator a;
  a.writes("Новости");
  CHECK_FALSE(a.offers("Платно"));
  a.set.opts.telegram.paid_messages_per_second = 1000;
  a.users = 100'001;
  a.types("broadcast");
  a.presses("Платно и быстро: нет");
  a.presses("Посчитать");
  CHECK(has(a.text, "около 10\u202f001 звезды"));
  CHECK(has(a.text, "до 1000 сообщений в секунду"));
  CHECK(has(a.text, "около 2 мин"));
  const auto confirm = a.data_of("Отправить");
  auto changed = a;
  a.presses("Отправить");
  CHECK(a.opened.at(0).paid);
  CHECK(params_of(a.opened[0])["allow_paid_broadcast"] == true);

  changed.set.opts.telegram.paid_messages_per_second = 0; // nobody pays for what is not there
  changed.presses_data(confirm);
  CHECK(changed.opened.empty());
  CHECK(has(changed.toast(), "изменился"));
}

TEST_CASE("the preview is the call that all get") {
  administrator a;
  a.set.opts.telegram.paid_messages_per_second = 1000;
  a.writes("Новости");
  a.presses("Со звуком");
  a.presses("Платно и быстро: нет");
  a.presses("Показать мне");
  REQUIRE(a.method("sendMessage"));
  const auto m = *a.method("sendMessage");
  CHECK(m.urgency == lane::reply);
  auto seen = json::parse(m.params);
  CHECK(seen["chat_id"] == 77);
  CHECK(has(a.text, "Черновик рассылки")); // again, below it
  const auto b = a.confirms();
  CHECK(b.method == m.method);
  auto p = params_of(b);
  seen.erase("chat_id");
  p.erase("allow_paid_broadcast"); // one message needs no hurry
  CHECK(seen == p);
}

TEST_CASE("every audience can be chosen, with days and language") {
  administrator a;
  a.writes("Новости");
  a.presses("👥 Кому");
  const std::map<std::string, std::pair<audience_kind, int>> all{
      {"всем", {audience_kind::everyone, 0}},
      {"активным за 1 день", {audience_kind::active, 1}},
      {"активным за 30 дней", {audience_kind::active, 30}},
      {"новым за 7 дней", {audience_kind::fresh, 7}},
      {"не платившим", {audience_kind::never_paid, 0}},
      {"с кредитами на балансе", {audience_kind::with_balance, 0}},
  };
  for (auto& [label, to] : all) {
    a.presses(label);
    CHECK(a.offers("✅ " + label));
    auto one = a;
    one.presses("Назад");
    one.presses("Посчитать");
    const auto q = std::get<audience_query>(*one.asked);
    CHECK(q.to.kind == to.first);
    CHECK(q.to.days == to.second);
    CHECK(q.now == one.now);
  }
  a.presses_data("b:ak:" + std::to_string(a.update - 1) + ":3:0");
  CHECK(a.offers("✅ платившим"));
  a.presses("английский");
  a.presses("Назад");
  CHECK(has(a.text, "Кому: платившим, английский"));
  const auto b = a.confirms();
  CHECK(b.to.kind == audience_kind::paid);
  CHECK(b.to.language == "en");
}

TEST_CASE("an empty audience is said and not sent to") {
  administrator a;
  a.users = 0;
  a.writes("Новости");
  a.presses("Посчитать");
  CHECK(has(a.text, "Таких пользователей сейчас нет"));
  CHECK_FALSE(a.offers("Отправить"));
  CHECK(a.offers("👥 Кому"));
}

TEST_CASE("a planned broadcast: the time is Moscow's, past ones are refused") {
  administrator a;
  a.writes("Новости");
  a.presses("🕒 Когда");
  CHECK(has(a.text, "Сейчас в Москве 26.11.2025 13:00"));
  a.says("12:59");
  CHECK(has(a.text, "уже прошло"));
  a.says("когда-нибудь");
  CHECK(has(a.text, "Не понял время"));
  a.says("завтра 9:00");
  CHECK(has(a.text, "Когда: 27.11.2025 09:00 по Москве"));
  a.presses("Посчитать");
  CHECK(has(a.text, "Начнётся 27.11.2025 09:00"));
  a.presses("Запланировать");
  CHECK(a.opened.at(0).starts_at == a.now + 20 * hour);
  CHECK(has(a.text, "Рассылка №12 запланирована на 27.11.2025 09:00"));
  a.presses("Отменить");
  CHECK(has(a.text, "Отменить запланированную рассылку №12?"));
  CHECK(a.method("editMessageText")); // the plan itself becomes the question
  a.presses("Да, отменить");
  CHECK(a.opened[0].state == broadcast_state::stopped);
}

TEST_CASE("a cancelled plan is one sentence, not three reports of zeros") {
  administrator a;
  a.writes("Новости");
  a.says("завтра 9:00");
  a.confirms();
  a.presses("Отменить");
  a.presses("Да, отменить");
  CHECK(has(a.text, "отменена до начала, никто ничего не получил"));
  CHECK_FALSE(has(a.text, "0"));
  const auto told = office::cast_voice{a.set}.turned(a.opened[0], "ru");
  REQUIRE(told.size() == 1); // the message of the plan, which does not promise a time any more
  CHECK(told[0].slot == "cast:12");
  a.look(told);
  CHECK(has(a.text, "отменена до начала"));
  CHECK(a.offers("Повторить"));
}

TEST_CASE("a time sent to the draft is its time, not its content") {
  administrator a;
  a.types("broadcast");
  a.sends("photo", "P", "подпись");
  a.says("завтра 9:00");
  CHECK(has(a.text, "Понял как время начала: 27.11.2025 09:00"));
  CHECK(has(a.text, "Когда: 27.11.2025 09:00 по Москве"));
  a.says("12:00");
  CHECK(has(a.text, "уже прошло"));
  CHECK(has(a.text, "Когда: 27.11.2025 09:00"));
  const auto b = a.confirms();
  CHECK(b.method == "sendPhoto");
  CHECK(params_of(b)["caption"] == "подпись");
  CHECK(b.starts_at == a.now + 20 * hour);
}

TEST_CASE("lines of buttons sent to the draft are its buttons, not its content") {
  administrator a;
  a.types("broadcast");
  a.sends("photo", "P", "подпись");
  a.says("Сайт - https://example.com\n\nКанал — https://t.me/x");
  CHECK(has(a.text, "Понял как кнопки, добавил: 2"));
  CHECK(has(a.text, "Кнопки: Сайт, Канал"));
  a.says(times("Ещё - https://example.com\n", 7));
  CHECK(has(a.text, "не больше 8"));
  CHECK(has(a.text, "Кнопки: Сайт, Канал\n"));
  const auto b = a.confirms();
  CHECK(b.method == "sendPhoto");
  CHECK(params_of(b)["reply_markup"]["inline_keyboard"][1][0]["url"] == "https://t.me/x");

  administrator with_album;
  with_album.types("broadcast");
  with_album.sends_of_album("1", "photo", "A"), with_album.sends_of_album("1", "photo", "B");
  with_album.says("Сайт - https://example.com");
  CHECK(has(with_album.text, "кнопок не бывает"));
  CHECK(has(with_album.text, "альбом, файлов: 2"));
}

TEST_CASE("other content for a draft takes its place only when that is said") {
  for (const char* kind : {"text", "photo", "forward", "text among buttons"}) {
    administrator a;
    INFO(kind);
    a.types("broadcast");
    a.sends("video", "V", "первое");
    a.presses("Категория: новости");
    const std::string what = kind;
    const auto sends_other = [&] {
      if (what == "text") a.says("второе");
      if (what == "photo") a.sends("photo", "P", "второе");
      if (what == "forward") a.forwards("второе");
      if (what == "text among buttons") a.says("второе\nСайт - https://example.com");
    };
    sends_other();
    CHECK(has(a.text, "Заменить содержание?"));
    CHECK(has(a.text, "первое"));
    CHECK(has(a.text, "второе"));
    const auto replace = a.data_of("Заменить");
    a.presses("Оставить");
    CHECK(has(a.text, "первое"));
    CHECK_FALSE(has(a.text, "второе"));
    a.presses_data(replace); // answered already
    CHECK(has(a.text, "первое"));
    sends_other();
    a.presses("Заменить");
    CHECK(has(a.text, "второе"));
    CHECK(has(a.text, "акции"));
    CHECK_FALSE(a.confirms().method == "sendVideo");
  }
}

TEST_CASE("an album offered in place of the content is taken whole, or refused whole") {
  administrator a;
  a.writes("первое");
  a.sends_of_album("7", "photo", "A", "второе");
  a.sends_of_album("7", "photo", "B");
  CHECK(has(a.text, "альбом, файлов: 2"));
  CHECK(has(a.text, "Заменить содержание?"));
  a.presses("Заменить");
  CHECK(has(a.toast(), "загружается"));
  a.waits(4'000);
  a.presses("Заменить");
  a.waits(4'000);
  CHECK(a.confirms().method == "sendMediaGroup");

  administrator b;
  b.writes("первое");
  b.sends_of_album("7", "photo", "A");
  b.sends_of_album("7", "document", "D");
  CHECK(has(b.text, "Черновик остался прежним"));
  b.sends_of_album("7", "photo", "C");
  CHECK(has(b.text, "первое"));
  CHECK(b.confirms().method == "sendMessage");
}

TEST_CASE("the question before sending stands under the message itself, with its picture and buttons") {
  administrator a;
  a.types("broadcast");
  a.sends("photo", "P", "подпись");
  a.says("Сайт - https://example.com");
  a.presses("Посчитать");
  std::vector<std::string> calls;
  for (auto& m : a.sent)
    if (m.method != "answerCallbackQuery") calls.push_back(m.method);
  CHECK(calls == std::vector<std::string>{"sendPhoto", "sendMessage"});
  const auto shown = a.method("sendPhoto");
  REQUIRE(shown);
  auto seen = json::parse(shown->params);
  CHECK(seen["chat_id"] == 77);
  REQUIRE(shown->told); // Telegram's refusal is told: nobody would get it
  CHECK(has(shown->told->refused, "не принял"));
  a.presses("🚀 Отправить");
  auto p = params_of(a.opened.at(0));
  seen.erase("chat_id");
  CHECK(seen == p);
}

TEST_CASE("a planned time that passed before the confirmation is not kept") {
  administrator a;
  a.writes("Новости");
  a.presses("🕒 Когда");
  a.says("через 1 час");
  a.presses("Посчитать");
  a.waits(2 * hour);
  a.presses("Запланировать");
  CHECK(a.opened.empty());
  CHECK(has(a.text, "уже прошло"));
  a.presses("Отправить сразу");
  CHECK(has(a.text, "сразу после подтверждения"));
}

TEST_CASE("times as people write them") {
  const unix_ms now = 1'764'151'200'000; // 26.11.2025 13:00 in Moscow
  const auto at = [&](const char* text) {
    const auto m = office::read_moment(text, now);
    INFO(text);
    CHECK(m.what == moment::is::good);
    return m.at - now;
  };
  CHECK(at("18:30") == 5 * hour + hour / 2);
  CHECK(at("Сегодня в 18:30") == 5 * hour + hour / 2);
  CHECK(at("ЗАВТРА 9:00") == 20 * hour);
  CHECK(at("tomorrow at 9:00") == 20 * hour);
  CHECK(at("через 2 часа") == 2 * hour);
  CHECK(at("через час") == hour);
  CHECK(at("in 30 minutes") == hour / 2);
  CHECK(at("in an hour") == hour);
  CHECK(at("через 3 дня") == 3 * day);
  CHECK(at("27.11 13:00") == day);
  CHECK(at("25.12 18:30") == 29 * day + 5 * hour + hour / 2);
  CHECK(at("01.01 13:00") == 36 * day); // the next year's
  CHECK(at("27.11.2025 13:00") == day);
  CHECK(at("27.11.25 13:00") == day);
  for (const char* past : {"13:00", "25.11 18:30", "1.1.2020 10:00", "через 0 минут"})
    CHECK(office::read_moment(past, now).what == moment::is::past);
  for (const char* odd :
       {"", "18", "25:00", "18:3", "31.02 10:00", "32.01 10:00", "через", "через много часов", "in 5",
        "завтра", "18:30 завтра", "1:2:3", "-1:00", "через 99999 часов"})
    CHECK(office::read_moment(odd, now).what == moment::is::unclear);
  CHECK(office::read_moment("1.1.2030 10:00", now).what == moment::is::too_far);
}

TEST_CASE("two presses are one broadcast, also when a crash comes between") {
  administrator a;
  a.writes("Новости");
  a.presses("Посчитать");
  const auto go = a.data_of("Отправить");
  const auto before = a.who.state;
  a.presses_data(go);
  a.presses_data(go);
  CHECK(a.opened.size() == 1);
  CHECK(has(a.toast(), "уже отправлен или забыт"));

  a.who.state = before; // stored was the broadcast, not the turn
  a.presses_data(go);
  CHECK(a.opened.size() == 1);
  CHECK(has(a.text, "Рассылка №12"));
  CHECK(a.slot == "cast:12");
}

TEST_CASE("a count that is shown for another draft confirms nothing") {
  administrator a;
  a.writes("Новости");
  a.presses("Посчитать");
  const auto go = a.data_of("Отправить");
  a.presses("Назад");
  a.presses("Категория: новости");
  a.presses_data(go);
  CHECK(a.opened.empty());
  CHECK(has(a.toast(), "изменился"));
  CHECK(has(a.text, "Черновик рассылки"));
  a.says("Другой текст");
  a.presses("✅ Заменить");
  CHECK(has(a.text, "Другой текст"));
  CHECK(has(a.text, "акции")); // what was set is kept
}

TEST_CASE("a draft is kept over other things and over a restart, until it is forgotten") {
  administrator a;
  a.writes("Новости");
  a.types("start");
  a.types("broadcast");
  CHECK(has(a.text, "неотправленный черновик"));
  CHECK(has(a.text, "Новости"));
  a.presses("Забыть");
  CHECK(has(a.text, "Черновик забыт"));
  a.types("broadcast");
  CHECK(has(a.text, "Пришлите то, что нужно разослать"));
}

TEST_CASE("who is no administrator learns nothing, with forged buttons neither") {
  administrator a;
  a.writes("Новости");
  a.confirms();
  a.presses_data("b:c:12");
  CHECK(has(a.text, "Рассылка №12"));
  a.who.rank = role::none;
  a.who.state = "";
  for (const char* data :
       {"b:new", "b:list", "b:c:12", "b:xx:12", "b:p:12", "b:u:12:0", "b:go:101", "b:d:12"}) {
    a.text.clear();
    a.presses_data(data);
    CHECK_FALSE(a.asked);
    CHECK_FALSE(has(a.text, "ассылк"));
  }
  a.types("broadcasts");
  CHECK_FALSE(has(a.text, "ассылк"));
  CHECK(a.opened[0].state == broadcast_state::gathering);
}

TEST_CASE("broken buttons of an administrator change nothing") {
  administrator a;
  a.writes("Новости");
  for (const char* data :
       {"b:", "b::", "b:go", "b:go:", "b:go:x", "b:go:-1", "b:go:99999999999999999999", "b:what:1", "b:c:5",
        "b:xx:5", "b:c:5:6", "b:u:5", "b:u:5:0", "b:ak:1:9:9", "b:list:x"}) {
    INFO(data);
    a.presses_data(data);
    CHECK(a.opened.empty());
  }
  const auto id = json::parse(json::parse(a.who.state).value("office", "{}")).value("broadcast", 0);
  for (const char* tail : {":0:7", ":9:0", ":1:0", ":1:5", ":6:0"})
    a.presses_data("b:ak:" + std::to_string(id) + tail);
  a.presses_data("b:scr:" + std::to_string(id) + ":9");
  a.types("broadcast");
  CHECK(has(a.text, "Кому: всем"));
  CHECK(has(a.text, "Кнопки: нет"));
}

TEST_CASE("a running broadcast: counts, pause, resume, stop that asks once more") {
  administrator a;
  a.writes("Новости");
  a.confirms();
  auto& b = a.opened[0];
  b.state = broadcast_state::running;
  b.total = 100'000, b.sent = 40'000, b.blocked = 100, b.failed = 15, b.unknown = 5;
  const office::cast_voice voice{a.set};
  const auto m = voice.progress(b, "ru", 27.8);
  CHECK(m.slot == "cast:12");
  CHECK(m.chat_id == 77);
  CHECK(m.urgency == lane::progress);
  a.look({m});
  CHECK(has(a.text, "Рассылка №12 идёт"));
  CHECK(has(a.text, "▓▓▓▓░░░░░░ 40%"));
  CHECK(has(a.text, "Доставлено: 40\u202f000 из 100\u202f000"));
  CHECK(has(a.text, "Заблокировали бота: 100"));
  CHECK(has(a.text, "Не удалось: 15"));
  CHECK(has(a.text, "Неизвестно: 5"));
  CHECK(has(a.text, "28 сообщений в секунду, осталось около 36 мин"));

  a.presses("Пауза");
  CHECK(b.state == broadcast_state::paused);
  CHECK(has(a.text, "на паузе"));
  CHECK_FALSE(a.offers("Пауза"));
  a.presses_data("b:p:12");
  CHECK(a.toast() == "Так уже и есть");
  a.presses("Продолжить");
  CHECK(b.state == broadcast_state::running);
  a.presses("Остановить");
  CHECK(b.state == broadcast_state::running);
  CHECK(a.method("sendMessage")); // not in the message that changes every few seconds
  CHECK(has(a.text, "Остановить рассылку №12?"));
  CHECK(has(a.text, "59\u202f880"));
  CHECK(has(a.text, "Обработано: 40\u202f120"));
  auto no = a;
  no.presses("Нет");
  CHECK(no.opened[0].state == broadcast_state::running);
  a.presses("Да, остановить");
  CHECK(a.opened[0].state == broadcast_state::stopped);
  CHECK(has(a.text, "остановлена"));
  CHECK(has(a.text, "Не отправлялось: 59\u202f880"));
  a.presses_data("b:x:12");
  CHECK(has(a.toast(), "уже закончилась"));
}

TEST_CASE("the end is told in a new message, and the progress message shows its last state") {
  administrator a;
  a.set.opts.telegram.paid_messages_per_second = 1000;
  a.writes("Новости");
  a.presses("Платно");
  a.confirms();
  auto& b = a.ended(95);
  b.total = 100, b.unknown = 5;
  const auto all = office::cast_voice{a.set}.turned(b, "ru");
  REQUIRE(all.size() == 2);
  CHECK(all[0].slot == "cast:12");
  CHECK(all[1].slot.empty());
  for (auto& m : all) CHECK(m.urgency == lane::reply);
  a.look(all);
  CHECK(has(a.text, "Рассылка №12 закончена"));
  CHECK(has(a.text, "Доставлено: 95 из 100"));
  CHECK(has(a.text, "Заняло около 1 мин"));
  CHECK(has(a.text, "около 10 звёзд"));
  CHECK(has(a.text, "Таким не повторяю"));
  CHECK_FALSE(a.offers("Обновить"));
}

TEST_CASE("a broadcast that many block asks: go on or stop") {
  administrator a;
  a.writes("Новости");
  a.confirms();
  auto& b = a.opened[0];
  b.state = broadcast_state::asking;
  b.total = 1000, b.sent = 60, b.blocked = 40;
  a.look(office::cast_voice{a.set}.turned(b, "ru"));
  CHECK(has(a.text, "Продолжать?"));
  CHECK(a.offers("Остановить"));
  a.presses("Продолжать");
  CHECK(b.state == broadcast_state::running);
}

TEST_CASE("the list, a card, and those of whom nothing is known") {
  administrator a;
  a.types("broadcasts");
  CHECK(has(a.text, "Пока ни одной"));
  for (int i = 0; i < 10; ++i) {
    a.writes("Новость " + std::to_string(i));
    a.confirms();
    a.ended();
  }
  a.types("broadcasts");
  CHECK(has(a.text, "№21"));
  CHECK(has(a.text, "Новость 9"));
  CHECK_FALSE(has(a.text, "№13 "));
  a.presses("›");
  CHECK(has(a.text, "№13"));
  CHECK(a.offers("‹"));
  CHECK_FALSE(a.offers("›"));
  a.number(13)->unknown = 12, a.number(13)->failed = 1;
  a.presses("№13");
  CHECK(has(a.text, "Рассылка №13 закончена"));
  for (int i = 0; i < 12; ++i) {
    recipient r;
    r.user_id = 1000 + i, r.why = "lost <answer>";
    a.lost.push_back(r);
  }
  a.presses("Кому неизвестно");
  CHECK(std::get<recipients_query>(*a.asked).state == recipient_state::unknown);
  CHECK(has(a.text, "<code>1009</code> lost &lt;answer&gt;"));
  CHECK_FALSE(has(a.text, "1010"));
  a.presses("›");
  CHECK(has(a.text, "1011"));
  a.presses("Назад");
  a.presses("Кому не удалось");
  CHECK(std::get<recipients_query>(*a.asked).state == recipient_state::failed);
}

TEST_CASE("deleting everywhere: the rule of 48 hours is said, albums are deleted whole") {
  administrator a;
  a.writes("Ошибка");
  a.confirms();
  a.ended(21);
  a.presses_data("b:c:12");
  a.presses("Удалить у всех");
  CHECK(has(a.text, "моложе 48 часов"));
  CHECK(has(a.text, "у 21 получателя"));
  const auto go = a.data_of("Удалить у всех");
  a.presses_data(go);
  a.presses_data(go);
  REQUIRE(a.opened.size() == 2);
  const auto& b = a.opened[1];
  CHECK(b.kind == broadcast_kind::erase);
  CHECK(b.of_broadcast == 12);
  CHECK(b.method == "deleteMessage");
  CHECK(params_of(b) == json::object());
  CHECK(has(a.text, "Удаление рассылки №12"));
  a.waits(49 * hour);
  a.presses_data("b:d:12");
  CHECK(has(a.toast(), "Прошло больше 48 часов"));

  administrator c;
  c.types("broadcast");
  c.sends_of_album("9001", "photo", "A"), c.sends_of_album("9001", "photo", "B");
  c.waits(4'000);
  c.confirms();
  c.ended();
  c.presses_data("b:d:12");
  c.presses("Удалить у всех");
  CHECK(c.opened.at(1).method == "deleteMessages");
}

TEST_CASE("editing everywhere: the new text with its formatting, the old buttons") {
  administrator a;
  a.writes("Скидка 10%");
  a.presses("Превью ссылок: да");
  a.confirms();
  a.ended(1'000);
  const auto old = params_of(a.opened[0]);
  a.presses_data("b:c:12");
  a.presses("Изменить у всех");
  CHECK(has(a.text, "новый текст рассылки №12"));
  a.sends("photo", "P");
  CHECK(has(a.text, "обычный текст, без файлов"));
  a.says(times("я", 4097));
  CHECK(has(a.text, "Слишком длинно"));
  const std::string marks = R"([{"type":"bold","offset":0,"length":6}])";
  a.says("Скидка 20%", marks);
  CHECK(has(a.text, "у 1000 получателей"));
  const auto shown = a.method("sendMessage"); // the new text as all will see it
  REQUIRE(shown);
  CHECK(json::parse(shown->params)["entities"] == json::parse(marks));
  CHECK(json::parse(shown->params)["reply_markup"] == old["reply_markup"]);
  a.presses("Изменить у всех");
  const auto& b = a.opened.at(1);
  CHECK(b.kind == broadcast_kind::edit);
  CHECK(b.method == "editMessageText");
  const auto p = params_of(b);
  CHECK(p["text"] == "Скидка 20%");
  CHECK(p["entities"] == json::parse(marks));
  CHECK(p["reply_markup"] == old["reply_markup"]);
  CHECK(p["link_preview_options"] == old["link_preview_options"]);
}

TEST_CASE("of media the caption is edited, a copied text is a text, what was forwarded is not edited") {
  administrator a;
  a.types("broadcast");
  a.sends("video", "V", "было");
  a.confirms();
  a.ended();
  a.presses_data("b:e:12");
  CHECK(has(a.text, "новую подпись"));
  a.says("стало");
  a.presses("Изменить у всех");
  CHECK(a.opened.at(1).method == "editMessageCaption");
  CHECK(params_of(a.opened[1])["caption"] == "стало");

  administrator c;
  c.types("broadcast");
  c.forwards("пост");
  c.confirms();
  c.ended();
  c.presses_data("b:e:12");
  CHECK(has(c.text, "новый текст"));

  administrator f;
  f.types("broadcast");
  f.forwards("пост");
  f.presses("С именем автора");
  f.confirms();
  f.ended();
  f.presses_data("b:c:12");
  CHECK_FALSE(f.offers("Изменить"));
  f.presses_data("b:e:12");
  CHECK(has(f.toast(), "изменить нельзя"));
}

TEST_CASE("back from editing: the next text is not a new one for all") {
  administrator a;
  a.writes("Новости");
  a.confirms();
  a.ended();
  a.presses_data("b:e:12");
  a.presses("Назад");
  a.text.clear();
  a.says("кот на крыше");
  CHECK_FALSE(has(a.text, "Изменить рассылку"));
}

TEST_CASE("repeating makes a new draft of the same") {
  for (const char* kind : {"text", "photo", "album", "post", "forwarded album"}) {
    administrator a;
    const std::string what = kind;
    a.types("broadcast");
    if (what == "text") a.says("Новости", R"([{"type":"bold","offset":0,"length":3}])");
    if (what == "photo") a.sends("photo", "P", "подпись");
    if (what == "album") a.sends_of_album("1", "photo", "A", "x"), a.sends_of_album("1", "video", "B");
    if (what == "post") a.forwards("пост");
    if (what == "forwarded album")
      for (int i = 0; i < 2; ++i) {
        auto e = a.file("photo", "A");
        e.album = "1", e.forwarded = true;
        a.happens(e);
      }
    a.waits(4'000);
    a.presses("Со звуком");
    if (a.offers("🔗 Кнопки")) {
      a.presses("🔗 Кнопки");
      a.says("Сайт - https://example.com");
    }
    const auto first = a.confirms();
    a.ended();
    a.presses_data("b:c:12");
    a.presses("Повторить");
    CHECK(has(a.text, "Черновик рассылки"));
    const auto second = a.confirms();
    INFO(kind);
    CHECK(a.opened.size() == 2);
    CHECK(second.key != first.key);
    CHECK(second.method == first.method);
    CHECK(json::parse(second.params) == json::parse(first.params));
  }
}

TEST_CASE("each state's card and report exist in both languages") {
  administrator a;
  broadcast b;
  b.broadcast_id = 7, b.admin_id = 77, b.method = "sendMessage", b.params = R"({"text":"x"})";
  b.total = 10, b.sent = 1, b.failed = 1, b.unknown = 1, b.blocked = 1;
  for (const auto kind : {broadcast_kind::send, broadcast_kind::erase, broadcast_kind::edit})
    for (int s = 0; s <= static_cast<int>(broadcast_state::stopped); ++s)
      for (const char* language : {"ru", "en"}) {
        b.kind = kind, b.state = static_cast<broadcast_state>(s);
        a.look({office::cast_voice{a.set}.progress(b, language, 5)});
        CHECK(has(a.text, "№7"));
        a.look(office::cast_voice{a.set}.turned(b, language));
        CHECK(has(a.text, "№7"));
        CHECK_FALSE(has(a.text, "{"));
      }
}

TEST_CASE("an administrator who reads English writes in English") {
  administrator a;
  a.who.language = "en";
  a.writes("News");
  a.presses("Buttons");
  a.presses("Make a video");
  a.presses("When");
  a.says("tomorrow 9:00");
  a.presses("Count and send");
  CHECK(has(a.text, "Takes about 24 min (up to 28 messages a second)"));
  a.presses("Plan it");
  CHECK(params_of(a.opened.at(0))["reply_markup"]["inline_keyboard"][0][0]["text"] == "🎬 Make a video");
}

TEST_CASE("a button of the bot speaks the language of those who get it") {
  administrator a;
  a.writes("News");
  a.presses("👥 Кому");
  a.presses("английский");
  a.presses("Назад");
  a.presses("🔗 Кнопки");
  a.presses("Создать видео");
  CHECK(params_of(a.confirms())["reply_markup"]["inline_keyboard"][0][0]["text"] == "🎬 Make a video");
}

TEST_CASE("what the office has in hand is no draft, and stays") {
  administrator a;
  talk::memory m;
  m.office = R"({"reason":"thanks"})";
  a.who.state = talk::write_memory(m);
  a.presses_data("b:go:1");
  CHECK(has(a.toast(), "уже отправлен или забыт"));
  a.types("broadcasts");
  CHECK(talk::read_memory(a.who.state).office == m.office);
}

TEST_CASE("a draft waits while an older broadcast is deleted or edited") {
  administrator a;
  a.writes("Старая");
  a.confirms();
  a.ended();
  a.writes("Новая");
  a.presses_data("b:d:12");
  a.presses_data("b:e:12"); // he changes his mind
  auto leaves = a;
  a.says("Старая, исправленная");
  a.presses("Изменить у всех");
  CHECK(a.opened.size() == 2);
  for (auto* who : {&a, &leaves}) {
    who->types("broadcast");
    CHECK(has(who->text, "неотправленный черновик"));
    CHECK(has(who->text, "Новая"));
  }
}
