#pragma once
/// The real program twice: `troupe sandbox` as the outside world, `troupe serve` as the engine.
#include "net/transport.hpp"
#include "tests/catch.hpp"
#include "tests/whole/process.hpp"
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::test {

/// The outside world and an engine on a fresh database, both on ports of their own.
struct sandbox_stage {
  std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("troupe-whole-" + std::to_string(getpid()));
  int port = free_port(), web = free_port();
  std::string base = "http://127.0.0.1:" + std::to_string(port);
  std::unique_ptr<transport> http = make_http_transport();
  process sandbox;

  explicit sandbox_stage(int fail_percent = 20) : sandbox{begin(fail_percent)} {
    REQUIRE(within(std::chrono::seconds{10}, [&] { return !get("/sandbox/stats").is_null(); }));
  }
  /// Whatever a test shows, the engine asked Telegram for nothing that the Bot API does not know.
  ~sandbox_stage() {
    const auto seen = get("/sandbox/violations");
    CHECK(seen.is_object());
    const auto kinds = seen.is_object() ? seen.value("kinds", nlohmann::json::object()) : nlohmann::json{};
    for (const auto& [what, times] : kinds.items())
      if (what.rfind("schema:", 0) == 0) FAIL_CHECK(what);
    std::filesystem::remove_all(dir);
  }

  process begin(int fail_percent) const {
    std::filesystem::remove_all(dir);
    std::filesystem::create_directories(dir);
    return {{TROUPE_BINARY, "sandbox", "--port", std::to_string(port), "--generation-ms", "1500",
             "--fail-percent", std::to_string(fail_percent)},
            {},
            log()};
  }
  process engine(std::map<std::string, std::string> with = {}, process_limits most = {}) const {
    with.insert({{"BOT_TOKEN", "1000001:sandbox"},
                 {"KIE_API_KEY", "sandbox"},
                 {"DATABASE_PATH", database()},
                 {"TELEGRAM_API_URL", base},
                 {"KIE_API_URL", base},
                 {"KIE_UPLOAD_URL", base},
                 {"WEBHOOK_URL", "http://127.0.0.1:" + std::to_string(web)},
                 {"TROUPE_TELEGRAM_WEBHOOK", "false"},
                 {"TROUPE_WEB_PORT", std::to_string(web)},
                 {"TROUPE_STORAGE_FILES_DIR", (dir / "files").string()},
                 {"TROUPE_USERS_WELCOME_CREDITS", "3"},
                 {"TROUPE_KIE_FIRST_POLL_S", "1"},
                 {"TROUPE_KIE_POLL_EVERY_S", "1"},
                 {"TROUPE_KIE_TIME_LIMIT_S", "25"},
                 {"TROUPE_KIE_LATE_WATCH_H", "0"}});
    return {{TROUPE_BINARY, "--config", std::string{TROUPE_SOURCE_DIR} + "/config", "serve"},
            with,
            log(),
            most};
  }
  std::string database() const { return (dir / "troupe.db").string(); }
  std::string log() const { return (dir / "log").string(); }

  nlohmann::json talk(http_request r) {
    r.time_limit = std::chrono::seconds{10};
    auto reply = http->send(r);
    return reply.status == 200 ? nlohmann::json::parse(reply.body, nullptr, false) : nlohmann::json{};
  }
  nlohmann::json get(const std::string& path) {
    http_request r;
    r.url = base + path;
    return talk(std::move(r));
  }
  nlohmann::json post(const std::string& path, const nlohmann::json& body) {
    http_request r;
    r.method = "POST";
    r.url = base + path;
    r.body = body.dump();
    return talk(std::move(r));
  }
  /// @returns the message's id; 0: it was not taken
  std::int64_t say(std::int64_t user, const std::string& words, std::int64_t answered = 0) {
    const auto m = post("/sandbox/send", {{"user_id", user}, {"text", words}, {"reply_to", answered}});
    return m.is_object() ? m.value("message_id", std::int64_t{0}) : 0;
  }
  nlohmann::json chat(std::int64_t user) {
    auto all = get("/sandbox/chat?user_id=" + std::to_string(user));
    return all.is_array() ? all : nlohmann::json::array();
  }
  /// Presses the newest button that `fits`; false when there is none yet.
  template <class Fits> bool press_one(std::int64_t user, Fits fits) {
    const auto all = chat(user);
    for (auto m = all.rbegin(); m != all.rend(); ++m)
      for (auto& row : m->value("reply_markup", nlohmann::json::object())
                           .value("inline_keyboard", nlohmann::json::array()))
        for (auto& b : row)
          if (fits(b)) {
            post("/sandbox/press", {{"user_id", user},
                                    {"message_id", (*m)["message_id"]},
                                    {"data", b["callback_data"]},
                                    {"wait_ms", 0}});
            return true;
          }
    return false;
  }
  /// The newest whose data starts with `data`.
  bool press(std::int64_t user, const std::string& data) {
    return press_one(user, [&](auto& b) { return b.value("callback_data", "").rfind(data, 0) == 0; });
  }
  bool press_label(std::int64_t user, const std::string& label) {
    return press_one(user, [&](auto& b) { return b.value("text", "").find(label) != std::string::npos; });
  }
};

} // namespace troupe::test
