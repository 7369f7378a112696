#include "actors/engine.hpp"
#include "actors/error_tally.hpp"
#include "actors/health_answer.hpp"
#include "actors/log.hpp"
#include "actors/porter.hpp"
#include "net/telegram_bot.hpp"
#include "net/web_server.hpp"
#include "net/yookassa.hpp"
#include <chrono>
#include <filesystem>

namespace troupe {
namespace {

constexpr std::size_t waiting_requests_max = 20'000;
// So many requests of a lane are on the wire at once, where no option says so.
constexpr int checkout_requests = 2;
constexpr int photo_requests = 2;
constexpr int upload_requests = 8;                   // videos and photos of results, beside the small calls
constexpr auto rest_limit = std::chrono::seconds{4}; // of the 14 s that a stop may take

unix_ms wall_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct actor_config : caf::actor_system_config {
  explicit actor_config(int threads) {
    set("scheduler.policy",
        caf::atom("sharing")); // stealing burns up to 44 % of a core on timers, sharing 1 %
    set("scheduler.max-threads", static_cast<std::size_t>(threads));
    set("scheduler.max-throughput",
        std::size_t{50}); // unlimited by default: a busy actor would starve the rest
  }
};

} // namespace

struct engine::impl {
  std::shared_ptr<engine_context> ctx = std::make_shared<engine_context>();
  actor_config actors_cfg;
  std::unique_ptr<caf::actor_system> sys;
  std::shared_ptr<storage::store> store;
  std::unique_ptr<storage::files_folder> files;
  std::shared_ptr<storage::reader> reader, second_reader;
  ways_out ways; ///< of all that goes outside
  supervisor_actor supervisor;
  porter_actor porter;
  std::function<void(const std::string&)> hopeless;
  std::unique_ptr<web_server> web;
  int port = 0;
  bool book_is_new = false;
  std::int64_t bot_before = 0; ///< another one than now; 0: there was none
  unix_ms began_at = 0;

  impl(config::settings s, std::function<void(const std::string&)> on_hopeless)
      : actors_cfg{s.opts.scheduler.threads}, hopeless{std::move(on_hopeless)} {
    ctx->settings = std::make_shared<const config::settings>(std::move(s));
    ctx->now = wall_now;
    auto& o = ctx->opts();
    ways = {proxies_named_by(o.network),
            std::make_shared<const foreign_rule>(foreign_rule_named_by(o.network, o.kie))};
    if (ways.by->any()) log("engine")->info("{}", proxy_in_force(*ways.by));
  }

  http_actor lane(int at_once, std::size_t waiting_max = waiting_requests_max, const http_actor& large = {}) {
    return spawn_http_lane(*sys, {static_cast<std::size_t>(at_once), waiting_max}, ways, large);
  }

  /// A book begins where it is meant to: a mistyped path finds no folder.
  void open_store() {
    auto& o = ctx->opts();
    const auto& path = o.storage.database_path;
    if (path == config::options{}.storage.database_path)
      std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
    store = std::make_shared<storage::store>(path);
    files = std::make_unique<storage::files_folder>(path, o.storage.files_dir);
    book_is_new = store->is_new();
    if (book_is_new)
      log("engine")->warn(
          "NEW database created at {}: no users, no credits, no videos in it. If there should be "
          "some, stop and correct DATABASE_PATH",
          std::filesystem::absolute(path).string());
    bot_before = store->serve_bot(telegram::bot_id_of(o.telegram.bot_token));
    if (bot_before != 0)
      log("engine")->warn(
          "another bot than before ({}, it was {}) serves the database {}: users, credits and videos "
          "stay, the new bot's updates are counted anew. Who has not started the new bot hears nothing",
          telegram::bot_id_of(o.telegram.bot_token), bot_before, path);
    const auto secret =
        o.web.callback_secret.empty() ? store->kept_secret("callback_secret") : o.web.callback_secret;
    ctx->callback_secret =
        callback_key(secret, telegram::bot_id_of(o.telegram.bot_token), store->kept_secret("database_id"));
    ctx->webhook_secret =
        o.web.webhook_secret.empty() ? store->kept_secret("webhook_secret") : o.web.webhook_secret;
    reader = std::make_shared<storage::reader>(o.storage.database_path);
    second_reader = std::make_shared<storage::reader>(o.storage.database_path);
    auto report = reader->audit();
    for (auto& fault : report.faults) log("audit")->critical(fault);
    if (!report.faults.empty())
      throw storage::store_error{"the audit of " + o.storage.database_path + " found " +
                                 std::to_string(report.faults.size()) +
                                 " faults; nothing is sold. Restore a backup, or run: troupe audit"};
    log("audit")->info("the book is in order: {} users, {} transfers, {} credits with users, {} open jobs",
                       report.users, report.transfers, report.credits_with_users, report.open_jobs);
  }

  /// A cast and fresh connections for it; also after a fall, when the old ones are stopped for good.
  cast new_cast() {
    auto& o = ctx->opts();
    store->forget_batch();
    cast_setting setting{ctx, store, reader, {}};
    setting.second_reader = second_reader;
    // Users wait for it: who would wait long is served without.
    const int writers = o.prompt_writer.on() ? o.prompt_writer.workers : 1;
    const auto uploads = lane(upload_requests);
    setting.outside = {.senders = lane(o.telegram.senders, waiting_requests_max, uploads),
                       .files = lane(photo_requests),
                       .provider = lane(o.kie.workers),
                       .polling = lane(1),
                       .checkout = lane(checkout_requests),
                       .shop = lane(o.yookassa.workers),
                       .media = spawn_media(*sys, o.media.workers),
                       .writer = lane(writers, static_cast<std::size_t>(writers) * 8),
                       .transfers = lane(o.kie.transfer_workers),
                       .pictures = spawn_picture_worker(*sys),
                       .results = lane(o.kie.transfer_workers),
                       .uploads = uploads};
    auto c = spawn_cast(*sys, setting);
    caf::anon_send(c.watchman, alarm{"restart", "alarm.restart", c.goes_on_with});
    return c;
  }

  std::pair<int, std::string> health() const { return health_answer(*ctx, began_at); }

  void bring(web_post p) { caf::anon_send(porter, std::move(p)); }

  void start_web() {
    auto& o = ctx->opts().web;
    if (o.port == 0 && o.public_url.empty()) return;
    web_hooks hooks;
    hooks.health = [this] { return health(); };
    hooks.on_callback = [this](web_callback c, web_hooks::told told) {
      bring({web_post::kind::callback, {}, {c.job_id, std::move(c.task_id), c.created_at}, std::move(told)});
    };
    if (!ctx->webhook_url().empty())
      hooks.on_update = [this](std::string body, web_hooks::told told) {
        bring({web_post::kind::update, std::move(body), {}, std::move(told)});
      };
    auto& shop = ctx->opts().yookassa;
    if (!shop.secret_key.empty())
      hooks.on_payment_notice = [this](std::string body, web_hooks::told told) {
        bring({web_post::kind::notice, std::move(body), {}, std::move(told)});
      };
    if (shop.check_sender) hooks.may_notify = yookassa::is_yookassa_address;
    web_settings set;
    set.host = o.host, set.port = o.port;
    set.callback_secret = ctx->callback_secret, set.kie_webhook_key = o.kie_webhook_key;
    set.telegram_secret = ctx->webhook_secret;
    set.proxy_header = o.proxy_header, set.proxies = o.proxies;
    set.tls_certificate = o.tls_certificate, set.tls_key = o.tls_key;
    porter = spawn_porter(*sys, supervisor);
    web = std::make_unique<web_server>(std::move(set), std::move(hooks));
    port = web->start();
    log("web")->info("health at http://{}:{}/health", o.host, port);
  }

  /// So that nobody of a broadcast is left unknown by a planned stop.
  void let_rest() {
    caf::scoped_actor self{*sys};
    self->request(supervisor, rest_limit, rest{}).receive([](done) {}, [](caf::error&) {});
  }

  void tell(const std::string& kind, const char* key, const std::string& html) {
    caf::anon_send(supervisor, alarm{kind + html, key, {{"text", html}}}); // the same again is told once
  }

  /// What may be a mistake of the configuration, and is none that keeps us from starting. The store keeps it
  /// under these names until it is stored as said: a start that failed half way has told nobody.
  void tell_news() {
    const auto news = [&](const char* kind, const char* key, const std::string& html) {
      caf::anon_send(supervisor, alarm{kind, key, {{"text", html}}});
    };
    const auto path = std::filesystem::absolute(ctx->opts().storage.database_path).string();
    if (book_is_new) news("news:new_database", "alarm.new_database", telegram::escape_html(path));
    if (bot_before != 0) news("news:another_bot", "alarm.another_bot", std::to_string(bot_before));
  }

  void stop() {
    if (!sys) return;
    web.reset();
    if (porter) caf::anon_send_exit(porter, caf::exit_reason::kill);
    porter = nullptr;
    let_rest();
    caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown); // every blocking wait ends now
    supervisor = nullptr;
    // Waits for all actors. Not reset(): it forgets the system first, and a supervisor that is still spawning
    // its cast looks for it.
    delete sys.get();
    (void)sys.release();
    reader.reset();
    second_reader.reset();
    files.reset();
    store.reset();
  }
};

engine::engine(config::settings settings, std::function<void(const std::string& why)> hopeless)
    : impl_{std::make_unique<impl>(std::move(settings), std::move(hopeless))} {}
engine::~engine() { stop(); }

void engine::start() {
  auto& m = *impl_;
  m.ctx->errors = std::make_shared<error_tally>();
  spdlog::default_logger()->sinks().push_back(std::make_shared<error_sink>(m.ctx->errors));
  m.began_at = m.ctx->now();
  m.ctx->health->last_progress_at = m.began_at; // a young engine is healthy until proved otherwise
  m.open_store();
  m.sys = std::make_unique<caf::actor_system>(m.actors_cfg);
  m.supervisor = spawn_supervisor(*m.sys, {[&m] { return m.new_cast(); }, m.hopeless});
  m.start_web();
  m.tell_news();
}

std::vector<std::string> engine::reload(const config::settings& fresh) {
  auto& m = *impl_;
  const auto owners = m.ctx->opts().users.admin_ids;
  auto news = m.ctx->tuned->reload(m.ctx->settings, fresh);
  if (m.ctx->opts().users.admin_ids != owners) caf::anon_send(m.supervisor, rights_changed{});
  std::string lines;
  for (auto& line : news) {
    log("config")->warn("changed: {}", line);
    lines += "\n" + telegram::escape_html(line);
  }
  if (news.empty()) log("config")->info("read again: no option or price is different");
  else m.tell("settings changed", "alarm.config_changed", lines);
  return news;
}

void engine::reload_failed(const std::string& why) {
  log("config")->warn("the old settings stay: {}", why);
  impl_->tell("settings refused", "alarm.config_refused", telegram::escape_html(why));
}

void engine::stop() { impl_->stop(); }
int engine::web_port() const { return impl_->port; }

} // namespace troupe
