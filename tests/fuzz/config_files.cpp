#include "config/config.hpp"
#include "tests/fuzz/edge.hpp"
#include <filesystem>
#include <fstream>
#include <unistd.h>

// The files an operator writes. The first line names the one that is meant; the others are small and right.

using namespace troupe;
using namespace troupe::fuzz;

namespace {

namespace fs = std::filesystem;

const std::pair<const char*, const char*> right[] = {
    {"troupe.toml", ""},
    {"models.toml", "[[model]]\nid = \"m\"\ntitle = { ru = \"M\", en = \"M\" }\napi = \"kie-veo\"\n"
                    "provider_model = \"veo3\"\naspect_ratios = [\"16:9\"]\ndurations_s = [8]\n"},
    {"presets.toml", ""},
    {"texts/ru.toml", "hello = \"Привет, {name}\"\n"},
    {"texts/en.toml", "hello = \"Hello, {name}\"\n"}};

struct folder {
  const fs::path path = fs::temp_directory_path() / ("troupe-fuzz-config-" + std::to_string(::getpid()));
  folder() { fs::create_directories(path / "texts"); }
  ~folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path / name, std::ios::binary | std::ios::trunc} << text;
  }
};

void check(const config::settings& s) {
  must(!s.models.empty(), "something is sold");
  for (const auto& m : s.models) {
    must(!m.id.empty() && !m.durations_s.empty() && m.price > 0, "a model can be sold");
    for (const int seconds : m.durations_s)
      for (const bool sound : {false, true})
        must(config::price_of(m, seconds, sound) > 0, "nothing is free by mistake");
  }
  for (const auto& p : s.presets) must(!p.prompt.empty() && !p.id.empty(), "a preset is a prompt");
  for (const auto& p : s.opts.shop.packages)
    must(p.credits > 0 && p.bonus >= 0 && p.stars >= 0 && p.roubles >= 0, "a package is no gift");
  must(s.opts.shop.stars_per_credit > 0 && s.opts.users.active_jobs_max > 0,
       "prices and limits are above nothing");
  const auto told = config::describe(s);
  must(!holds(told, "s3cret-token"), "what is told of the options holds no secret");
}

} // namespace

EDGE(config_files) {
  static const folder f;
  const auto name = in.line();
  const auto text = in.rest();
  bool known = false;
  for (const auto& [file, good] : right) {
    known = known || name == file;
    f.write(file, name == file ? text : good);
  }
  config::environment env{{"BOT_TOKEN", "s3cret-token"}};
  // A variable of the environment, but none that names a file: it might be one without an end.
  if (const auto eq = name.find('='); !known && eq != name.npos && !holds(name.substr(0, eq), "_FILE"))
    env[name.substr(0, eq)] = name.substr(eq + 1);
  try {
    check(config::load(f.path.string(), env));
  } catch (const config::config_error& e) {
    must(e.what()[0] != '\0' && !holds(e.what(), "s3cret-token"),
         "a complaint says what is wrong and no secret");
  }
}
