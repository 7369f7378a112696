#include "tests/simulation/crowd.hpp"
#include "tests/simulation/marks.hpp"
#include "tests/founder.hpp"

namespace troupe::simulation {
namespace {

constexpr std::int64_t first_user = 700'000'001;

} // namespace

crowd::crowd(std::uint64_t seed, play& stage, crowd_setting setting)
    : stage_{stage}, set_{setting}, dice_{seed ^ 0xC40DDu} {
  for (int i = 0; i < set_.users; ++i) {
    const auto id = i == 0 ? founder_user_id : first_user + i;
    users_.push_back(id);
    stage_.world.telegram.add_user(id, "User " + std::to_string(i), i % 2 ? "en" : "ru");
  }
}

void crowd::enter(unix_ms until) {
  until_ = until;
  for (auto user : users_) act_later(user, dice_.between(0, hour_ms));
}

void crowd::act_later(std::int64_t user, unix_ms wait) {
  const auto at = stage_.now() + wait;
  if (at < until_) stage_.coming.at(at, [=, this] { act(user); });
}

/// A prompt, and sometimes what will become of it.
std::string crowd::wish() {
  const auto mark = mark_of(next_wish()) + " a cat";
  if (!set_.nasty || !dice_.chance(250)) return mark;
  constexpr const char* fates[] = {"[[fail:violation]]", "[[fail:temporary]]", "[[fail:unknown]]",
                                   "[[hang]]",           broken_video,         unsendable_video};
  return mark + " " + fates[dice_.below(6)];
}

void crowd::act(std::int64_t user) {
  const auto say = [&](const std::string& text) {
    stage_.log.line(stage_.now(), "user " + std::to_string(user) + " says " + text);
    stage_.world.say(user, {.text = text});
  };
  const auto die = dice_.below(100);
  if (die < 38) order(user, false);
  else if (die < 48) order(user, true);
  else if (die < 55) say("/start");
  else if (die < 61) say("/balance");
  else if (die < 67) say("/history");
  else if (die < 69) say("/cancel");
  else if (die < 70) say("/jobs");
  else if (die < 71) press(user, "cancel:");
  else if (die < 73) say("/help");
  else if (die < 77) press(user, "run:");
  else if (die < 80) press(user, "again:");
  else if (die < 83) press(user, "h:j:");
  else if (die < 88) go_shopping(user);
  else if (die < 90) press(user, "edit:");
  else if (!set_.nasty) say("/generate");
  else if (die < 95) nonsense(user);
  else leave_for_a_while(user);
  const auto pause = dice_.below(100);
  act_later(user, pause < 40   ? dice_.between(200, 20'000)
                  : pause < 90 ? dice_.between(minute_ms, 2 * hour_ms)
                               : dice_.between(5 * hour_ms, 20 * hour_ms));
}

void crowd::order(std::int64_t user, bool photo) {
  sandbox::said what;
  what.text = wish();
  if (photo) what.photo = "\xFF\xD8 a picture";
  stage_.log.line(stage_.now(),
                  "user " + std::to_string(user) + (photo ? " shows a photo: " : " wishes ") + what.text);
  stage_.world.say(user, what);
  auto wait = dice_.between(1'000, 15'000);
  if (dice_.chance(300)) {
    press_later(user, dice_.chance(500) ? "a:" : "m:", wait);
    wait += dice_.between(500, 10'000);
  }
  if (dice_.chance(200)) {
    stage_.coming.at(stage_.now() + wait, [=, this] {
      if (const auto b = stage_.world.find_button(user, "c:", ":3"))
        stage_.world.press(user, b->message_id, b->data);
    });
    wait += dice_.between(500, 3'000);
  }
  press_later(user, "run:", wait);
  if (dice_.chance(300)) press_later(user, "run:", wait + dice_.between(0, 400)); // a double tap
}

/// Through the shop's screens, and then he pays, or not, or twice.
void crowd::go_shopping(std::int64_t user) {
  if (user == founder_user_id && dice_.chance(500)) return give_back();
  const bool stars = dice_.chance(500);
  stage_.log.line(stage_.now(), "user " + std::to_string(user) + " goes shopping");
  stage_.world.say(user, {.text = "/buy"});
  const std::string way = stars ? "s" : "c";
  unix_ms wait = 0;
  const auto next = [&] { return wait += dice_.between(2'000, 9'000); };
  press_later(user, "ways:" + way, next());
  press_later(user, "terms:" + way, next());
  press_later(user, "take:" + way, next());
  if (!stars) press_later(user, dice_.chance(500) ? "pay:1" : "pay:2", next());
  if (dice_.chance(150)) return; // he thinks better of it
  const auto pay = [=, this] {
    auto& w = stage_.world;
    w.telegram.refund_before_payment(dice_.chance(30));
    const bool paid = stars ? w.pay_stars(user) : dice_.chance(150) ? w.decline_shop(user) : w.pay_shop(user);
    if (paid) stage_.log.line(stage_.now(), "user " + std::to_string(user) + " pays");
  };
  const auto at = stage_.now() + next() + dice_.between(2'000, 60'000);
  stage_.coming.at(at, pay);
  if (dice_.chance(200)) stage_.coming.at(at + dice_.between(0, 20'000), pay);
  if (dice_.chance(200)) press_later(user, "check:", at - stage_.now() + dice_.between(0, 5'000));
}

/// An administrator returns a purchase; sometimes a service does by itself.
void crowd::give_back() {
  auto& w = stage_.world;
  const auto charges = w.star_charges();
  if (dice_.chance(300) && !charges.empty()) {
    auto it = charges.begin();
    std::advance(it, dice_.below(static_cast<std::int64_t>(charges.size())));
    return w.refund_by_telegram(it->second.user, it->first);
  }
  const auto paid = w.shop.report(stage_.now())["payments"];
  if (dice_.chance(300) && !paid.empty()) {
    const auto& p = paid[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(paid.size())))];
    return w.refund_by_shop(p["id"], dice_.chance(500) ? p["amount"]["value"].get<std::string>() : "100.00");
  }
  w.say(founder_user_id, {.text = "/payment " + std::to_string(1 + dice_.below(20))});
  press_later(founder_user_id, "refund:", 5'000);
  press_later(founder_user_id, "refund_yes:", 10'000);
  press_later(founder_user_id, "refund_yes:", 10'200);
}

void crowd::press_later(std::int64_t user, const std::string& data, unix_ms wait) {
  stage_.coming.at(stage_.now() + wait, [=, this] { press(user, data); });
}

void crowd::press(std::int64_t user, const std::string& data) {
  const auto button = stage_.world.find_button(user, data);
  if (!button) return;
  auto pressed = button->data;
  if ((data == "a:" || data == "m:") && dice_.chance(500)) pressed.back() = '1'; // another one of the row
  stage_.log.line(stage_.now(), "user " + std::to_string(user) + " presses " + pressed);
  stage_.world.press(user, button->message_id, pressed);
}

void crowd::nonsense(std::int64_t user) {
  auto& world = stage_.world;
  stage_.log.line(stage_.now(), "user " + std::to_string(user) + " talks nonsense");
  switch (dice_.below(5)) {
  case 0: return world.say(user, {.sticker = "🙂"});
  case 1: return world.say(user, {.text = "<b>&\x01 " + mark_of(next_wish())});
  case 2: return world.say(user, {.text = "/nosuchcommand"});
  case 3: return world.press(user, 1, "run:99999999999999999999");
  default: return world.press(user, 1, "run:1");
  }
}

void crowd::leave_for_a_while(std::int64_t user) {
  stage_.log.line(stage_.now(), "user " + std::to_string(user) + " blocks the bot");
  stage_.world.block(user, true);
  if (dice_.chance(200)) return; // he comes back when he speaks again
  stage_.coming.at(stage_.now() + dice_.between(1'000, 6 * hour_ms), [=, this] {
    stage_.log.line(stage_.now(), "user " + std::to_string(user) + " lets the bot in again");
    stage_.world.block(user, false);
  });
}

void crowd::ask_all_once_more() {
  for (auto user : users_)
    if (!stage_.world.is_blocked(user)) stage_.world.say(user, {.text = "/balance"});
}

} // namespace troupe::simulation
