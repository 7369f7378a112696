#include "net/sandbox/kie_panel.hpp"
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr int all = -1;
constexpr std::size_t text_most = 500;

struct state {
  int generation_ms = 0, fail_percent = 0;
  kie_faults faults;
  std::string webhook_key;
};

json settings_of(const state& s) {
  return {{"generation_ms", s.generation_ms},
          {"fail_percent", s.fail_percent},
          {"latency_ms", s.faults.latency_ms},
          {"enforce_rate", s.faults.enforce_rate},
          {"all_late", s.faults.all_late},
          {"refuse_next", s.faults.refuse_next},
          {"refuse_code", s.faults.refuse_with.code},
          {"refuse_msg", s.faults.refuse_with.msg},
          {"lose_next", s.faults.lose_next},
          {"webhook_key", s.webhook_key}};
}

[[noreturn]] void wrong(const std::string& name, const std::string& must_be) {
  throw std::runtime_error(name + ": " + must_be);
}

int whole(const json& v, const std::string& name, int least, int most) {
  const std::string must =
      "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (!v.is_number_integer() || v < least || v > most) wrong(name, must);
  return v.get<int>();
}

bool flag(const json& v, const std::string& name) {
  if (!v.is_boolean()) wrong(name, "must be true or false");
  return v.get<bool>();
}

std::string text(const json& v, const std::string& name) {
  if (!v.is_string() || v.get_ref<const std::string&>().size() > text_most)
    wrong(name, "must be a text of at most " + std::to_string(text_most) + " bytes");
  return v.get<std::string>();
}

void set(state& s, const std::string& name, const json& v) {
  if (name == "generation_ms") s.generation_ms = whole(v, name, 0, 3'600'000);
  else if (name == "fail_percent") s.fail_percent = whole(v, name, 0, 100);
  else if (name == "latency_ms") s.faults.latency_ms = whole(v, name, 0, 120'000);
  else if (name == "enforce_rate") s.faults.enforce_rate = flag(v, name);
  else if (name == "all_late") s.faults.all_late = flag(v, name);
  else if (name == "refuse_next") s.faults.refuse_next = whole(v, name, all, 1'000'000);
  else if (name == "refuse_code") s.faults.refuse_with.code = whole(v, name, 100, 999);
  else if (name == "refuse_msg") s.faults.refuse_with.msg = text(v, name);
  else if (name == "lose_next") s.faults.lose_next = whole(v, name, all, 1'000'000);
  else if (name == "webhook_key") s.webhook_key = text(v, name);
  else throw std::runtime_error("unknown setting: " + name);
}

struct key_change {
  std::string key;
  std::optional<double> credits;
  std::optional<bool> refused;
};

key_change read_key(const json& wanted) {
  if (!wanted.is_object()) wrong("keys", "each must be an object");
  key_change c;
  for (const auto& [name, v] : wanted.items()) {
    if (name == "key") c.key = text(v, "key");
    else if (name == "refused") c.refused = flag(v, name);
    else if (name == "credits") {
      if (!v.is_number() || v < 0 || v > 1e9) wrong(name, "must be a number from 0 to 1000000000");
      c.credits = v.get<double>();
    } else throw std::runtime_error("unknown setting of a key: " + name);
  }
  if (c.key.empty()) wrong("key", "must name the key");
  return c;
}

std::vector<key_change> read_keys(const json& wanted) {
  if (!wanted.is_array()) wrong("keys", "must be a list");
  std::vector<key_change> changes;
  for (const auto& one : wanted) changes.push_back(read_key(one));
  return changes;
}

} // namespace

json shown(kie_world& world, const std::string& webhook_key, std::int64_t now) {
  json usual = json::array();
  for (const auto& r : usual_refusals()) usual.push_back({{"code", r.code}, {"msg", r.msg}});
  return {{"settings", settings_of({world.generation_ms(), world.fail_percent(), world.faults, webhook_key})},
          {"keys", world.accounts(now)},
          {"usual_refusals", usual},
          {"models", kie_model_names()}};
}

void change(kie_world& world, std::string& webhook_key, const json& wanted, std::int64_t now) {
  if (!wanted.is_object()) throw std::runtime_error("the body must be an object");
  state s{world.generation_ms(), world.fail_percent(), world.faults, webhook_key};
  std::vector<key_change> keys;
  for (const auto& [name, v] : wanted.items()) {
    if (name == "keys") keys = read_keys(v);
    else set(s, name, v);
  }
  world.configure(s.generation_ms, s.fail_percent);
  world.faults = s.faults;
  webhook_key = s.webhook_key;
  for (const auto& k : keys) {
    if (k.credits) world.set_credits(k.key, *k.credits, now);
    world.refuse_key(k.key, k.refused.value_or(world.refuses(k.key)));
  }
}

} // namespace troupe::sandbox
