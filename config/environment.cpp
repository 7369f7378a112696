/// Variables: what they say, and those that say nothing though they look as if they should.
#include "config/option_values.hpp"
#include "config/readers.hpp"
#include "config/words.hpp"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

extern char** environ;

namespace troupe::config {
namespace {

constexpr std::uintmax_t secret_bytes_max = 64u << 10;

/// Some shells' and containers' files of variables keep the quotation marks; then nothing works and nobody
/// sees why.
const std::string& unquoted(const std::string& value, const std::string& name) {
  const char first = value.front();
  if (value.size() > 1 && (first == '"' || first == '\'') && value.back() == first)
    fail(name, "stands in quotation marks, and they are taken as a part of it: write it without");
  return value;
}

std::string read_secret(const std::string& path, const std::string& variable) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) fail(variable, "there is no file " + path);
  if (fs::is_directory(status)) fail(variable, path + " is a folder; the path of a file is meant");
  if (fs::is_regular_file(status) && fs::file_size(path, error) > secret_bytes_max)
    fail(variable, path + " is too large to be a secret");
  std::ifstream in{path};
  if (!in) fail(variable, path + " may not be read by this user: look at its owner and its rights");
  std::string value(secret_bytes_max, '\0');
  in.read(value.data(), static_cast<std::streamsize>(value.size()));
  if (in.bad()) fail(variable, path + " cannot be read");
  value.resize(static_cast<std::size_t>(in.gcount()));
  value = words::trimmed(value);
  if (value.empty()) fail(variable, path + " is empty");
  return value;
}

/// An empty variable counts as unset: that is how .env templates leave them.
std::optional<found_variable> look_up(const environment& env, const std::string& name, bool secret) {
  const auto text_of = [&](const std::string& variable) {
    const auto v = env.find(variable);
    return v == env.end() ? std::string{} : words::trimmed(v->second);
  };
  if (const auto value = text_of(name); !value.empty()) return {{name, unquoted(value, name)}};
  if (!secret) return {};
  const auto variable = name + "_FILE";
  const auto path = text_of(variable);
  if (path.empty()) return {};
  return {{variable, unquoted(read_secret(unquoted(path, variable), variable), variable)}};
}

bool ends(const std::string& s, const std::string& with) {
  return s.size() >= with.size() && s.compare(s.size() - with.size(), with.size(), with) == 0;
}

/// The number of KIE_API_KEY_<number>[_FILE], -1 of all other names.
long number_of_key(const std::string& name) {
  const std::string prefix = "KIE_API_KEY_";
  if (name.rfind(prefix, 0) != 0) return -1;
  auto digits = name.substr(prefix.size());
  if (ends(digits, "_FILE")) digits.resize(digits.size() - 5);
  const bool ok = !digits.empty() && digits.size() < 9 &&
                  std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return ok ? std::stol(digits) : -1;
}

/// KIE_API_KEY_1, KIE_API_KEY_2, ... in the order of their numbers.
std::vector<std::string> numbered_keys(const environment& env) {
  std::map<long, std::string> found;
  for (auto& [name, value] : env)
    if (const auto n = number_of_key(name); n >= 0)
      found[n] = ends(name, "_FILE") ? name.substr(0, name.size() - 5) : name;
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
    for (auto& key : words::split(v->value))
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(unquoted(key, v->name));
  }
  return words::joined(origins);
}

/// The variable's name, "" when there is none.
std::string override_by_environment(option& o, const environment& env) {
  std::vector<std::string> names{variable_of(o)};
  const bool keys = std::string{o.key} == "kie.api_keys";
  if (!keys) names.insert(names.end(), o.aliases.begin(), o.aliases.end());
  for (auto& name : names)
    if (auto v = look_up(env, name, o.secret)) {
      set_from_variable(o, *v);
      return v->name;
    }
  return keys ? collect_api_keys(o, env) : "";
}

/// Every name that an option may have.
std::vector<std::string> known_names(const std::vector<option>& all) {
  std::vector<std::string> names{"TROUPE_CONFIG"};
  for (auto& o : all) {
    auto own = o.aliases;
    own.push_back(variable_of(o));
    for (auto& name : own) {
      names.push_back(name);
      if (o.secret) names.push_back(name + "_FILE");
    }
  }
  return names;
}

} // namespace

void read_environment(const environment& env, std::vector<option>& all, origin_map& origins, faults& f) {
  for (auto& o : all)
    f.attempt([&] {
      if (auto name = override_by_environment(o, env); !name.empty()) origins[o.key] = name;
    });
}

namespace {

/// What other bots' descriptions call the same thing. Only names that hardly mean anything else.
constexpr std::pair<const char*, const char*> called_elsewhere[] = {
    {"TELEGRAM_TOKEN", "BOT_TOKEN"},
    {"TG_TOKEN", "BOT_TOKEN"},
    {"TG_BOT_TOKEN", "BOT_TOKEN"},
    {"BOT_API_TOKEN", "BOT_TOKEN"},
    {"TELEGRAM_API_TOKEN", "BOT_TOKEN"},
    {"DB_PATH", "DATABASE_PATH"},
    {"DB_FILE", "DATABASE_PATH"},
    {"SQLITE_PATH", "DATABASE_PATH"},
    {"DATABASE_FILE", "DATABASE_PATH"},
    {"WEBHOOK", "WEBHOOK_URL"},
    {"WEBHOOK_HOST", "WEBHOOK_URL"},
    {"ADMINS", "ADMIN_IDS"},
    {"OWNER_ID", "ADMIN_IDS"},
    {"KIE_KEY", "KIE_API_KEY"},
    {"KIE_TOKEN", "KIE_API_KEY"},
    {"KIEAI_API_KEY", "KIE_API_KEY"},
    {"YOOKASSA_ID", "YOOKASSA_SHOP_ID"},
    {"YOOKASSA_KEY", "YOOKASSA_SECRET_KEY"},
    {"YOOKASSA_SECRET", "YOOKASSA_SECRET_KEY"}};

bool begins(const std::string& s, const std::string& with) { return s.rfind(with, 0) == 0; }

/// The known name that `name` goes beyond, or stops short of, at a whole word: ADMIN_IDS_,
/// DATABASE_PATH_FILE, YOOKASSA_SHOP; "": none. One word alone, and what begins as the proxies' do, is any
/// program's.
std::string cut_or_prolonged(const std::string& name, const std::vector<std::string>& known) {
  std::string found;
  for (auto& k : known) {
    if (ends(k, "_PROXY")) continue;
    const bool longer = begins(name, k + "_") && k.find('_') != k.npos;
    const bool shorter = begins(k, name + "_") && name.find('_') != name.npos;
    if ((longer && k.size() > found.size()) || (shorter && found.empty())) found = k;
  }
  return found;
}

/// The name in other letters: bot_token.
std::string in_capitals(const std::string& name, const std::vector<std::string>& known) {
  const auto loud = words::upper(name);
  return std::find(known.begin(), known.end(), loud) == known.end() ? "" : loud;
}

/// Which of ours somebody may have meant with a name that is not ours alone; "": none.
std::string perhaps_meant(const std::string& name, const std::vector<std::string>& known) {
  for (auto& [theirs, ours] : called_elsewhere)
    if (name == theirs) return ours;
  if (auto loud = in_capitals(name, known); !loud.empty()) return loud;
  const auto near = words::nearest(name, known);
  if (words::distance(name, near) <= 2) return near;
  return cut_or_prolonged(name, known);
}

/// With the right name set beside it a stranger's name is his own affair; one that differs by a stroke, and a
/// further key, are not.
bool is_slip_beside(const std::string& name, const std::string& meant) {
  return words::distance(name, meant) <= 1 || begins(name, "KIE_API_KEY_");
}

} // namespace

void check_names(const environment& env, const std::vector<option>& all, std::vector<std::string>& doubts,
                 faults& f) {
  const auto known = known_names(all);
  const auto is_set = [&](const std::string& name) {
    const auto v = env.find(name);
    return v != env.end() && !words::trimmed(v->second).empty();
  };
  for (auto& [name, value] : env) {
    if (words::trimmed(value).empty() || number_of_key(name) >= 0) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (begins(name, "TROUPE_")) {
      f.add(name, "means nothing; did you mean " + words::nearest(name, known) + "?");
      continue;
    }
    // Of names that are not ours alone another program's may be a letter away.
    const auto meant = perhaps_meant(name, known);
    if (meant.empty()) continue;
    if (is_set(meant)) {
      if (is_slip_beside(name, meant))
        doubts.push_back(name + " means nothing beside " + meant + ", which is set");
    } else if (words::distance(name, meant) == 1) f.add(name, "means nothing; did you mean " + meant + "?");
    else doubts.push_back(name + " means nothing; did you mean " + meant + "?");
  }
}

environment process_environment() {
  environment env;
  for (char** e = environ; e && *e; ++e) {
    const std::string line = *e;
    if (const auto eq = line.find('='); eq != line.npos) env[line.substr(0, eq)] = line.substr(eq + 1);
  }
  return env;
}

} // namespace troupe::config
