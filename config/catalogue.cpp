/// models.toml
#include "config/readers.hpp"
#include "config/rules.hpp"
#include "config/toml_file.hpp"
#include <algorithm>

namespace troupe::config {
namespace {

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
                                             "photo_side_px_min",
                                             "photo_side_px_max",
                                             "photo_mb_max",
                                             "costs_kopecks"};

void set_model_value(model& m, const std::string& key, const toml::node& n, const place& at) {
  const auto whole = [&](const toml::node& v, range r) { return exact_whole(v, at, key, r); };
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
  else if (key == "photo_side_px_min") m.photo_side_px_min = whole(n, {1, 10'000});
  else if (key == "photo_side_px_max") m.photo_side_px_max = whole(n, {64, 16'000});
  else if (key == "photo_mb_max") m.photo_mb_max = whole(n, {1, 100});
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

/// What only the whole model shows.
void check_model(const model& m, const std::string& where, faults& f) {
  const auto bad = [&](const std::string& what) { f.add(where, "model \"" + m.id + "\": " + what); };
  f.attempt([&] { rules::check_id(m.id, where, "model"); });
  for (auto* list : {&m.aspect_ratios, &m.photo_aspect_ratios})
    for (auto& a : *list)
      if (a.empty() || a.size() > aspect_bytes_max)
        bad("an aspect ratio has 1 to " + std::to_string(aspect_bytes_max) +
            " characters, for it stands in buttons: \"" + a + "\"");
  if (m.photo_side_px_min >= m.photo_side_px_max) bad("photo_side_px_min must be below photo_side_px_max");
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
  f.attempt([&] { rules::check_prices(m, where); });
  if (!m.costs_kopecks.empty() && m.costs_kopecks.size() != m.durations_s.size())
    bad("costs_kopecks needs one for each of durations_s");
}

model read_model(const toml::table& table, const std::string& path, faults& f) {
  model m;
  const auto before = f.count();
  for (auto&& [key, node] : table) {
    const std::string name{key.str()};
    f.attempt([&, &value = node] { set_model_value(m, name, value, place_of(path, value)); });
  }
  const auto where = place_of(path, table).str();
  if (m.id.empty()) f.add(where, "the model has no id");
  // What could not be read would be complained of as missing, too.
  if (f.count() == before) check_model(m, where, f);
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

std::vector<model> read_models(const std::string& path, faults& f) {
  std::vector<model> models;
  toml::table root;
  if (!f.attempt([&] { root = parse(path); })) return models;
  const auto take = [&](const toml::node& item) {
    const auto at = place_of(path, item).str();
    const auto table = item.as_table();
    if (!table) fail(at, "a model must be a table: [[model]]");
    auto m = read_model(*table, path, f);
    for (auto& other : models)
      if (!m.id.empty() && other.id == m.id) fail(at, "the model \"" + m.id + "\" is there twice");
    models.push_back(std::move(m));
  };
  for (auto&& [key, node] : root)
    f.attempt([&, &name_of = key, &list = node] {
      const std::string name{name_of.str()};
      if (name != "model") unknown(place_of(path, list).str(), name, {"model"});
      each(list, place_of(path, list), name, [&](auto& item) { f.attempt([&] { take(item); }); });
    });
  if (models.empty()) f.add(path, "holds no [[model]]");
  return models;
}

} // namespace troupe::config
