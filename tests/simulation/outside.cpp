#include "tests/simulation/outside.hpp"
#include <algorithm>

namespace troupe::simulation {
namespace {

using nlohmann::json;

http_reply failure(http_error e) {
  http_reply r;
  r.error = e;
  return r;
}

http_reply page(int status) {
  http_reply r;
  r.status = status;
  r.body = "<html><head><title>" + std::to_string(status) + "</title></head><body>cloud</body></html>";
  return r;
}

http_reply as_json(int status, const json& body) {
  http_reply r;
  r.status = status;
  r.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return r;
}

std::string path_of(const std::string& url) {
  const auto slash = url.find('/', url.find("://") + 3);
  return slash == url.npos ? "/" : url.substr(slash);
}

/// The chat a call speaks into; 0: none.
std::int64_t chat_of(const http_request& r) {
  for (const auto& [name, value] : r.form)
    if (name == "chat_id") return std::stoll(value);
  if (r.body.find("\"chat_id\"") == r.body.npos) return 0;
  const auto body = json::parse(r.body, nullptr, false);
  return body.is_object() ? body.value("chat_id", std::int64_t{0}) : 0;
}

bool is_telegram(const std::string& path) { return path.rfind("/bot", 0) == 0; }
/// Only these speak kie's envelope; files and pictures fail like any web page.
bool is_provider(const std::string& path) { return path.rfind("/api/v1/", 0) == 0; }

bool is_shop(const std::string& path) { return path.rfind("/v3/", 0) == 0; }

/// Tokens and signatures say nothing; the method and its number of bytes do.
std::string short_name(const http_request& r, const std::string& path) {
  auto name = path.substr(0, path.find('?'));
  if (is_telegram(path)) name = path.substr(path.rfind('/') + 1);
  return name + " " + std::to_string(r.body.size());
}

} // namespace

outside::outside(std::uint64_t seed, agenda& coming, trace& log, std::function<unix_ms()> now)
    : telegram{bot_token}, kie{60'000, 0, static_cast<unsigned>(seed)},
      shop{{.notice_url = std::string{public_url} + "/yookassa/webhook"}, seed}, coming_{coming}, log_{log},
      now_{std::move(now)}, dice_{seed ^ 0x5EED0F7E4E0075u} {}

void outside::connect(engine_link link) {
  ++life_;
  link_ = std::move(link);
}

void outside::disconnect() {
  link_.reset();
  polls_.clear();
  busy_chats_.clear();
  silent_until_.clear(); // a new engine cannot know of it
}

void outside::excuse(unix_ms since, unix_ms until) {
  std::erase_if(told_, [since](auto& t) { return t.second > since; });
  excused_until_ = std::max(excused_until_, until);
}

bool outside::roll(fault f) {
  if (!dice_.chance(rates[f])) return false;
  ++injected[f];
  return true;
}

unix_ms outside::delay() {
  if (!slow_lines) return dice_.between(5, 40);
  if (dice_.chance(2)) return dice_.between(10'000, 40'000);
  return dice_.chance(30) ? dice_.between(500, 5'000) : dice_.between(10, 200);
}

fault outside::choose(const call& c) {
  if (script)
    if (const auto f = script(c.request); f != fault::none) return ++injected[f], f;
  const bool telegrams = is_telegram(c.path) || c.path.rfind("/file/", 0) == 0;
  if (now_() < (telegrams ? no_telegram_until : no_provider_until))
    return dice_.chance(500) ? fault::refused : fault::gateway;
  const bool spoken = is_telegram(c.path) || is_provider(c.path) || is_shop(c.path);
  for (auto f : {fault::refused, fault::timeout, fault::timeout_done, fault::reset, fault::reset_done,
                 fault::gateway, fault::gateway_done, fault::malformed})
    if (roll(f)) return f;
  if (spoken && roll(fault::server_error)) return fault::server_error;
  const bool floods = is_provider(c.path) || is_shop(c.path) || (is_telegram(c.path) && c.chat != 0);
  return floods && roll(fault::flood) ? fault::flood : fault::none;
}

void outside::check_rules(const call& c) {
  if (c.chat == 0) return;
  if (!busy_chats_.insert(c.chat).second)
    broken_rule("two calls into chat " + std::to_string(c.chat) + " at the same time");
  if (const auto it = silent_until_.find(c.chat); it != silent_until_.end() && now_() < it->second)
    broken_rule("a call into chat " + std::to_string(c.chat) + " " + std::to_string(it->second - now_()) +
                " ms before its retry_after passed");
}

void outside::ask(std::uint64_t ticket, const http_request& request) {
  if (!link_) return;
  call c{life_, ticket, request, path_of(request.url), 0, now_()};
  if (is_telegram(c.path)) c.chat = chat_of(request);
  check_rules(c);
  const auto f = c.trouble = choose(c);
  log_.line(now_(), "ask " + short_name(request, c.path) + (c.chat ? " chat " + std::to_string(c.chat) : "") +
                        (f == fault::none ? "" : std::string{" ["} + name_of(f) + "]"));
  if (f == fault::refused) return reply_soon(c, failure(http_error::refused));
  coming_.at(now_() + delay(), [=, this] { arrive(c); });
}

http_reply outside::flood(const call& c) {
  if (is_shop(c.path))
    return as_json(429,
                   {{"type", "error"}, {"code", "too_many_requests"}, {"description", "Too many requests"}});
  if (is_provider(c.path))
    return as_json(200, {{"code", 429}, {"msg", "Your call frequency is too high. Please try again later."}});
  const auto seconds = dice_.between(2, 40);
  if (link_ && c.life == life_) silent_until_[c.chat] = now_() + seconds * 1000; // else nobody hears it
  return as_json(429, {{"ok", false},
                       {"error_code", 429},
                       {"description", "Too Many Requests: retry after " + std::to_string(seconds)},
                       {"parameters", {{"retry_after", seconds}}}});
}

http_reply outside::spoiled(const call& c, http_reply good) {
  switch (c.trouble) {
  case fault::timeout_done:
  case fault::reset_done: return failure(http_error::lost);
  case fault::gateway_done: return page(504);
  case fault::malformed:
    if (!c.request.save_to.empty()) return failure(http_error::lost); // a download that was cut off
    good.body.resize(good.body.size() / 2);
    return good;
  default: return good;
  }
}

void outside::arrive(const call& c) {
  const auto patience = c.left_at + c.request.time_limit.count();
  switch (c.trouble) {
  case fault::timeout: return reply_at(c, patience, failure(http_error::lost));
  case fault::reset: return reply_soon(c, failure(http_error::lost));
  case fault::gateway: return reply_soon(c, page(502));
  case fault::flood: return reply_soon(c, flood(c));
  case fault::server_error:
    if (is_provider(c.path))
      return reply_soon(c, as_json(200, {{"code", 500}, {"msg", "Internal Error, Please try again later."}}));
    if (is_shop(c.path))
      return reply_soon(
          c,
          as_json(500, {{"type", "error"}, {"code", "internal_server_error"}, {"description", "Internal"}}));
    return reply_soon(c, as_json(500, {{"ok", false}, {"error_code", 500}, {"description", "Internal"}}));
  default: break;
  }
  if (auto good = serve(c)) finish(c, std::move(*good)); // else a long poll: answered later
}

void outside::finish(const call& c, http_reply good) {
  const bool silent = c.trouble == fault::timeout_done;
  const auto when = silent ? c.left_at + c.request.time_limit.count() : now_() + delay();
  reply_at(c, when, spoiled(c, std::move(good)));
}

void outside::reply_at(const call& c, unix_ms when, http_reply r) {
  // Nobody waits longer than he said he would.
  const auto patience = c.left_at + c.request.time_limit.count();
  if (when > patience) when = patience, r = failure(http_error::lost);
  coming_.at(std::max(when, now_()), [this, life = c.life, chat = c.chat, ticket = c.ticket, r] {
    if (!link_ || life != life_) return;
    if (chat != 0) busy_chats_.erase(chat);
    link_->answer(ticket, r);
  });
}

// -- people --

void outside::say(std::int64_t user, const sandbox::said& what) {
  blocked_.erase(user); // the app asks to start the bot again first
  asked_[user] = now_();
  telegram.say(user, what, now_());
  answer_polls();
}

void outside::press(std::int64_t user, std::int64_t message_id, const std::string& data) {
  telegram.press(user, message_id, data, now_());
  answer_polls();
}

void outside::block(std::int64_t user, bool blocked) {
  if (blocked) blocked_.insert(user);
  else if (blocked_.erase(user) > 0) {
    // Our answer to what he asked before may need this long again.
    if (const auto it = asked_.find(user); it != asked_.end() && heard_at(user) < it->second)
      it->second = now_();
  }
  telegram.block(user, blocked, now_());
  answer_polls();
}

std::optional<outside::button> outside::find_button(std::int64_t user, const std::string& data,
                                                    const std::string& end) const {
  const auto it = screens_.find(user);
  if (it == screens_.end()) return std::nullopt;
  for (auto s = it->second.rbegin(); s != it->second.rend(); ++s)
    for (const auto& b : s->buttons)
      if (b.rfind(data, 0) == 0 && b.ends_with(end)) return button{s->message_id, b};
  return std::nullopt;
}

int outside::messages_with_button(std::int64_t user, const std::string& data) const {
  const auto it = screens_.find(user);
  if (it == screens_.end()) return 0;
  return static_cast<int>(std::count_if(it->second.begin(), it->second.end(), [&](auto& s) {
    return std::find(s.buttons.begin(), s.buttons.end(), data) != s.buttons.end();
  }));
}

int outside::videos_with(const std::string& mark) const {
  const auto it = videos_.find(mark);
  return it == videos_.end() ? 0 : it->second;
}

bool outside::playable(const std::string& path) const {
  const auto it = results_.find(path);
  return it != results_.end() && it->second.find(broken_video) == std::string::npos;
}

} // namespace troupe::simulation
