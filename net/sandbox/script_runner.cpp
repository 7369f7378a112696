#include "net/sandbox/script_runner.hpp"
#include <algorithm>
#include <openssl/evp.h>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr const char* first_language = "ru"; ///< Of a person who says nothing else.

std::string seconds(std::int64_t ms) {
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

std::string quoted(const std::string& s) { return "\"" + s + "\""; }

std::string to_base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3), '\0');
  // It writes a zero behind the last byte, where a string has one anyway.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return out;
}

} // namespace

script_runner::script_runner(script_world world, std::ostream& out, std::int64_t limit_ms)
    : world_(std::move(world)), transcript_(out), limit_ms_(limit_ms) {}

script_result script_runner::run(const std::vector<script_step>& steps) {
  int line = 0;
  script_result result;
  try {
    seq_ = world_.get("/sandbox/bot").value("last_seq", std::int64_t{0}); // what was before is another story
    for (const auto& s : steps) {
      line = s.line;
      play(s);
    }
    look(0);
  } catch (const failure& f) {
    result = {false, line, f.why};
  } catch (const std::exception& e) {
    result = {false, line, e.what()};
  }
  transcript_.flush();
  return result;
}

void script_runner::play(const script_step& s) {
  switch (s.what) {
  case act::fault:
  case act::generations_take:
  case act::generations_fail:
  case act::speed:
  case act::engine:
  case act::pause:
  case act::expect_no_violations: return play_on_world(s);
  default: return play_on_chat(s, user_of(s.who));
  }
}

void script_runner::play_on_world(const script_step& s) {
  if (s.what == act::expect_no_violations) return expect_no_violations();
  act(s);
  switch (s.what) {
  case act::fault: world_.post("/sandbox/services", json::parse(s.detail)); return;
  case act::generations_take: world_.post("/sandbox/settings", {{"generation_ms", s.number}}); return;
  case act::generations_fail: world_.post("/sandbox/settings", {{"fail_percent", s.number}}); return;
  case act::speed: world_.post("/sandbox/speed", {{"times", s.number}}); return;
  case act::engine: world_.post("/sandbox/engine", {{"do", s.text}}); return;
  default: world_.pause(s.number); look(0);
  }
}

void script_runner::play_on_chat(const script_step& s, std::int64_t user) {
  switch (s.what) {
  case act::wait_for: return wait_for(s, user);
  case act::expect:
  case act::expect_no: return expect(s, user);
  case act::press: return press(s, user);
  case act::pay: return pay(s, user);
  case act::send_photo: return send_photo(s, user);
  default: break;
  }
  act(s);
  if (s.what == act::say) world_.post("/sandbox/send", {{"user_id", user}, {"text", s.text}});
  else if (s.what == act::own_stars)
    world_.post("/sandbox/stars", {{"user_id", user}, {"balance", s.number}});
  else if (s.what == act::speak)
    world_.post("/sandbox/users", {{"id", user}, {"first_name", s.who}, {"language_code", s.text}});
  else world_.post("/sandbox/block", {{"user_id", user}, {"blocked", s.what == act::block}});
}

/// What was shown before an act is no answer to it.
void script_runner::act(const script_step& s) {
  look(0);
  if (const auto it = people_.find(s.who); it != people_.end()) seen_[it->second].clear();
  const auto from = s.source.find_first_not_of(" \t"), to = s.source.find_last_not_of(" \t\r");
  transcript_.act(s.source.substr(from, to - from + 1));
}

/// Somebody of this name, or somebody new.
std::int64_t script_runner::user_of(const std::string& name) {
  if (const auto it = people_.find(name); it != people_.end()) return it->second;
  std::int64_t id = 0;
  for (const auto& u : world_.get("/sandbox/users"))
    if (u.value("first_name", "") == name && !u.value("is_group", false)) id = u["id"];
  if (id == 0)
    id = world_.post("/sandbox/users", {{"first_name", name}, {"language_code", first_language}}).at("id");
  people_[name] = id;
  transcript_.name(id, name);
  return id;
}

/// Takes what is new; waits for something new up to `wait_s`.
void script_runner::look(int wait_s) {
  const auto events =
      world_.get("/sandbox/events?after=" + std::to_string(seq_) + "&wait_s=" + std::to_string(wait_s));
  for (const auto& e : events) {
    seq_ = std::max(seq_, e.value("seq", std::int64_t{0}));
    const std::string text = transcript_.show(e);
    if (text.empty()) continue;
    auto& list = seen_[e.value("user_id", std::int64_t{0})];
    list.push_back(text);
    if (list.size() > seen_max) list.pop_front();
  }
}

template <class Found> bool script_runner::until(std::int64_t limit_ms, Found found) {
  const auto end = world_.now_ms() + limit_ms;
  look(0);
  while (!found()) {
    if (world_.now_ms() >= end) return false;
    look(1);
  }
  return true;
}

bool script_runner::seen(std::int64_t user, const std::string& text) const {
  const auto it = seen_.find(user);
  return it != seen_.end() && std::any_of(it->second.begin(), it->second.end(), [&](const auto& shown) {
           return shown.find(text) != std::string::npos;
         });
}

std::string script_runner::told(std::int64_t user) const {
  const auto it = seen_.find(user);
  if (it == seen_.end() || it->second.empty()) return "the bot has shown nothing since";
  return "the bot showed last:\n" + it->second.back();
}

void script_runner::wait_for(const script_step& s, std::int64_t user) {
  const auto limit = s.number > 0 ? s.number : limit_ms_;
  if (!until(limit, [&] { return seen(user, s.text); }))
    throw failure{"waited " + seconds(limit) + " for " + quoted(s.text) + ", but " + told(user)};
}

void script_runner::expect(const script_step& s, std::int64_t user) {
  look(0);
  if (seen(user, s.text) == (s.what == act::expect)) return;
  if (s.what == act::expect) throw failure{"expected " + quoted(s.text) + ", but " + told(user)};
  throw failure{"did not expect " + quoted(s.text) + ", but the bot has shown it"};
}

void script_runner::expect_no_violations() {
  const auto found = world_.get("/sandbox/violations");
  if (found.at("total") == 0) return;
  std::string all;
  for (const auto& [what, times] : found.at("kinds").items()) all += "\n" + what + ": " + times.dump();
  throw failure{"expected no violations of the Bot API, but there are:" + all};
}

/// The newest whose label is the text, else the newest that has it within.
json script_runner::button(const script_step& s, std::int64_t user, std::int64_t& message_id) {
  const auto chat = world_.get("/sandbox/chat?user_id=" + std::to_string(user));
  for (const bool whole : {true, false})
    for (auto m = chat.rbegin(); m != chat.rend(); ++m)
      for (const auto& row : m->value("/reply_markup/inline_keyboard"_json_pointer, json::array()))
        for (const auto& b : row) {
          const std::string label = b.value("text", "");
          if (whole ? label != s.text : label.find(s.text) == std::string::npos) continue;
          message_id = m->at("message_id");
          return b;
        }
  return {};
}

/// The button may not be there yet.
void script_runner::press(const script_step& s, std::int64_t user) {
  json b;
  std::int64_t message_id = 0;
  if (!until(limit_ms_, [&] { return !(b = button(s, user, message_id)).is_null(); }))
    throw failure{"waited " + seconds(limit_ms_) + " for a button " + quoted(s.text) + ", but " + told(user)};
  if (b.contains("pay")) throw failure{"this button pays: write " + s.who + " pays"};
  if (!b.contains("callback_data"))
    throw failure{"a script cannot press this button: it opens " +
                  b.value("url", "something outside the chat")};
  act(s);
  world_.post("/sandbox/press",
              {{"user_id", user}, {"message_id", message_id}, {"data", b["callback_data"]}, {"wait_ms", 0}});
}

void script_runner::send_photo(const script_step& s, std::int64_t user) {
  const std::string bytes = world_.read_file(s.detail);
  if (bytes.empty())
    throw failure{"there is no photo " + quoted(s.detail) + "; a script's files lie beside it"};
  act(s);
  world_.post("/sandbox/send", {{"user_id", user}, {"photo_base64", to_base64(bytes)}, {"caption", s.text}});
}

void script_runner::pay(const script_step& s, std::int64_t user) {
  std::int64_t invoice = 0;
  auto newest = [&] {
    for (const auto& m : world_.get("/sandbox/chat?user_id=" + std::to_string(user)))
      if (m.contains("invoice")) invoice = m["message_id"];
    return invoice != 0;
  };
  if (!until(limit_ms_, newest))
    throw failure{"waited " + seconds(limit_ms_) + " for an invoice, but " + told(user)};
  act(s);
  world_.post("/sandbox/pay", {{"user_id", user}, {"message_id", invoice}, {"wait_ms", payment_limit_ms}});
}

} // namespace troupe::sandbox
