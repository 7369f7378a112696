#include "readiness/local.hpp"
#include "net/foreign_rule.hpp"
#include "net/http_address.hpp"
#include "net/telegram_bot.hpp"
#include "net/transport.hpp"
#include "readiness/addresses.hpp"
#include <algorithm>
#include <filesystem>

namespace troupe::readiness {
namespace {

constexpr std::int64_t free_bytes_least = 500ll << 20; // a few videos on their way and the book's growth

const std::string& origin_of(const config::settings& s, const std::string& key) {
  static const std::string nowhere = "default";
  const auto line = std::find_if(s.report.begin(), s.report.end(), [&](auto& e) { return e.key == key; });
  return line == s.report.end() ? nowhere : line->origin;
}

/// The variable or line that said it, else the variable that may.
std::string named(const config::settings& s, const std::string& key, const std::string& variable) {
  const auto& origin = origin_of(s, key);
  return origin == "default" ? variable : origin;
}

bool all_of(const std::string& s, bool (*fits)(char)) {
  return !s.empty() && std::all_of(s.begin(), s.end(), fits);
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_token_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

bool is_token(const std::string& s) {
  const auto colon = s.find(':');
  return colon != s.npos && all_of(s.substr(0, colon), is_digit) &&
         all_of(s.substr(colon + 1), is_token_char);
}

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

} // namespace

finding probe_token(const config::settings& s) {
  const auto& token = s.opts.telegram.bot_token;
  if (token.empty())
    return {grade::missing, "bot token",
            "set BOT_TOKEN (or BOT_TOKEN_FILE). Get one from https://t.me/BotFather: /newbot"};
  if (is_token(token)) return {grade::fine, "bot token", "has the shape of one"};
  return {grade::wrong, "bot token",
          named(s, "telegram.bot_token", "BOT_TOKEN") +
              " holds no token: it is a number, a colon and letters, as 123456:ABC-def. Copy it again from "
              "https://t.me/BotFather: /mybots"};
}

finding probe_keys(const config::settings& s) {
  const auto n = s.opts.kie.api_keys.size();
  if (n > 0) return {grade::fine, "kie.ai key", std::to_string(n) + (n == 1 ? " is set" : " are set")};
  return {grade::missing, "kie.ai key",
          "set KIE_API_KEY (or KIE_API_KEY_FILE). Get one at https://kie.ai/api-key"};
}

finding probe_administrators(const config::settings& s) {
  const auto& ids = s.opts.users.admin_ids;
  const std::string subject = "administrators";
  if (ids.empty())
    return {grade::look, subject, "there is none: nobody can open /admin. Set ADMIN_IDS to your Telegram id"};
  std::string list;
  for (auto id : ids) list += (list.empty() ? "" : ", ") + std::to_string(id);
  const bool played =
      read_address(s.opts.telegram.api_url).where == reach::here; // a sandbox has its own people
  if (played || ids != config::options{}.users.admin_ids || origin_of(s, "users.admin_ids") == "ADMIN_IDS")
    return {grade::fine, subject, list};
  return {grade::look, subject,
          "ADMIN_IDS is not set: " + list +
              ", who may be somebody else, rules this bot as its owner and gets the founder's gift. Set "
              "ADMIN_IDS to "
              "your own Telegram id, and he has neither"};
}

finding probe_shop(const config::settings& s) {
  const auto& y = s.opts.yookassa;
  if (y.shop_id.empty() && y.secret_key.empty())
    return {grade::fine, "YooKassa",
            "YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY are not set: credits are sold for Stars only"};
  if (!y.shop_id.empty() && !y.secret_key.empty()) return {grade::fine, "YooKassa", "both keys are set"};
  const bool id = !y.shop_id.empty();
  return {grade::wrong, "YooKassa",
          std::string{"only "} + (id ? "YOOKASSA_SHOP_ID" : "YOOKASSA_SECRET_KEY") +
              " is set, so no cards are sold: set " + (id ? "YOOKASSA_SECRET_KEY" : "YOOKASSA_SHOP_ID") +
              " too, or neither"};
}

namespace {

/// What is sent there holds secrets.
void probe_api(const std::string& name, const std::string& url, findings& all) {
  if (url.empty()) return;
  const auto a = read_address(url);
  if (a.encrypted || a.where == reach::here) return;
  if (a.where == reach::own)
    all.push_back({grade::look, name,
                   url + " is not encrypted: only for a network that nobody else listens to; else https://"});
  else
    all.push_back(
        {grade::wrong, name,
         url + " is not encrypted, and everybody on the way would read the secrets: write https://"});
}

void probe_outside_address(const config::settings& s, findings& all) {
  const auto& o = s.opts;
  if (o.web.public_url.empty()) {
    all.push_back({grade::fine, "outside address",
                   "WEBHOOK_URL is not set: no callbacks, results are polled every " +
                       std::to_string(o.kie.poll_every_s) + " s"});
    return;
  }
  const auto name = named(s, "web.public_url", "WEBHOOK_URL");
  const auto ours = read_address(o.web.public_url), telegram = read_address(o.telegram.api_url);
  const auto wrong = [&](const std::string& words) {
    all.push_back({grade::wrong, "outside address", words});
  };
  const bool told_by_strangers = telegram.where == reach::everywhere && o.telegram.webhook;
  if (ours.where == reach::here) {
    if (told_by_strangers)
      wrong(
          name + " = " + o.web.public_url +
          " is this machine itself: Telegram cannot reach it and no update would arrive. Set the address by "
          "which the Internet reaches us, or unset it");
    return;
  }
  if (!ours.encrypted)
    wrong(name + " = " + o.web.public_url +
          " must start with https://: Telegram posts to nothing else (docs/PROXY.md)");
  else if (told_by_strangers && ours.port != 443 && ours.port != 80 && ours.port != 88 && ours.port != 8443)
    wrong(name + " = " + o.web.public_url + ": Telegram posts to the ports 443, 80, 88 and 8443 only");
}

} // namespace

findings probe_addresses(const config::settings& s) {
  findings all;
  probe_api("telegram.api_url", s.opts.telegram.api_url, all);
  probe_api("kie.api_url", s.opts.kie.api_url, all);
  probe_api("kie.upload_url", s.opts.kie.upload_url, all);
  if (!s.opts.yookassa.secret_key.empty()) probe_api("yookassa.api_url", s.opts.yookassa.api_url, all);
  probe_api("prompt_writer.api_url", s.opts.prompt_writer.api_url, all);
  probe_outside_address(s, all);
  return all;
}

namespace {

finding probe_new_database(const std::string& path, machine& m) {
  const std::string subject = "database";
  const auto folder = folder_of(path);
  const bool usual = path == config::options{}.storage.database_path;
  auto there = folder;
  while (usual && m.kind_of(there) == path_kind::none && there != ".") there = folder_of(there);
  if (m.kind_of(there) == path_kind::none)
    return {grade::wrong, subject,
            "there is no folder " + folder + " for " + path + ": create it, or correct DATABASE_PATH"};
  if (m.kind_of(there) == path_kind::file)
    return {grade::wrong, subject,
            there + " is a file, so " + path + " cannot be in it: correct DATABASE_PATH"};
  if (const auto why = m.why_not_write(there); !why.empty())
    return {grade::wrong, subject,
            "the folder " + there + " cannot be written (" + why + "), and " + path +
                " would be created there: look at its owner and rights (ls -ld " + there + ")"};
  return {grade::look, subject,
          "there is no " + path +
              " yet: the start creates a NEW one, with nobody and nothing in it. If there "
              "is an older one, correct DATABASE_PATH"};
}

const char* const rights = "): look at its owner and rights";

/// What SQLite opens beside the file, and needs to write, too.
std::string why_not_change(const std::string& path, machine& m) {
  for (auto& file : {path, path + "-wal", path + "-shm"}) {
    if (file != path && m.kind_of(file) == path_kind::none) continue;
    if (const auto why = m.why_not_change(file); !why.empty())
      return file + " cannot be written (" + why + rights;
  }
  if (const auto why = m.why_not_write(folder_of(path)); !why.empty())
    return "the folder of " + path + " cannot be written (" + why + rights;
  return m.why_not_lock(path);
}

/// A book with a fault is not served.
std::string why_not_in_order(const std::string& path, machine& m) {
  try {
    const auto faults = m.faults_of(path);
    if (faults == 0) return "";
    return "the audit of " + path + " found " + std::to_string(faults) +
           (faults == 1 ? " fault" : " faults") +
           ", and nothing would be sold: restore a backup, or see them with troupe audit";
  } catch (const std::exception& e) {
    return e.what();
  }
}

finding probe_contents(const config::settings& s, const std::string& path, const database_facts& found) {
  const std::string subject = "database";
  if (found.empty)
    return {grade::look, subject,
            path +
                " is there, but no book is in it: the start begins a NEW one, with nobody and nothing in it. "
                "If it should hold one, restore a backup, or correct DATABASE_PATH"};
  const auto bot = telegram::bot_id_of(s.opts.telegram.bot_token);
  if (found.bot != 0 && bot != 0 && found.bot != bot)
    return {grade::look, subject,
            path + " served the bot " + std::to_string(found.bot) + ", and the token is that of the bot " +
                std::to_string(bot) +
                ": users, credits and videos stay, but whoever has not started the new bot hears nothing. If "
                "that is not meant, correct " +
                named(s, "telegram.bot_token", "BOT_TOKEN") + " or DATABASE_PATH"};
  return {grade::fine, subject, path + " is ours and may be written"};
}

finding probe_old_database(const config::settings& s, const std::string& path, machine& m, occasion why) {
  const std::string subject = "database";
  const auto wrong = [&](const std::string& words) { return finding{grade::wrong, subject, words}; };
  if (const auto fault = m.why_not_read(path); !fault.empty())
    return wrong(path + " cannot be read (" + fault + rights);
  if (const auto fault = why_not_change(path, m); !fault.empty()) return wrong(fault);
  const auto found = m.look_into(path);
  if (!found.why_not.empty()) return wrong(found.why_not);
  // The start proves it by itself, and that is not done twice.
  const bool proved = why == occasion::check && !found.empty && !found.old;
  if (const auto fault = proved ? why_not_in_order(path, m) : ""; !fault.empty()) return wrong(fault);
  return probe_contents(s, path, found);
}

/// Of the file system that the database lies on.
void probe_room(const std::string& path, machine& m, findings& all) {
  const auto left = m.free_bytes(folder_of(path));
  if (left >= 0 && left < free_bytes_least)
    all.push_back({grade::look, "disk",
                   "only " + std::to_string(left >> 20) + " MB are free beside " + path + ": make room"});
}

} // namespace

findings probe_database(const config::settings& s, machine& m, occasion why) {
  const auto path = m.place_of(s.opts.storage.database_path);
  const std::string subject = "database";
  const auto kind = m.kind_of(path);
  if (kind == path_kind::folder)
    return {
        {grade::wrong, subject, path + " is a folder; the path of a file is meant: correct DATABASE_PATH"}};
  if (kind == path_kind::none) {
    const auto found = probe_new_database(path, m);
    const auto fault = stands_in_the_way(found) ? "" : m.why_not_lock(path);
    return {fault.empty() ? found : finding{grade::wrong, subject, fault}};
  }
  if (m.is_held(path)) {
    if (why == occasion::start)
      return {
          {grade::wrong, subject,
           "The database " + path +
               " is in use: another engine is running on it. Stop that engine first, or name another file"}};
    return {{grade::look, subject, "an engine is running on " + path + " at this moment"}};
  }
  findings all{probe_old_database(s, path, m, why)};
  probe_room(path, m, all);
  return all;
}

namespace {

void probe_certificate(const config::options::web_options& w, machine& m, findings& all) {
  if (w.tls_certificate.empty() || w.tls_key.empty()) return;
  const auto wrong = [&](const std::string& words) {
    all.push_back({grade::wrong, "web port", "cannot use the certificate: " + words});
  };
  bool readable = true;
  for (auto& file : {w.tls_certificate, w.tls_key})
    if (const auto fault = m.why_not_read(file); !fault.empty()) {
      wrong(file + " cannot be read (" + fault + ")");
      readable = false;
    }
  if (!readable) return;
  if (const auto fault = m.why_not_certificate(w.tls_certificate, w.tls_key); !fault.empty())
    wrong(fault + ": see web.tls_certificate and web.tls_key");
}

} // namespace

findings probe_web(const config::settings& s, machine& m, occasion why) {
  findings all;
  const auto& w = s.opts.web;
  probe_certificate(w, m, all);
  if (w.port == 0 && w.public_url.empty()) return all; // it is off
  if (w.port == 0) {
    all.push_back(
        {grade::wrong, "web port",
         "web.port = 0 switches it off, but " + named(s, "web.public_url", "WEBHOOK_URL") +
             " is set, and what is posted there would find nobody: set TROUPE_WEB_PORT, or unset it"});
    return all;
  }
  const auto at = w.host + ":" + std::to_string(w.port);
  if (why == occasion::check && m.is_held(s.opts.storage.database_path)) {
    all.push_back({grade::not_probed, "web port", at + ": the engine that runs may hold it"});
    return all;
  }
  const auto fault = m.why_not_listen(w.host, w.port);
  if (fault.empty()) all.push_back({grade::fine, "web port", at + " is free"});
  else
    all.push_back({grade::wrong, "web port",
                   "cannot listen on " + at + " (" + fault +
                       "): end the program that holds it, or set TROUPE_WEB_PORT and TROUPE_WEB_HOST to what "
                       "is free here"});
  return all;
}

findings probe_programs(machine& m) {
  findings all;
  const auto runs = [&](const char* program, std::vector<std::string> words, std::string& said) {
    try {
      said = m.run(words);
      return true;
    } catch (const std::exception& e) {
      all.push_back({grade::wrong, program,
                     std::string{e.what()} +
                         ": without it no video can be looked at, and each would be paid and "
                         "thrown away. Install it (apt-get install ffmpeg) and see PATH"});
      return false;
    }
  };
  std::string said;
  if (runs("ffprobe", {"ffprobe", "-version"}, said))
    all.push_back({grade::fine, "ffprobe", said.substr(0, said.find('\n'))});
  if (!runs("ffmpeg", {"ffmpeg", "-hide_banner", "-encoders"}, said)) return all;
  if (said.find("libx264") == said.npos)
    all.push_back(
        {grade::look, "ffmpeg", "knows no libx264: a video that is too large cannot be made smaller"});
  else all.push_back({grade::fine, "ffmpeg", "runs"});
  return all;
}

namespace {

/// Where an engine that runs keeps them is its own affair.
void probe_files_folder(const config::settings& s, machine& m, findings& all) {
  const auto& o = s.opts.storage;
  const auto database = m.place_of(o.database_path);
  if (m.is_held(database)) return;
  const bool beside = o.files_dir.empty();
  // Where even the database has no place, that is said once.
  if (beside && m.kind_of(folder_of(database)) != path_kind::folder) return;
  if (const auto why = m.why_not_files_folder(database, o.files_dir); !why.empty())
    all.push_back({grade::wrong, "folder for files",
                   (beside ? database + ".files" : o.files_dir) + " cannot be used: " + why});
}

void probe_log(const config::settings& s, machine& m, findings& all) {
  const auto& file = s.opts.log.file;
  if (file.empty()) return;
  const auto wrong = [&](const std::string& words) {
    all.push_back({grade::wrong, "log file", words + named(s, "log.file", "TROUPE_LOG_FILE")});
  };
  if (m.kind_of(file) == path_kind::folder)
    wrong(file + " is a folder; the path of a file is meant: correct ");
  else if (const auto why = m.why_not_append(file); !why.empty())
    wrong(m.kind_of(file) == path_kind::none
              ? "the folder of " + file + " cannot be written (" + why + "): create it, or correct "
              : file + ", or the folder it is in, cannot be written (" + why +
                    "): look at owner and rights, or correct ");
}

} // namespace

findings probe_proxy(const config::settings& s) {
  try {
    proxies_named_by(s.opts.network);
    foreign_rule_named_by(s.opts.network, s.opts.kie);
    return {};
  } catch (const proxy_error& e) {
    return {{grade::wrong, "proxy", e.what()}};
  } catch (const foreign_rule_error& e) {
    return {{grade::wrong, "private hosts", e.what()}};
  }
}

findings probe_files(const config::settings& s, machine& m) {
  findings all;
  const auto& o = s.opts;
  probe_files_folder(s, m, all);
  probe_log(s, m, all);
  const auto outside = {o.telegram.api_url, o.kie.api_url, o.kie.upload_url};
  const bool tls =
      std::any_of(outside.begin(), outside.end(), [](auto& u) { return read_address(u).encrypted; });
  if (const auto why = tls ? m.why_not_read(ca_file()) : std::string{}; !why.empty())
    all.push_back({grade::wrong, "roots of trust",
                   ca_file() + " cannot be read (" + why +
                       "): nobody's certificate can be checked. apt-get install ca-certificates"});
  return all;
}

findings probe_here(const config::settings& s, machine& m, occasion why) {
  findings all{probe_token(s), probe_keys(s), probe_administrators(s), probe_shop(s)};
  const auto add = [&](const findings& more) { all.insert(all.end(), more.begin(), more.end()); };
  for (auto& doubt : s.doubts) all.push_back({grade::look, "environment", doubt});
  add(probe_addresses(s));
  add(probe_proxy(s));
  add(probe_database(s, m, why));
  add(probe_web(s, m, why));
  add(probe_senders(s));
  add(probe_programs(m));
  add(probe_files(s, m));
  return all;
}

} // namespace troupe::readiness
