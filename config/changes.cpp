/// Changes of settings by administrators, by the same rules as the files.
#include "config/rules.hpp"
#include <algorithm>

namespace troupe::config {
namespace {

const std::vector<std::string> changeable = {"users.active_jobs_max",
                                             "users.costly_actions_per_minute",
                                             "users.actions_per_minute",
                                             "users.welcome_credits",
                                             "shop.stars_per_credit",
                                             "shop.roubles_per_credit",
                                             "shop.own_credits_min",
                                             "shop.own_credits_max",
                                             "telegram.bulk_messages_per_second"};

bool is_changeable(const std::string& key) {
  return std::find(changeable.begin(), changeable.end(), key) != changeable.end();
}

/// From the file also what no menu can change.
constexpr auto packages_key = "shop.packages";
constexpr auto owners_key = "users.admin_ids";   // rights end when they end, not at the next restart
constexpr auto founder_key = "users.founder_id"; // hangs on who the owners are
constexpr auto give_max_key = "office.give_max";
bool is_reloadable(const std::string& key) {
  return is_changeable(key) || key == packages_key || key == owners_key || key == founder_key ||
         key == give_max_key;
}

bool starts(const std::string& s, const std::string& with) { return s.rfind(with, 0) == 0; }

/// "model:<id>:<what>"; an id may hold colons, for the last one parts.
struct model_change {
  std::string id, what;
};
model_change parse(const std::string& name) {
  const auto rest = name.substr(6);
  const auto colon = rest.rfind(':');
  if (colon == rest.npos) throw config_error{"\"" + name + "\" is no setting: model:<id>:price is meant"};
  return {rest.substr(0, colon), rest.substr(colon + 1)};
}

model& model_of(settings& s, const std::string& id) {
  for (auto& m : s.models)
    if (m.id == id) return m;
  throw config_error{"there is no model \"" + id + "\""};
}

std::vector<int> price_list(const std::string& value, const std::string& key) {
  std::vector<int> prices;
  for (auto& part : rules::parts(value))
    prices.push_back(rules::whole(part, rules::price_low, rules::price_high, "", key));
  return prices;
}

void change_model(settings& s, const std::string& name, const std::string& value) {
  const auto [id, what] = parse(name);
  auto& m = model_of(s, id);
  if (what == "price") {
    if (!m.prices.empty())
      throw config_error{"model \"" + id + "\" has a price for each length: set its prices"};
    m.price = rules::whole(value, rules::price_low, rules::price_high, "", "price");
  } else if (what == "prices") m.prices = price_list(value, what);
  else if (what == "sound_prices") m.sound_prices = price_list(value, what);
  else throw config_error{"\"" + what + "\" of a model cannot be changed; price, prices, sound_prices can"};
  rules::check_prices(m, "");
}

void change_option(settings& s, const std::string& key, const std::string& value) {
  if (!is_changeable(key)) throw config_error{key + " cannot be changed while the engine runs"};
  rules::set_option(s.opts, key, value, "");
  if (starts(key, "shop.own_credits_") && s.opts.shop.own_credits_min > s.opts.shop.own_credits_max)
    throw config_error{"shop.own_credits_min must not be above shop.own_credits_max"};
  for (auto& line : s.report)
    if (line.key == key) line.value = value, line.origin = "an administrator";
}

void apply(settings& s, const std::string& name, const std::string& value) {
  if (starts(name, "model:")) change_model(s, name, value);
  else if (starts(name, "option:")) change_option(s, name.substr(7), value);
  else throw config_error{"\"" + name + "\" is no setting"};
}

bool is_known(const settings& s, const std::string& name) {
  if (starts(name, "option:")) return is_changeable(name.substr(7));
  if (!starts(name, "model:")) return false;
  const auto [id, what] = parse(name);
  const bool there = std::any_of(s.models.begin(), s.models.end(),
                                 [&wanted = id](auto& m) { return m.id == wanted; }); // Clang 14
  return there && (what == "price" || what == "prices" || what == "sound_prices");
}

} // namespace

const std::vector<std::string>& changeable_options() { return changeable; }

bool is_change(const std::string& name) { return starts(name, "model:") || starts(name, "option:"); }

std::string why_not(const settings& s, const std::string& name, const std::string& value) {
  try {
    if (rules::trim(value).empty() && is_known(s, name)) return ""; // removes the change
    auto tried = s;
    apply(tried, name, rules::trim(value));
    return "";
  } catch (const config_error& e) {
    return e.what();
  }
}

settings with_changes(settings from_file, const std::vector<std::pair<std::string, std::string>>& changes,
                      std::vector<std::string>& ignored) {
  // The two ends of a range may both have moved: in either order, what fits on a second look is taken.
  std::vector<std::pair<std::string, std::string>> open = changes, refused;
  std::vector<std::string> why;
  for (int round = 0; round < 2; ++round) {
    refused.clear(), why.clear();
    for (auto& [name, value] : open) {
      if (!is_change(name) || rules::trim(value).empty()) continue;
      auto tried = from_file;
      try {
        apply(tried, name, rules::trim(value));
        from_file = std::move(tried);
      } catch (const config_error& e) {
        refused.emplace_back(name, value);
        why.push_back(name + " = " + value + ": " + e.what());
      }
    }
    open = refused;
  }
  ignored.insert(ignored.end(), why.begin(), why.end());
  return from_file;
}

std::vector<difference> differences(const settings& before, const settings& after) {
  std::vector<difference> all;
  const auto add = [&](const std::string& what, const std::string& from, const std::string& to, bool now) {
    if (from != to) all.push_back({what, from, to, now});
  };
  for (std::size_t i = 0; i < before.report.size() && i < after.report.size(); ++i)
    add(after.report[i].key, before.report[i].value, after.report[i].value,
        is_reloadable(after.report[i].key));
  const auto prices = [](const model& m) {
    std::string text = std::to_string(m.price);
    const auto list = [&](const char* name, const std::vector<int>& values) {
      for (std::size_t i = 0; i < values.size(); ++i)
        text += (i == 0 ? std::string{name} : ",") + std::to_string(values[i]);
    };
    list("; by length ", m.prices);
    list("; with sound ", m.sound_prices);
    return text;
  };
  const auto in = [](const settings& s, const std::string& id) {
    return std::find_if(s.models.begin(), s.models.end(), [&](auto& m) { return m.id == id; });
  };
  for (auto& m : after.models) {
    const auto old = in(before, m.id);
    if (old == before.models.end()) add(m.id, "", "new model", true);
    else add(m.id + " price", prices(*old), prices(m), true);
  }
  for (auto& m : before.models)
    if (in(after, m.id) == after.models.end()) add(m.id, "model", "gone", true);
  return all;
}

settings only_changeable(settings before, const settings& after) {
  auto next = after;
  next.opts = before.opts;
  next.report = before.report;
  for (std::size_t i = 0; i < after.report.size() && i < next.report.size(); ++i) {
    auto& line = after.report[i];
    if (!is_reloadable(line.key)) continue;
    if (line.key == packages_key) next.opts.shop.packages = after.opts.shop.packages;
    else if (line.key == owners_key) next.opts.users.admin_ids = after.opts.users.admin_ids;
    else if (line.key == founder_key) next.opts.users.founder_id = after.opts.users.founder_id;
    else rules::set_option(next.opts, line.key, line.value, "");
    next.report[i] = line;
  }
  return next;
}

} // namespace troupe::config
