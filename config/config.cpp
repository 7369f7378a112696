#include "config/rules.hpp"
#include <algorithm>
#include <cctype>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <toml++/toml.h>
#include <variant>

extern char** environ;

namespace troupe::config {
namespace {

using int64_list = std::vector<std::int64_t>;
using package_list = std::vector<package>;
using target = std::variant<std::string*, int*, std::int64_t*, bool*, std::vector<std::string>*, int64_list*,
                            package_list*>;

struct range {
  int low = 0, high = INT_MAX;
};

/// One option: everything that parsing, the environment and the report know of it.
struct option {
  const char* key;
  target where;
  const char* comment;
  range allowed = {};
  bool secret = false;
  std::vector<std::string> aliases = {};
};

std::vector<option> bind(options& o) {
  auto& t = o.telegram;
  auto& k = o.kie;
  auto& w = o.web;
  auto& u = o.users;
  auto& y = o.yookassa;
  auto& p = o.prompt_writer;
  constexpr range count{1, 100'000}, seconds{1, 86'400}, hours{0, 8'760}, port{0, 65'535},
      credits{0, 1'000'000};
  return {
      {"telegram.api_url", &t.api_url, "Bot API server", {}, false, {"TELEGRAM_API_URL"}},
      {"telegram.bot_token", &t.bot_token, "bot's token", {}, true, {"BOT_TOKEN", "TELEGRAM_BOT_TOKEN"}},
      {"telegram.webhook", &t.webhook, "with WEBHOOK_URL: no polling"},
      {"telegram.poll_timeout_s", &t.poll_timeout_s, "long polling, seconds", {0, 300}},
      {"telegram.poll_batch_max", &t.poll_batch_max, "updates in one answer", {1, 100}},
      {"telegram.senders", &t.senders, "parallel sends", {1, 256}},
      {"telegram.live_messages_per_second", &t.live_messages_per_second, "all chats together", count},
      {"telegram.bulk_messages_per_second", &t.bulk_messages_per_second, "broadcasts", count},
      {"telegram.paid_messages_per_second",
       &t.paid_messages_per_second,
       "paid broadcasts, 0: not offered",
       {0, 1'000}},
      {"telegram.chat_messages_per_second", &t.chat_messages_per_second, "one chat", count},
      {"telegram.chat_burst_messages", &t.chat_burst_messages, "one chat, at once", count},
      {"telegram.upload_mb_max", &t.upload_mb_max, "larger videos are made smaller, MB", {1, 2'000}},
      {"kie.api_url", &k.api_url, "kie.ai's API", {}, false, {"KIE_API_URL"}},
      {"kie.upload_url", &k.upload_url, "kie.ai's file upload", {}, false, {"KIE_UPLOAD_URL"}},
      {"kie.api_keys", &k.api_keys, "API keys", {}, true, {"KIE_API_KEY", "KIE_AI_API_KEY"}},
      {"kie.workers", &k.workers, "parallel requests", {1, 256}},
      {"kie.submits_per_10_s", &k.submits_per_10_s, "new tasks in 10 s, per key", count},
      {"kie.jobs_in_flight_max", &k.jobs_in_flight_max, "running tasks, per key", count},
      {"kie.waiting_jobs_max", &k.waiting_jobs_max, "then nothing more is sold", count},
      {"kie.credits_check_every_s", &k.credits_check_every_s, "the keys' credits are looked at every",
       seconds},
      {"kie.credits_alarm", &k.credits_alarm, "administrators are told below", credits},
      {"kie.credits_min", &k.credits_min, "a key is not used below", credits},
      {"kie.first_poll_s", &k.first_poll_s, "first look after", seconds},
      {"kie.poll_every_s", &k.poll_every_s, "then every", seconds},
      {"kie.time_limit_s", &k.time_limit_s, "a job gives up after", seconds},
      {"kie.late_watch_h", &k.late_watch_h, "a late video is a gift for", hours},
      {"kie.late_poll_every_s", &k.late_poll_every_s, "asked for every", seconds},
      {"kie.result_mb_max", &k.result_mb_max, "largest result, MB", count},
      {"media.workers", &o.media.workers, "parallel ffmpeg runs", {1, 64}},
      {"scheduler.threads", &o.scheduler.threads, "actor threads", {1, 256}},
      {"storage.database_path", &o.storage.database_path, "SQLite file", {}, false, {"DATABASE_PATH"}},
      {"storage.files_dir", &o.storage.files_dir, "pictures and videos"},
      {"storage.keep_files_h", &o.storage.keep_files_h, "delivered videos are kept for, hours", hours},
      {"web.host", &w.host, "address to listen on"},
      {"web.port", &w.port, "0: off", port},
      {"web.public_url", &w.public_url, "outside address for callbacks", {}, false, {"WEBHOOK_URL"}},
      {"web.callback_secret",
       &w.callback_secret,
       "part of the callback's address",
       {},
       true,
       {"CALLBACK_SECRET"}},
      {"web.health_poll_age_s", &w.health_poll_age_s, "unhealthy when the last poll is older", seconds},
      {"web.webhook_secret", &w.webhook_secret, "Telegram's posts carry it", {}, true, {"WEBHOOK_SECRET"}},
      {"web.kie_webhook_key", &w.kie_webhook_key, "kie.ai's signatures", {}, true, {"KIE_WEBHOOK_KEY"}},
      {"web.proxy_header", &w.proxy_header, "where a proxy names the caller"},
      {"web.tls_certificate", &w.tls_certificate, "PEM file, empty: plain HTTP"},
      {"web.tls_key", &w.tls_key, "PEM file"},
      {"users.admin_ids", &u.admin_ids, "administrators", {}, false, {"ADMIN_IDS"}},
      {"users.welcome_credits", &u.welcome_credits, "gift to a new user", credits},
      {"users.founder_credits", &u.founder_credits, "gift to the founder", credits},
      {"users.active_jobs_max",
       &u.active_jobs_max,
       "running jobs of one user",
       count,
       false,
       {"MAX_ACTIVE_JOBS_PER_USER"}},
      {"users.costly_actions_per_minute", &u.costly_actions_per_minute, "runs a minute, per user", count},
      {"users.session_idle_s", &u.session_idle_s, "a quiet session is put to sleep after", seconds},
      {"users.actions_per_minute", &u.actions_per_minute, "anything a minute, per user", count},
      {"users.activity_days", &u.activity_days, "the activity log is kept for, days", {0, 3'650}},
      {"office.feedback_chat_id",
       &o.office.feedback_chat_id,
       "alarms and feedback, 0: the administrators",
       {},
       false,
       {"ADMIN_FEEDBACK_CHAT_ID"}},
      {"office.daily_report_hour", &o.office.daily_report_hour, "Moscow time, -1: none", {-1, 23}},
      {"office.alarm_window_s", &o.office.alarm_window_s, "alarms alike are counted for", seconds},
      {"office.watch_files", &o.office.watch_files, "read settings again when a file changes"},
      {"office.stats_cache_s", &o.office.stats_cache_s, "statistics are as old as", {0, 3'600}},
      {"office.block_rate_percent", &o.office.block_rate_percent, "then a broadcast asks", {1, 100}},
      {"shop.stars_per_credit", &o.shop.stars_per_credit, "own amount in Stars", {1, 10'000}},
      {"shop.roubles_per_credit", &o.shop.roubles_per_credit, "own amount by card, 0: not offered", credits},
      {"shop.own_credits_min", &o.shop.own_credits_min, "smallest own amount", {1, 100'000}},
      {"shop.own_credits_max", &o.shop.own_credits_max, "largest own amount", {1, 100'000}},
      {"shop.star_kopecks", &o.shop.star_kopecks, "worth of a Star, for the margin", {0, 100'000}},
      {"shop.cards", &o.shop.cards, "sell by card too, when the shop's keys are set"},
      {"shop.packages", &o.shop.packages, "what is sold"},
      {"yookassa.api_url", &y.api_url, "YooKassa's API", {}, false, {"YOOKASSA_API_URL"}},
      {"yookassa.shop_id", &y.shop_id, "shop's id", {}, true, {"YOOKASSA_SHOP_ID"}},
      {"yookassa.secret_key", &y.secret_key, "shop's key", {}, true, {"YOOKASSA_SECRET_KEY"}},
      {"yookassa.return_url", &y.return_url, "where the payer comes back to"},
      {"yookassa.workers", &y.workers, "parallel requests", {1, 64}},
      {"yookassa.check_every_s", &y.check_every_s, "an open payment is looked at every", seconds},
      {"yookassa.check_sender", &y.check_sender, "notices only from YooKassa's networks"},
      {"yookassa.receipt", &y.receipt, "send receipts (54-FZ)"},
      {"yookassa.vat_code", &y.vat_code, "VAT code of the receipt", {1, 12}},
      {"yookassa.tax_system_code", &y.tax_system_code, "0: not sent", {0, 6}},
      {"yookassa.payment_subject", &y.payment_subject, "what a receipt says is sold"},
      {"yookassa.payment_mode", &y.payment_mode, "how it is paid"},
      {"prompt_writer.api_url",
       &p.api_url,
       "chat completions, empty: off",
       {},
       false,
       {"PROMPT_WRITER_API_URL"}},
      {"prompt_writer.api_key", &p.api_key, "its key", {}, true, {"PROMPT_WRITER_API_KEY"}},
      {"prompt_writer.model", &p.model, "who writes", {}, false, {"PROMPT_WRITER_MODEL"}},
      {"prompt_writer.workers", &p.workers, "parallel requests", {1, 64}},
      {"prompt_writer.time_limit_s", &p.time_limit_s, "then the preset serves", {1, 120}},
      {"prompt_writer.answer_chars_max", &p.answer_chars_max, "longest prompt taken", {50, 20'000}},
      {"log.level", &o.log.level, "trace, debug, info, warn, error, off"},
      {"log.json", &o.log.json, "one JSON object a line"},
      {"log.file", &o.log.file, "empty: standard error only"},
      {"log.file_mb", &o.log.file_mb, "size of one file, MB", count},
      {"log.files", &o.log.files, "files kept", {1, 1'000}},
  };
}

template <class... F> struct overloaded : F... { using F::operator()...; };
template <class... F> overloaded(F...) -> overloaded<F...>;

// -- Words -----------------------------------------------------------------------------------------

std::string joined(const std::vector<std::string>& parts, const std::string& between = ", ") {
  std::string all;
  for (auto& p : parts) all += (all.empty() ? "" : between) + p;
  return all;
}

std::string trimmed(const std::string& s) {
  const auto blank = " \t\r\n";
  const auto from = s.find_first_not_of(blank);
  return from == s.npos ? "" : s.substr(from, s.find_last_not_of(blank) - from + 1);
}

std::vector<std::string> split(const std::string& s) {
  std::vector<std::string> parts;
  std::stringstream in{s};
  for (std::string part; std::getline(in, part, ',');)
    if (part = trimmed(part); !part.empty()) parts.push_back(part);
  return parts;
}

std::string upper(std::string s) {
  for (char& c : s) c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return s;
}

std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest(const std::string& wrong, const std::vector<std::string>& right) {
  const auto closer = [&](auto& a, auto& b) { return distance(wrong, a) < distance(wrong, b); };
  const auto best = std::min_element(right.begin(), right.end(), closer);
  return best == right.end() ? "" : *best;
}

std::string masked(const std::string& s) {
  if (s.empty()) return "not set";
  return s.size() > 12 ? "set, ends with …" + s.substr(s.size() - 4) : "set";
}

std::string shown(const option& o) {
  return std::visit(overloaded{[&](std::string* s) { return o.secret ? masked(*s) : "\"" + *s + "\""; },
                               [](int* n) { return std::to_string(*n); },
                               [](std::int64_t* n) { return std::to_string(*n); },
                               [](bool* b) { return std::string{*b ? "true" : "false"}; },
                               [&](std::vector<std::string>* all) {
                                 std::vector<std::string> parts;
                                 for (auto& s : *all) parts.push_back(o.secret ? masked(s) : s);
                                 return parts.empty() ? std::string{"not set"} : joined(parts, "; ");
                               },
                               [](int64_list* all) {
                                 std::vector<std::string> parts;
                                 for (auto n : *all) parts.push_back(std::to_string(n));
                                 return "[" + joined(parts) + "]";
                               },
                               [](package_list* all) {
                                 std::vector<std::string> parts;
                                 for (auto& p : *all)
                                   parts.push_back(std::to_string(p.credits) + "+" + std::to_string(p.bonus) +
                                                   " for " + std::to_string(p.stars) + " Stars or " +
                                                   std::to_string(p.roubles) + " roubles");
                                 return parts.empty() ? std::string{"none"} : joined(parts, "; ");
                               }},
                    o.where);
}

// -- Files -----------------------------------------------------------------------------------------

struct place {
  std::string file;
  std::size_t line = 0;
  std::string str() const { return file + ":" + std::to_string(line); }
};

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw config_error{where.empty() ? what : where + ": " + what};
}

toml::table parse(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) fail(path, "cannot be read");
  const std::string body{std::istreambuf_iterator<char>{in}, {}};
  try {
    return toml::parse(body, path);
  } catch (const toml::parse_error& e) {
    fail(path + ":" + std::to_string(e.source().begin.line), std::string{e.description()});
  }
}

place place_of(const std::string& file, const toml::node& n) { return {file, n.source().begin.line}; }

[[noreturn]] void unknown(const std::string& where, const std::string& key,
                          const std::vector<std::string>& right) {
  fail(where, "unknown key \"" + key + "\"; did you mean \"" + nearest(key, right) + "\"?");
}

/// The value of exactly this type, else an error with the line.
template <class T> T exact(const toml::node& n, const place& at, const std::string& key, const char* type) {
  if (auto v = n.value_exact<T>()) return *v;
  fail(at.str(), key + " must be " + type);
}
std::string exact_string(const toml::node& n, const place& at, const std::string& key) {
  return exact<std::string>(n, at, key, "a string");
}

int within(std::int64_t n, range r, const std::string& where, const std::string& key) {
  if (n < r.low || n > r.high)
    fail(where, key + " must be from " + std::to_string(r.low) + " to " + std::to_string(r.high) + ", not " +
                    std::to_string(n));
  return static_cast<int>(n);
}

template <class F> void each(const toml::node& n, const place& at, const std::string& key, F take) {
  const auto list = n.as_array();
  if (!list) fail(at.str(), key + " must be a list");
  for (auto& item : *list) take(item);
}

package read_package(const toml::node& n, const place& at) {
  const auto table = n.as_table();
  if (!table) fail(at.str(), "a package must be { credits = 10, bonus = 0, stars = 1000, roubles = 990 }");
  package p;
  const std::vector<std::pair<std::string, int*>> fields{
      {"credits", &p.credits}, {"bonus", &p.bonus}, {"stars", &p.stars}, {"roubles", &p.roubles}};
  for (auto&& [key, value] : *table) {
    const std::string name{key.str()};
    const auto field = std::find_if(fields.begin(), fields.end(), [&](auto& f) { return f.first == name; });
    if (field == fields.end()) unknown(at.str(), name, {"credits", "bonus", "stars", "roubles"});
    *field->second =
        within(exact<std::int64_t>(value, at, name, "a whole number"), {0, 1'000'000}, at.str(), name);
  }
  if (p.credits == 0) fail(at.str(), "a package without credits");
  if (p.stars == 0 && p.roubles == 0) fail(at.str(), "a package without a price: stars or roubles");
  return p;
}

void set_from_file(option& o, const toml::node& n, const place& at) {
  const std::string key = o.key;
  if (o.secret)
    fail(at.str(),
         key + " is a secret and belongs in the environment, not in a file: set TROUPE_" + upper(key));
  std::visit(overloaded{[&](std::string* s) { *s = exact_string(n, at, key); },
                        [&](int* i) {
                          *i = within(exact<std::int64_t>(n, at, key, "a whole number"), o.allowed, at.str(),
                                      key);
                        },
                        [&](std::int64_t* i) { *i = exact<std::int64_t>(n, at, key, "a whole number"); },
                        [&](bool* b) { *b = exact<bool>(n, at, key, "true or false"); },
                        [&](std::vector<std::string>* all) {
                          all->clear();
                          each(n, at, key, [&](auto& item) { all->push_back(exact_string(item, at, key)); });
                        },
                        [&](int64_list* all) {
                          all->clear();
                          each(n, at, key, [&](auto& i) {
                            all->push_back(exact<std::int64_t>(i, at, key, "a list of whole numbers"));
                          });
                        },
                        [&](package_list* all) {
                          all->clear();
                          each(n, at, key, [&](auto& i) { all->push_back(read_package(i, at)); });
                        }},
             o.where);
}

std::map<std::string, std::string> read_options(const std::string& path, std::vector<option>& all) {
  std::map<std::string, std::string> origins;
  std::vector<std::string> keys, sections;
  for (auto& o : all) {
    keys.push_back(o.key);
    const auto section = keys.back().substr(0, keys.back().find('.'));
    if (std::find(sections.begin(), sections.end(), section) == sections.end()) sections.push_back(section);
  }
  const auto root = parse(path);
  for (auto&& [name, node] : root) {
    const std::string section{name.str()};
    const auto table = node.as_table();
    const bool known = std::find(sections.begin(), sections.end(), section) != sections.end();
    if (!known) unknown(place_of(path, node).str(), section, table ? sections : keys);
    if (!table) fail(place_of(path, node).str(), section + " must be a section: [" + section + "]");
    for (auto&& [key, value] : *table) {
      const auto full = section + "." + std::string{key.str()};
      const auto at = place_of(path, value);
      const auto found = std::find(keys.begin(), keys.end(), full);
      if (found == keys.end()) unknown(at.str(), full, keys);
      set_from_file(all[static_cast<std::size_t>(found - keys.begin())], value, at);
      origins[full] = at.str();
    }
  }
  return origins;
}

// -- Environment -----------------------------------------------------------------------------------

struct found_variable {
  std::string name, value;
};

/// An empty variable counts as unset: that is how .env templates leave them.
std::optional<found_variable> look_up(const environment& env, const std::string& name, bool secret) {
  if (auto v = env.find(name); v != env.end() && !trimmed(v->second).empty())
    return {{name, trimmed(v->second)}};
  if (!secret) return {};
  const auto file = env.find(name + "_FILE");
  if (file == env.end() || trimmed(file->second).empty()) return {};
  std::ifstream in{trimmed(file->second)};
  if (!in) fail(name + "_FILE", "cannot read " + file->second);
  const auto value = trimmed({std::istreambuf_iterator<char>{in}, {}});
  if (value.empty()) fail(name + "_FILE", file->second + " is empty");
  return {{name + "_FILE", value}};
}

std::int64_t number(const std::string& s, const std::string& variable) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (error != std::errc{} || end != s.data() + s.size()) fail(variable, "must be a whole number");
  return n;
}

bool truth(const std::string& s, const std::string& variable) {
  for (auto yes : {"true", "1", "yes", "on"})
    if (s == yes) return true;
  for (auto no : {"false", "0", "no", "off"})
    if (s == no) return false;
  fail(variable, "must be true or false");
}

void set_from_variable(option& o, const found_variable& v) {
  std::visit(overloaded{[&](std::string* s) { *s = v.value; },
                        [&](int* n) { *n = within(number(v.value, v.name), o.allowed, v.name, o.key); },
                        [&](std::int64_t* n) { *n = number(v.value, v.name); },
                        [&](bool* b) { *b = truth(v.value, v.name); },
                        [&](std::vector<std::string>* all) { *all = split(v.value); },
                        [&](int64_list* all) {
                          all->clear();
                          for (auto& part : split(v.value)) all->push_back(number(part, v.name));
                        },
                        [&](package_list*) { fail(v.name, "packages are written in troupe.toml only"); }},
             o.where);
}

/// KIE_API_KEY_1, KIE_API_KEY_2, ... in the order of their numbers.
std::vector<std::string> numbered_keys(const environment& env) {
  const std::string prefix = "KIE_API_KEY_";
  std::map<long, std::string> found;
  for (auto& [name, value] : env) {
    if (name.rfind(prefix, 0) != 0) continue;
    auto digits = name.substr(prefix.size());
    if (digits.size() > 5 && digits.substr(digits.size() - 5) == "_FILE") digits.resize(digits.size() - 5);
    const bool ok = !digits.empty() && digits.size() < 9 &&
                    std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (ok) found[std::stol(digits)] = prefix + digits;
  }
  std::vector<std::string> names;
  for (auto& [n, name] : found) names.push_back(name);
  return names;
}

/// All the aliases of the keys count together, unlike any other option's.
std::string collect_api_keys(option& o, const environment& env) {
  auto names = o.aliases;
  for (auto& name : numbered_keys(env)) names.push_back(name);
  auto& keys = *std::get<std::vector<std::string>*>(o.where);
  std::vector<std::string> origins;
  for (auto& name : names) {
    const auto v = look_up(env, name, true);
    if (!v) continue;
    origins.push_back(v->name);
    for (auto& key : split(v->value))
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  return joined(origins);
}

/// The variable's name, "" when there is none.
std::string override_by_environment(option& o, const environment& env) {
  std::vector<std::string> names{"TROUPE_" + upper(o.key)};
  const bool keys = std::string{o.key} == "kie.api_keys";
  if (!keys) names.insert(names.end(), o.aliases.begin(), o.aliases.end());
  for (auto& name : names)
    if (auto v = look_up(env, name, o.secret)) {
      set_from_variable(o, *v);
      return v->name;
    }
  return keys ? collect_api_keys(o, env) : "";
}

// -- Checks over whole values ----------------------------------------------------------------------

bool is_url(const std::string& s) { return s.rfind("http://", 0) == 0 || s.rfind("https://", 0) == 0; }

void check_values(const std::vector<option>& all, const std::map<std::string, std::string>& origins) {
  for (auto& o : all) {
    const std::string key = o.key;
    const auto origin = origins.find(key);
    const auto where = origin == origins.end() ? "default" : origin->second;
    const auto s = std::get_if<std::string*>(&o.where);
    if (!s) continue;
    auto& value = **s;
    const bool url = key.size() > 4 && key.substr(key.size() - 4) == "_url";
    const bool may_be_empty = key == "web.public_url" || key == "log.file" || o.secret ||
                              key == "prompt_writer.api_url" || key == "web.proxy_header" ||
                              key.rfind("web.tls_", 0) == 0;
    if (value.empty() && !may_be_empty) fail(where, key + " must not be empty");
    if (url && !value.empty() && !is_url(value)) fail(where, key + " must start with http:// or https://");
    while (url && !value.empty() && value.back() == '/') value.pop_back(); // paths are appended to it
    if (key == "log.level" &&
        !std::set<std::string>{"trace", "debug", "info", "warn", "error", "off"}.count(value))
      fail(where, "log.level must be trace, debug, info, warn, error or off");
    if (o.secret && value.find_first_of(" \t\r\n") != value.npos) fail(where, key + " must not hold blanks");
  }
}

void check_web(const options::web_options& w, const std::map<std::string, std::string>& origins) {
  const auto where = [&](const char* key) {
    const auto found = origins.find(key);
    return found == origins.end() ? std::string{"default"} : found->second;
  };
  // With one of them only it would be plain HTTP, and nobody would notice.
  if (w.tls_certificate.empty() != w.tls_key.empty())
    fail(where(w.tls_key.empty() ? "web.tls_certificate" : "web.tls_key"),
         "web.tls_certificate and web.tls_key must both be set, or neither");
  // Telegram takes no other ones (setWebhook).
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (w.webhook_secret.size() > 256 || !std::all_of(w.webhook_secret.begin(), w.webhook_secret.end(), fits))
    fail(where("web.webhook_secret"), "web.webhook_secret must be of A-Z, a-z, 0-9, _ and -, at most 256");
}

// -- Catalogue -------------------------------------------------------------------------------------

const std::vector<std::string> model_keys = {"id",
                                             "title",
                                             "api",
                                             "provider_model",
                                             "provider_photo_model",
                                             "text_input",
                                             "photo_input",
                                             "aspect_ratios",
                                             "photo_aspect_ratios",
                                             "durations_s",
                                             "resolution",
                                             "price",
                                             "prices",
                                             "sound",
                                             "sound_prices",
                                             "prompt_chars_max",
                                             "costs_kopecks"};

void set_title(std::map<std::string, std::string>& title, const toml::node& n, const place& at) {
  const auto table = n.as_table();
  if (!table) fail(at.str(), "title must be { ru = \"...\", en = \"...\" }");
  for (auto&& [language, text] : *table) title[std::string{language.str()}] = exact_string(text, at, "title");
  for (auto language : {"ru", "en"})
    if (title[language].empty()) fail(at.str(), std::string{"title has no "} + language);
}

void set_model_value(model& m, const std::string& key, const toml::node& n, const place& at) {
  const auto whole = [&](const toml::node& v, range r) {
    return within(exact<std::int64_t>(v, at, key, "a whole number"), r, at.str(), key);
  };
  if (key == "id") m.id = exact_string(n, at, key);
  else if (key == "title") set_title(m.title, n, at);
  else if (key == "api") m.api = exact_string(n, at, key);
  else if (key == "provider_model") m.provider_model = exact_string(n, at, key);
  else if (key == "provider_photo_model") m.provider_photo_model = exact_string(n, at, key);
  else if (key == "sound") m.sound = exact<bool>(n, at, key, "true or false");
  else if (key == "text_input") m.text_input = exact<bool>(n, at, key, "true or false");
  else if (key == "photo_input") m.photo_input = exact<bool>(n, at, key, "true or false");
  else if (key == "resolution") m.resolution = exact_string(n, at, key);
  else if (key == "price") m.price = whole(n, {rules::price_low, rules::price_high});
  else if (key == "prompt_chars_max") m.prompt_chars_max = whole(n, {1, 20'000});
  else if (key == "aspect_ratios")
    each(n, at, key, [&](auto& item) { m.aspect_ratios.push_back(exact_string(item, at, key)); });
  else if (key == "photo_aspect_ratios")
    each(n, at, key, [&](auto& item) { m.photo_aspect_ratios.push_back(exact_string(item, at, key)); });
  else if (key == "prices")
    each(n, at, key, [&](auto& item) {
      m.prices.push_back(whole(item, {rules::price_low, rules::price_high}));
    });
  else if (key == "sound_prices")
    each(n, at, key, [&](auto& item) {
      m.sound_prices.push_back(whole(item, {rules::price_low, rules::price_high}));
    });
  else if (key == "costs_kopecks")
    each(n, at, key, [&](auto& item) { m.costs_kopecks.push_back(whole(item, {0, 10'000'000})); });
  else if (key == "durations_s")
    each(n, at, key, [&](auto& item) { m.durations_s.push_back(whole(item, {1, 600})); });
  else unknown(at.str(), key, model_keys);
}

} // namespace

namespace rules {

void check_prices(const model& m, const std::string& where) {
  const auto lengths = m.durations_s.size();
  const auto bad = [&](const std::string& what) { fail(where, "model \"" + m.id + "\": " + what); };
  if (!m.prices.empty() && m.prices.size() != lengths) bad("prices needs one for each of durations_s");
  if (!m.sound_prices.empty() && m.sound_prices.size() != lengths)
    bad("sound_prices needs one for each of durations_s");
  if (m.sound && !m.sound_prices.empty()) bad("sound_prices is for a choice, but sound = true leaves none");
}

int whole(const std::string& text, int low, int high, const std::string& where, const std::string& key) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) fail(where, key + " must be a whole number");
  return within(n, {low, high}, where, key);
}

void set_option(options& o, const std::string& key, const std::string& value, const std::string& where) {
  for (auto& known : bind(o))
    if (known.key == key) {
      if (const auto n = std::get_if<int*>(&known.where))
        **n = whole(value, known.allowed.low, known.allowed.high, where, key);
      else set_from_variable(known, {where.empty() ? key : where, value});
      return;
    }
  fail(where, "there is no option " + key);
}

std::vector<std::string> parts(const std::string& list) {
  std::vector<std::string> all;
  for (std::size_t from = 0;;) {
    const auto comma = list.find(',', from);
    all.push_back(trimmed(list.substr(from, comma - from)));
    if (comma == list.npos) return all;
    from = comma + 1;
  }
}

std::string trim(const std::string& s) { return trimmed(s); }

} // namespace rules

namespace {

model read_model(const toml::table& table, const std::string& path) {
  model m;
  for (auto&& [key, value] : table) set_model_value(m, std::string{key.str()}, value, place_of(path, value));
  const auto where = place_of(path, table).str();
  if (m.id.empty()) fail(where, "the model has no id");
  const auto bad = [&](const std::string& what) { fail(where, "model \"" + m.id + "\": " + what); };
  if (m.title.empty()) bad("title is missing");
  if (m.api != "kie-unified" && m.api != "kie-veo") bad("api must be \"kie-unified\" or \"kie-veo\"");
  if (m.provider_model.empty()) bad("provider_model is missing");
  if (m.durations_s.empty()) bad("durations_s is missing");
  if (!m.text_input && !m.photo_input) bad("takes neither text nor photo");
  const auto real = [](auto& ratio) { return ratio != "Auto"; };
  if (m.text_input && std::none_of(m.aspect_ratios.begin(), m.aspect_ratios.end(), real))
    bad("aspect_ratios needs one that is not Auto: Auto is for photos only");
  if (m.photo_input && m.photo_aspect_ratios.empty() && m.aspect_ratios.empty())
    bad("photo_aspect_ratios is missing");
  rules::check_prices(m, where);
  if (!m.costs_kopecks.empty() && m.costs_kopecks.size() != m.durations_s.size())
    bad("costs_kopecks needs one for each of durations_s");
  return m;
}

} // namespace

int price_of(const model& m, int duration_s, bool sound) {
  const auto& list = sound && !m.sound_prices.empty() ? m.sound_prices : m.prices;
  if (list.empty()) return m.price;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (m.durations_s[i] == duration_s) return list[i];
  return list.front();
}

namespace {

std::vector<model> read_models(const std::string& path) {
  std::vector<model> models;
  const auto root = parse(path);
  for (auto&& [key, node] : root) {
    const std::string name{key.str()};
    if (name != "model") unknown(place_of(path, node).str(), name, {"model"});
    each(node, place_of(path, node), name, [&](auto& item) {
      const auto table = item.as_table();
      if (!table) fail(place_of(path, item).str(), "a model must be a table: [[model]]");
      auto m = read_model(*table, path);
      for (auto& other : models)
        if (other.id == m.id) fail(place_of(path, item).str(), "the model \"" + m.id + "\" is there twice");
      models.push_back(std::move(m));
    });
  }
  if (models.empty()) fail(path, "holds no [[model]]");
  return models;
}

// -- Presets ---------------------------------------------------------------------------------------

constexpr std::size_t presets_max = 40; // a keyboard holds 100 buttons

/// A misspelt {placeholder} would be sent to the video model as it stands.
void check_placeholders(const std::string& prompt, const std::string& where) {
  for (auto at = prompt.find('{'); at != prompt.npos; at = prompt.find('{', at + 1))
    if (prompt.compare(at, 6, "{text}") != 0)
      fail(where, "prompt may hold {text} and no other {placeholder}");
}

preset read_preset(const toml::table& table, const std::string& path) {
  preset p;
  for (auto&& [key, value] : table) {
    const std::string name{key.str()};
    const auto at = place_of(path, value);
    if (name == "id") p.id = exact_string(value, at, name);
    else if (name == "title") set_title(p.title, value, at);
    else if (name == "prompt") {
      p.prompt = trimmed(exact_string(value, at, name));
      check_placeholders(p.prompt, at.str());
    } else unknown(at.str(), name, {"id", "title", "prompt"});
  }
  const auto where = place_of(path, table).str();
  if (p.id.empty()) fail(where, "the preset has no id");
  if (p.title.empty()) fail(where, "preset \"" + p.id + "\": title is missing");
  if (p.prompt.empty()) fail(where, "preset \"" + p.id + "\": prompt is missing");
  return p;
}

void read_presets(const std::string& path, settings& s) {
  if (!std::filesystem::exists(path)) return;
  const auto root = parse(path);
  for (auto&& [key, node] : root) {
    const std::string name{key.str()};
    const auto at = place_of(path, node);
    if (name == "instruction") {
      s.instruction = trimmed(exact_string(node, at, name));
      if (s.instruction.empty()) fail(at.str(), "instruction must not be empty");
      continue;
    }
    if (name != "preset") unknown(at.str(), name, {"preset", "instruction"});
    each(node, at, name, [&](auto& item) {
      const auto where = place_of(path, item).str();
      const auto table = item.as_table();
      if (!table) fail(where, "a preset must be a table: [[preset]]");
      auto p = read_preset(*table, path);
      for (auto& other : s.presets)
        if (other.id == p.id) fail(where, "the preset \"" + p.id + "\" is there twice");
      s.presets.push_back(std::move(p));
      if (s.presets.size() > presets_max)
        fail(where, "more than " + std::to_string(presets_max) + " presets");
    });
  }
}

// -- Texts -----------------------------------------------------------------------------------------

using text_map = std::map<std::string, std::string>;

void flatten(const toml::table& table, const std::string& prefix, const std::string& path, text_map& into) {
  for (auto&& [key, node] : table) {
    const auto full = prefix + std::string{key.str()};
    if (const auto inner = node.as_table()) flatten(*inner, full + ".", path, into);
    else into[full] = exact_string(node, place_of(path, node), full);
  }
}

bool name_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/// The name at "{name}", "" when `open` does not start one.
std::string name_at(const std::string& text, std::size_t open) {
  const auto close = text.find('}', open);
  if (close == text.npos) return "";
  const auto name = text.substr(open + 1, close - open - 1);
  return std::all_of(name.begin(), name.end(), name_char) ? name : "";
}

std::set<std::string> placeholders(const std::string& text) {
  std::set<std::string> names;
  for (auto at = text.find('{'); at != text.npos; at = text.find('{', at + 1))
    if (auto name = name_at(text, at); !name.empty()) names.insert(name);
  return names;
}

void check_covers(const text_map& a, const text_map& b, const std::string& a_file,
                  const std::string& b_file) {
  for (auto& [key, text] : a) {
    const auto other = b.find(key);
    if (other == b.end()) fail(b_file, "\"" + key + "\" is missing; " + a_file + " has it");
    const auto mine = placeholders(text), theirs = placeholders(other->second);
    for (auto& name : mine)
      if (!theirs.count(name)) fail(b_file, "\"" + key + "\" lacks {" + name + "}; " + a_file + " has it");
  }
}

texts read_texts(const std::string& dir) {
  texts words;
  const auto ru = dir + "/ru.toml", en = dir + "/en.toml";
  flatten(parse(ru), "", ru, words.by_language["ru"]);
  flatten(parse(en), "", en, words.by_language["en"]);
  check_covers(words.by_language["ru"], words.by_language["en"], ru, en);
  check_covers(words.by_language["en"], words.by_language["ru"], en, ru);
  return words;
}

const char* plural_form(const std::string& language, std::int64_t n) {
  const auto size = n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
  if (language != "ru") return size == 1 ? "one" : "many";
  const auto tens = size % 100, ones = size % 10;
  if (tens >= 11 && tens <= 14) return "many";
  return ones == 1 ? "one" : ones >= 2 && ones <= 4 ? "few" : "many";
}

} // namespace

std::string texts::language_for(const std::string& language_code) {
  const auto primary = language_code.substr(0, language_code.find_first_of("-_"));
  for (auto russian : {"ru", "uk", "be", "kk"})
    if (primary == russian) return "ru";
  return "en";
}

// One pass, so that a value which looks like {a placeholder} stays as the user wrote it.
std::string texts::get(const std::string& language, const std::string& key, const args& a) const {
  const auto& text = by_language.at(language).at(key);
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto name = text[i] == '{' ? name_at(text, i) : "";
    const auto value = std::find_if(a.begin(), a.end(), [&](auto& p) { return p.first == name; });
    if (name.empty() || value == a.end()) out += text[i++];
    else out += value->second, i += name.size() + 2;
  }
  return out;
}

std::string texts::count(const std::string& language, const std::string& key, std::int64_t n) const {
  return get(language, key + "." + plural_form(language, n), {{"n", std::to_string(n)}});
}

settings load(const std::string& dir, const environment& env) {
  settings s;
  auto all = bind(s.opts);
  auto origins = read_options(dir + "/troupe.toml", all);
  for (auto& o : all)
    if (auto name = override_by_environment(o, env); !name.empty()) origins[o.key] = name;
  check_values(all, origins);
  check_web(s.opts.web, origins);
  for (auto& o : all) {
    const auto origin = origins.find(o.key);
    s.report.push_back(
        {o.key, shown(o), origin == origins.end() ? "default" : origin->second, o.secret, o.comment});
  }
  s.models = read_models(dir + "/models.toml");
  read_presets(dir + "/presets.toml", s);
  s.words = read_texts(dir + "/texts");
  return s;
}

environment process_environment() {
  environment env;
  for (char** e = environ; e && *e; ++e) {
    const std::string line = *e;
    if (const auto eq = line.find('='); eq != line.npos) env[line.substr(0, eq)] = line.substr(eq + 1);
  }
  return env;
}

std::string describe(const settings& s, bool& ready) {
  std::ostringstream out;
  std::string section;
  for (auto& e : s.report) {
    const auto dot = e.key.find('.');
    if (e.key.substr(0, dot) != section) out << "[" << (section = e.key.substr(0, dot)) << "]\n";
    out << "  " << e.key.substr(dot + 1) << " = " << e.value << "  (" << e.origin << ") # " << e.comment
        << "\n";
  }
  out << "[models]\n";
  for (auto& m : s.models)
    out << "  " << m.id << ": " << m.api << " " << m.provider_model << ", price from "
        << price_of(m, m.durations_s.front(), false) << "\n";
  if (!s.presets.empty()) out << "[presets]\n";
  for (auto& p : s.presets) out << "  " << p.id << ": " << p.title.at("en") << "\n";
  const bool token = !s.opts.telegram.bot_token.empty(), keys = !s.opts.kie.api_keys.empty();
  ready = token && keys;
  out << "\n";
  if (!token)
    out << "MISSING  bot token: set BOT_TOKEN (or BOT_TOKEN_FILE). "
           "Get one from https://t.me/BotFather: /newbot\n";
  if (!keys)
    out << "MISSING  kie.ai key: set KIE_API_KEY (or KIE_API_KEY_FILE). Get one at https://kie.ai/api-key\n";
  if (s.opts.web.public_url.empty())
    out << "default  web.public_url is not set: no callbacks, results are polled every "
        << s.opts.kie.poll_every_s << " s. Set WEBHOOK_URL to have callbacks.\n";
  if (s.opts.web.callback_secret.empty())
    out << "default  web.callback_secret is not set: one is generated and kept.\n";
  if (s.opts.yookassa.secret_key.empty() || s.opts.yookassa.shop_id.empty())
    out << "default  YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY are not both set: credits are sold for Stars "
           "only.\n";
  const auto& writer = s.opts.prompt_writer;
  if (!writer.on())
    out << "default  prompt_writer.api_url is not set: presets and users' words are the prompts as they "
           "are.\n";
  else if (writer.api_key.empty())
    out << "default  PROMPT_WRITER_API_KEY is not set: the prompt writer is asked without a key.\n";
  out << (ready ? "Ready for live operation.\n" : "Not ready for live operation.\n");
  return out.str();
}

} // namespace troupe::config
