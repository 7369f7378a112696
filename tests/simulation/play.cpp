#include "tests/simulation/play.hpp"
#include <filesystem>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace troupe::simulation {
namespace {

namespace fs = std::filesystem;

/// In memory where possible: an fsync costs nothing there, and a crash is only played.
std::string new_folder() {
  const auto base = ::access("/dev/shm", W_OK) == 0 ? fs::path{"/dev/shm"} : fs::temp_directory_path();
  auto pattern = (base / "troupe-simulation-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error{"no folder " + pattern};
  return pattern;
}

config::settings base_config(const std::string& folder) {
  static const auto loaded =
      config::load(TROUPE_SOURCE_DIR "/config", {{"BOT_TOKEN", bot_token}, {"KIE_API_KEY", "simulated"}});
  auto s = loaded;
  s.opts.storage.database_path = folder + "/troupe.db";
  s.opts.storage.files_dir = folder;
  s.opts.web.public_url = public_url;
  s.opts.telegram.webhook = false; // long polling meets more faults
  s.opts.users.welcome_credits = 60;
  s.opts.yookassa.api_url = shop_url;
  s.opts.yookassa.shop_id = "100500", s.opts.yookassa.secret_key = "test_sandbox";
  return s;
}

bool moves_money(durable_step s) {
  return s != durable_step::turn_stored && s != durable_step::updates_accepted &&
         s != durable_step::message_settled && s != durable_step::message_parked;
}

} // namespace

play::play(std::uint64_t seed, planted bug)
    : world{seed, coming, log, [this] { return now(); }}, dice_{seed ^ 0xD1CEu}, folder_{new_folder()},
      bug_{bug} {
  spdlog::set_level(spdlog::level::off);
  config = base_config(folder_);
  world.broken_rule = [this](const std::string& what) {
    violations.push_back({what, log.count()});
    log.line(now(), "BROKEN: " + what);
  };
}

play::~play() {
  engine_.reset();
  checks_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

checks& play::proofs() {
  if (!checks_)
    checks_ =
        std::make_unique<checks>(database(), world, config.opts.users.welcome_credits, world.broken_rule);
  return *checks_;
}

verdict play::judge(durable_step step, bool committed) {
  if (script)
    if (const auto v = script(step, committed); v != verdict::go_on) return v;
  if (committed) {
    ++passed[static_cast<std::size_t>(step)];
    money_moved_ = money_moved_ || moves_money(step);
    log.line(now(), std::string{"stored: "} + name_of(step));
  } else if (now() < disk_full_until_ || dice_.chance(disk_full_rate)) {
    ++world.injected[fault::disk];
    log.line(now(), std::string{"the disk is full before: "} + name_of(step));
    return verdict::disk_full;
  }
  if (!dice_.chance(deaths.at_step)) return verdict::go_on;
  log.line(now(), std::string{"death "} + (committed ? "after: " : "before: ") + name_of(step));
  return verdict::die;
}

void play::cut_off(fault what, unix_ms length) {
  ++world.injected[what];
  log.line(now(), std::string{name_of(what)} + " for " + std::to_string(length / 1000) + " s");
  auto& until = what == fault::full_disk     ? disk_full_until_
                : what == fault::no_telegram ? world.no_telegram_until
                                             : world.no_provider_until;
  until = now() + length;
  up_since_ = std::max(up_since_, until);
  world.excuse(now() - 40 * minute_ms, until);
}

void play::start() {
  log.line(now(), "the engine starts");
  engine_setting s{config,
                   {bug_, database(), order_, world.broken_rule},
                   [this](durable_step step, bool committed) { return judge(step, committed); }};
  engine_ = std::make_unique<simulated_engine>(s, world, clock_);
  up_since_ = std::max(up_since_, now());
}

void play::die(const char* where) {
  ++crashes;
  log.line(now(), std::string{"the engine is dead, "} + where);
  at_death();
  engine_.reset();
  proofs().thorough();
  coming.at(now() + dice_.between(back_after_least, back_after_most), [this] { start(); });
}

void play::jump(virtual_time to) {
  clock_ = to;
  if (engine_) engine_->advance_to(clock_);
  while (coming.run_one_due(now())) {
  }
  if (now() >= next_hour_) {
    next_hour_ += hour_ms;
    if (engine_) proofs().every_hour(now(), up_since_);
  }
  if (now() >= next_day_) {
    next_day_ += day_ms;
    proofs().thorough();
  }
}

/// One message, or one leap to the next event. False: nothing more before `t`.
bool play::step(unix_ms t) {
  const auto falls = [this] {
    if (fall_in_messages == 0 || dice_.below(fall_in_messages) != 0) return false;
    log.line(now(), "an actor falls");
    return ++world.injected[fault::fall], true;
  };
  if (engine_ && engine_->run_one([this](std::int64_t n) { return dice_.below(n); }, falls)) {
    ++messages;
    if (std::exchange(money_moved_, false)) proofs().after_money();
    if (engine_->crashed()) die("at a durable step");
    else if (messages == dies_after_message ||
             (deaths.one_in_messages > 0 && dice_.below(deaths.one_in_messages) == 0))
      die("between two messages");
    return true;
  }
  auto next = std::chrono::duration_cast<virtual_time>(std::chrono::milliseconds{t - first_ms});
  const auto end = next;
  if (const auto at = coming.next_at())
    next = std::min<virtual_time>(next, std::chrono::milliseconds{*at - first_ms});
  if (engine_)
    if (const auto at = engine_->next_timer()) next = std::min(next, *at);
  jump(std::max(next, clock_));
  return next < end;
}

void play::run_until(unix_ms t) {
  if (!engine_ && crashes == 0) start();
  while (!stopped() && step(t)) {
  }
}

} // namespace troupe::simulation
