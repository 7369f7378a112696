/// What people type where an amount or an address is asked for.
#include "actors/dialogue_screens.hpp"
#include "actors/receipt_contact.hpp"
#include "actors/typed_number.hpp"
#include "tests/catch.hpp"
#include <random>

using namespace troupe;
using talk::read_amount;
using talk::read_contact;
using kind = talk::typed_amount::kind;

TEST_CASE("an amount is understood as people write it") {
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::int64_t>>{{"50", 50},
                                                                                     {" 50 \n", 50},
                                                                                     {"+7", 7},
                                                                                     {"007", 7},
                                                                                     {"0", 0},
                                                                                     {"1 000", 1000},
                                                                                     {"1\u00a0000", 1000},
                                                                                     {"50 кредитов", 50},
                                                                                     {"1 кредит", 1},
                                                                                     {"5credits", 5},
                                                                                     {"５０", 50},
                                                                                     {"٥٠", 50},
                                                                                     {"50\u200b", 50},
                                                                                     {"12 шт.", 12},
                                                                                     {"50 Кредитов", 50}}) {
    INFO(text);
    CHECK(read_amount(text).what == kind::number);
    CHECK(read_amount(text).value == value);
  }
  CHECK(read_amount("-5").what == kind::negative);
  CHECK(read_amount("− 5").what == kind::negative);
  CHECK(read_amount("3.5").what == kind::fraction);
  CHECK(read_amount("2,5 кредита").what == kind::fraction);
  CHECK(read_amount("99999999999999999999").what == kind::huge);
}

TEST_CASE("what begins with a number and speaks of something else is no amount") {
  for (auto text : {"2 кота на крыше", "10 seconds of rain", "много", "", "  ", "-", "+", "кот 5",
                    "5 кредитов и кот", "1a", "№5", "5%", "5 ⭐ hotel", "\xff\xfe", "\xf0\x9f"}) {
    INFO(text);
    CHECK(read_amount(text).what == kind::none);
  }
}

TEST_CASE("an address for the receipt is an e-mail or a phone, as the shop takes it") {
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::string>>{
           {"anna@mail.ru", "anna@mail.ru"},
           {"  Anna.B+x@sub.example.co.uk ", "Anna.B+x@sub.example.co.uk"},
           {"мой адрес anna@mail.ru, спасибо", "anna@mail.ru"},
           {"mailto:anna@mail.ru", "anna@mail.ru"},
           {"<anna@mail.ru>", "anna@mail.ru"},
           {"a@xn--80a1acny.xn--p1ai", "a@xn--80a1acny.xn--p1ai"},
           {"8 (900) 123-45-67", "79001234567"},
           {"+7 900 123 45 67", "79001234567"},
           {"9001234567", "79001234567"},
           {"+44 7700 900123", "447700900123"},
           {"+8 190 0123 4567", "819001234567"},
           {"＋７９００１２３４５６７", "79001234567"}}) {
    INFO(text);
    CHECK(read_contact(text).problem == "");
    CHECK(read_contact(text).value == value);
  }
}

TEST_CASE("what is neither is told what is wrong with it, and is never kept") {
  for (const auto& [text, problem] : std::vector<std::pair<std::string, std::string>>{
           {"@anya_nick", "contact.nick"},
           {"a@b", "contact.domain"},
           {"a@b.", "contact.domain"},
           {"a@.ru", "contact.domain"},
           {"a@-b.ru", "contact.domain"},
           {"a@b..ru", "contact.domain"},
           {"a@127.0.0.1", "contact.domain"},
           {"a@b.c", "contact.domain"},
           {"anna@", "contact.domain"},
           {"a@@mail.ru", "contact.two_at"},
           {"a@b@mail.ru", "contact.two_at"},
           {"аnna@mail.ru", "contact.letters"}, // the first letter is Cyrillic
           {"anna@почта.рф", "contact.letters"},
           {".a@mail.ru", "contact.mail"},
           {"a..b@mail.ru", "contact.mail"},
           {"a,b@mail.ru", "contact.mail"},
           {std::string(65, 'a').append("@mail.ru"), "contact.mail"},
           {"anna@mail.ru bob@mail.ru", "contact.several"},
           {"8 800", "contact.short"},
           {"7", "contact.short"},
           {"1234567890123456", "contact.long"},
           {"0000000000", "contact.phone"},
           {"+0 123 456 78 90", "contact.phone"},
           {"11111111111", "contact.phone"},
           {"+7+9001234567", "contact.neither"},
           {"нет", "contact.neither"},
           {"https://mail.ru", "contact.neither"},
           {"", "contact.neither"},
           {std::string(5000, 'a'), "contact.neither"}}) {
    INFO(text);
    CHECK(read_contact(text).value == "");
    CHECK(read_contact(text).problem == problem);
  }
}

TEST_CASE("whatever is typed, an address that is kept is one that is kept again") {
  std::mt19937 dice{7};
  const std::string letters = "abZ09@@..-+ ()_'\"<>,;8ж\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = dice() % 24; n > 0; --n) text += letters[dice() % letters.size()];
    const auto c = read_contact(text);
    INFO(text);
    REQUIRE(c.value.empty() != c.problem.empty());
    if (!c.value.empty())
      REQUIRE(read_contact((c.value.find('@') == c.value.npos ? "+" : "") + c.value).value == c.value);
    read_amount(text);
  }
}

TEST_CASE("money is written in one way") {
  CHECK(talk::money_text(payment_method::stars, 1000) == "1000 ⭐");
  CHECK(talk::money_text("1000 XTR") == "1000 ⭐");
  CHECK(talk::money_text(payment_method::stars, 10'000) == "10\u202f000 ⭐");
  CHECK(talk::money_text(payment_method::stars, 1'234'567) == "1\u202f234\u202f567 ⭐");
  CHECK(talk::money_text(payment_method::card, 90'000) == "900 ₽");
  CHECK(talk::money_text(payment_method::sbp, 99'050) == "990,50 ₽");
  CHECK(talk::money_text("1234505 RUB") == "12\u202f345,05 ₽");
  CHECK(talk::money_text(payment_method::card, -50) == "-0,50 ₽");
  CHECK(talk::money_text(payment_method::card, -12'345'00) == "-12\u202f345 ₽");
}
