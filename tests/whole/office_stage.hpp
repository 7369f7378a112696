#pragma once
/// The real program with an administrator who runs it from a chat of the sandbox.
#include "messages/office.hpp"
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/whole/sandbox_stage.hpp"
#include "tests/founder.hpp"
#include <optional>

namespace troupe::test {

constexpr std::int64_t admin = founder_user_id;

struct office_stage : sandbox_stage {
  std::map<std::string, std::string> with;
  std::optional<process> running;

  explicit office_stage(std::map<std::string, std::string> more = {})
      : sandbox_stage{0}, with{std::move(more)} {
    with.insert({{"TROUPE_USERS_FOUNDER_CREDITS", "0"}});
    person(admin, "Root");
  }
  void start() { running.emplace(engine(with)); }
  void kill() { running->end(SIGKILL), running.reset(); }

  void person(std::int64_t id, const std::string& name) {
    post("/sandbox/users", {{"id", id}, {"first_name", name}, {"language_code", "ru"}});
  }
  using sandbox_stage::say;
  void say(const std::string& words) { say(admin, words); }

  static std::string words_of(const nlohmann::json& m) { return m.value("text", m.value("caption", "")); }
  /// What the bot said last.
  std::string screen(std::int64_t user = admin) {
    std::string last;
    for (auto& m : chat(user))
      if (m["from"].value("is_bot", false)) last = words_of(m);
    return last;
  }
  /// Whether the bot has said it; @returns the newest such message's id, 0: no.
  std::int64_t said(std::int64_t user, const std::string& words) {
    std::int64_t id = 0;
    for (auto& m : chat(user))
      if (m["from"].value("is_bot", false) && words_of(m).find(words) != std::string::npos)
        id = m["message_id"];
    return id;
  }
  bool sees(std::int64_t user, const std::string& words) {
    const bool seen = within(std::chrono::seconds{15}, [&] { return said(user, words) != 0; });
    if (!seen) WARN("not said: " << words << "\n" << transcript(user));
    return seen;
  }
  std::string transcript(std::int64_t user) {
    std::string all;
    for (auto& m : chat(user)) {
      all += m["from"].value("first_name", "?") + ": " + words_of(m) + "\n";
      for (auto& row : m.value("reply_markup", nlohmann::json::object())
                           .value("inline_keyboard", nlohmann::json::array()))
        for (auto& b : row) all += "  [" + b.value("text", "") + "]";
      all += "\n";
    }
    return all;
  }
  bool shows(const std::string& words) { return sees(admin, words); }
  bool presses(std::int64_t user, const std::string& label) {
    return within(std::chrono::seconds{15}, [&] { return press_label(user, label); });
  }
  bool presses(const std::string& label) { return presses(admin, label); }
  bool presses_data(const std::string& head) {
    return within(std::chrono::seconds{15}, [&] { return press(admin, head); });
  }

  /// Asks the file; empty while it is being opened.
  template <class Ask> auto book(Ask ask) const {
    using answer = decltype(ask(std::declval<storage::reader&>()));
    try {
      storage::reader file{database()};
      return answer(ask(file));
    } catch (const storage::store_error&) {
      return answer{};
    }
  }
  template <class Facts> Facts facts(const office_question& q) const {
    return book([&](auto& file) { return std::get<Facts>(file.answer(q)); });
  }
  std::int64_t balance(std::int64_t user) const {
    return book([&](auto& file) { return file.load_account(user).balance; });
  }
  bool has_balance(std::int64_t user, std::int64_t n) {
    return within(std::chrono::seconds{15}, [&] { return balance(user) == n; });
  }
  void check_audit() {
    CHECK(storage::reader{database()}.audit().faults.empty());
    const auto violations = get("/sandbox/violations");
    CAPTURE(violations);
    CHECK(violations["total"] == 0);
    CHECK(transcript(admin).find('{') == std::string::npos); // a text with a hole in it
  }
};

} // namespace troupe::test
