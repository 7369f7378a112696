#include "scripted.hpp"
#include "net/sandbox/script_runner.hpp"
#include "net/transport.hpp"
#include <arpa/inet.h>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace troupe::scripted {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr milliseconds start_limit{30'000}, call_limit{20'000};
constexpr std::uintmax_t photo_bytes_max = 20u << 20;

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free); // a signal sets it

std::int64_t now_ms() {
  const auto t = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(t).count();
}

std::string read_all(std::istream& in) {
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

/// A folder of our own that goes with us.
class temporary_folder {
public:
  temporary_folder() {
    std::string name = (fs::temp_directory_path() / "troupe-script-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder " + name);
    path_ = name;
  }
  ~temporary_folder() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  std::string in(const char* name) const { return (path_ / name).string(); }
  void keep() { kept_ = true; }

private:
  fs::path path_;
  bool kept_ = false;
};

/// A port that nobody listens on at the moment.
int free_port() {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&a), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0;
  if (fd >= 0) ::close(fd);
  if (!bound) throw std::runtime_error("no free port for the engine");
  return ntohs(a.sin_port);
}

/// Of our own environment only what no real key is in: a script must never reach the real services.
std::map<std::string, std::string> harmless_environment() {
  std::map<std::string, std::string> kept;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string line = *one, name = line.substr(0, line.find('='));
    const bool plain = name == "PATH" || name == "HOME" || name == "LANG" || name == "TMPDIR" ||
                       name == "TZ" || name.rfind("LC_", 0) == 0;
    if (plain || name.rfind("TROUPE_", 0) == 0)
      kept[name] = line.substr(std::min(name.size() + 1, line.size()));
  }
  return kept;
}

/// As in ./run, but it asks for a video every second.
std::map<std::string, std::string> engine_environment(const sandbox::settings& world, const std::string& base,
                                                      int web, const std::string& database,
                                                      const temporary_folder& folder) {
  auto all = harmless_environment();
  const std::string own = "http://127.0.0.1:" + std::to_string(web);
  all.insert({{"TROUPE_USERS_WELCOME_CREDITS", "10"}, {"TROUPE_PROMPT_WRITER_TIME_LIMIT_S", "8"}});
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"BOT_TOKEN", world.token},
           {"KIE_API_KEY", "sandbox"},
           {"DATABASE_PATH", database.empty() ? folder.in("troupe.db") : database},
           {"TROUPE_STORAGE_FILES_DIR", folder.in("files")},
           {"TELEGRAM_API_URL", base},
           {"KIE_API_URL", base},
           {"KIE_UPLOAD_URL", base},
           {"PROMPT_WRITER_API_URL", base + "/v1"},
           {"PROMPT_WRITER_API_KEY", "sandbox"},
           {"YOOKASSA_API_URL", base},
           {"YOOKASSA_SHOP_ID", "100500"},
           {"YOOKASSA_SECRET_KEY", "test_sandbox"},
           {"TROUPE_YOOKASSA_RETURN_URL", base + "/"},
           {"TROUPE_YOOKASSA_CHECK_SENDER", "false"},
           {"TROUPE_YOOKASSA_CHECK_EVERY_S", "2"},
           {"WEBHOOK_URL", own},
           {"TROUPE_WEB_PORT", std::to_string(web)},
           {"TROUPE_TELEGRAM_WEBHOOK", "false"},
           {"TROUPE_KIE_FIRST_POLL_S", "1"},
           {"TROUPE_KIE_POLL_EVERY_S", "1"}})
    all[name] = value;
  return all;
}

/// Sandbox and engine, started here or found.
class playhouse {
public:
  playhouse(sandbox::settings world, const options& o) : base_(o.attach), http_(make_http_transport()) {
    if (!base_.empty()) {
      while (base_.back() == '/') base_.pop_back();
      return;
    }
    const int web = free_port();
    if (world.port == 0) world.port = free_port();
    base_ = "http://127.0.0.1:" + std::to_string(world.port);
    world.yookassa_notice_url = "http://127.0.0.1:" + std::to_string(web) + "/yookassa/webhook";
    world.engine.environment = engine_environment(world, base_, web, o.database, folder_);
    world.engine.log = folder_.in("engine.log");
    world.engine_ended = [this](const sandbox::engine_end& e) {
      const std::lock_guard lock(mutex_);
      ended_ = e.why;
    };
    server_ = std::make_unique<sandbox::server>(std::move(world));
    server_->start();
  }

  void wait_until_ready() {
    const auto end = now_ms() + start_limit.count();
    while (!call("GET", "/sandbox/bot", "").value("listening", false)) {
      if (now_ms() > end)
        throw std::runtime_error("no engine asks the sandbox for updates; what it said: " + keep_log());
      std::this_thread::sleep_for(milliseconds{50});
    }
  }

  json post(const std::string& path, const json& body) { return call("POST", path, body.dump()); }

  json call(const std::string& method, const std::string& path, const std::string& body) {
    if (interrupted) throw std::runtime_error("interrupted");
    if (const auto why = ended(); !why.empty())
      throw std::runtime_error("the engine has ended: " + why + "; what it said: " + keep_log());
    http_request q;
    q.method = method;
    q.url = base_ + path;
    q.body = body;
    q.time_limit = call_limit;
    const auto r = http_->send(q);
    const auto answer = json::parse(r.body, nullptr, false);
    if (r.error != http_error::none) throw std::runtime_error("no answer from the sandbox at " + base_);
    if (r.status == 200 && !answer.is_discarded()) return answer;
    const std::string why = answer.is_object() ? answer.value("error", "") : "";
    throw std::runtime_error(why.empty() ? "the sandbox answered " + std::to_string(r.status) + " to " + path
                                         : why);
  }

  /// What helps to see why a script failed. @returns where it is
  std::string keep_log() {
    if (!server_) return "see its own log";
    folder_.keep();
    return folder_.in("engine.log");
  }

private:
  std::string ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  temporary_folder folder_;
  std::string base_;
  std::unique_ptr<transport> http_;
  std::mutex mutex_;
  std::string ended_; ///< Guarded by `mutex_`: why the engine does not run though it should; "": it may.
  std::unique_ptr<sandbox::server> server_; ///< Goes first, and its engine with it.
};

/// Beside the script.
std::string read_file(const fs::path& script, const std::string& name) {
  const fs::path file = script.parent_path() / name;
  std::error_code error;
  if (fs::file_size(file, error) > photo_bytes_max || error) return {};
  std::ifstream in{file, std::ios::binary};
  return read_all(in);
}

std::optional<std::string> script_text(const std::string& file) {
  if (file == "-") return read_all(std::cin);
  std::ifstream in{file, std::ios::binary};
  if (!in || fs::is_directory(file)) return std::nullopt;
  return read_all(in);
}

int run(playhouse& house, const std::vector<sandbox::script_step>& steps, const options& o) {
  house.wait_until_ready();
  sandbox::script_world world;
  world.get = [&](auto& path) { return house.call("GET", path, ""); };
  world.post = [&](auto& path, auto& body) { return house.post(path, body); };
  world.read_file = [&](auto& name) { return read_file(o.file, name); };
  world.now_ms = now_ms;
  world.pause = [](std::int64_t ms) { std::this_thread::sleep_for(milliseconds{ms}); };
  const auto result = sandbox::script_runner{world, std::cout, o.limit_s * 1000}.run(steps);
  if (result.held) return 0;
  std::cout << std::flush;
  std::cerr << o.file << ":" << result.line << ": " << result.why
            << "\nThe engine's log: " << house.keep_log() << "\n";
  return 1;
}

} // namespace

int play(sandbox::settings world, const options& o) {
  const auto text = script_text(o.file);
  if (!text) throw std::runtime_error("cannot read the script " + o.file);
  std::vector<sandbox::script_step> steps;
  try {
    steps = sandbox::parse_script(*text);
  } catch (const sandbox::bad_script& e) {
    std::cerr << o.file << ":" << e.line << ": " << e.what() << "\n";
    return 2;
  }
  for (int s : {SIGINT, SIGTERM}) std::signal(s, [](int) { interrupted = true; });
  std::signal(SIGPIPE, SIG_IGN);
  playhouse house{std::move(world), o};
  return run(house, steps, o);
}

} // namespace troupe::scripted
