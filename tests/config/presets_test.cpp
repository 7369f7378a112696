/// Presets, and the settings of the prompt writer.
#include "config/config.hpp"
#include "tests/catch.hpp"
#include <filesystem>
#include <fstream>
#include <set>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace troupe::config;

namespace {

const std::string real_dir = TROUPE_SOURCE_DIR "/config";

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

/// The real configuration with other presets.
struct with_presets {
  fs::path dir = fs::temp_directory_path() / ("troupe_presets_" + std::to_string(getpid()));
  explicit with_presets(const std::string& body) {
    fs::create_directories(dir / "texts");
    for (auto name : {"troupe.toml", "models.toml", "texts/ru.toml", "texts/en.toml"})
      fs::copy_file(fs::path{real_dir} / name, dir / name, fs::copy_options::overwrite_existing);
    if (!body.empty()) std::ofstream{dir / "presets.toml"} << body;
  }
  ~with_presets() { fs::remove_all(dir); }
  settings read(const environment& env = {}) const { return load(dir.string(), env); }
  std::string error() const {
    try {
      (void)read();
    } catch (const config_error& e) {
      return e.what();
    }
    return "";
  }
};

std::string error_of(const std::string& body) { return with_presets{body}.error(); }

const std::string good =
    "[[preset]]\nid = \"a\"\ntitle = { ru = \"А\", en = \"A\" }\nprompt = \"go {text}\"\n";

} // namespace

TEST_CASE("the real presets load, with titles in both languages and English prompts") {
  const auto s = load(real_dir, {});
  REQUIRE(s.presets.size() >= 5);
  std::set<std::string> ids;
  bool words = false;
  for (auto& p : s.presets) {
    INFO(p.id);
    ids.insert(p.id);
    words = words || p.wants_words();
    CHECK_FALSE(p.title.at("ru").empty());
    CHECK_FALSE(p.title.at("en").empty());
    CHECK(p.prompt.size() <= 1000);
    CHECK(p.prompt.find_first_of("\n\\") == p.prompt.npos);
    for (const char c : p.prompt) CHECK(static_cast<unsigned char>(c) < 0x80);
  }
  CHECK(ids.size() == s.presets.size());
  CHECK(words);
  CHECK(has(describe(s), "turn-360"));
}

TEST_CASE("without a file of presets there are none, and the writer knows what to do all the same") {
  const auto s = with_presets{""}.read();
  CHECK(s.presets.empty());
  CHECK(has(s.instruction, "<user_words>"));
}

TEST_CASE("a file of presets may say the instruction otherwise") {
  const auto s = with_presets{"instruction = \"Write.\"\n" + good}.read();
  CHECK(s.instruction == "Write.");
  REQUIRE(s.presets.size() == 1);
  CHECK(s.presets[0].title.at("ru") == "А");
  CHECK(s.presets[0].wants_words());
}

TEST_CASE("a bad preset is named with its file and line") {
  CHECK(has(error_of(good + good), "presets.toml:5: the preset \"a\" is there twice"));
  CHECK(has(error_of("[[preset]]\nid = \"a\"\n"), "preset \"a\": title is missing"));
  CHECK(has(error_of("[[preset]]\nid = \"a\"\ntitle = { ru = \"А\" }\n"), "presets.toml:3: title has no en"));
  CHECK(has(error_of("[[preset]]\nid = \"a\"\ntitle = { ru = \"А\", en = \"A\" }\n"), "prompt is missing"));
  CHECK(has(error_of("[[preset]]\ntitle = { ru = \"А\", en = \"A\" }\nprompt = \"x\"\n"), "has no id"));
  CHECK(has(error_of("[[preset]]\nid = 5\n"), "presets.toml:2: id must be a string"));
  CHECK(
      has(error_of("[[preset]]\n\npromt = \"x\"\n"), "presets.toml:3: unknown key \"promt\"; did you mean"));
  CHECK(has(error_of("[[preset]]\nid = \"a\"\nprompt = \"{words}\"\n"),
            "presets.toml:3: prompt may hold {text}"));
  CHECK(has(error_of("[preset]\nid = \"a\"\n"), "preset must be a list"));
  CHECK(has(error_of("instruction = \" \"\n"), "presets.toml:1: instruction must not be empty"));
  CHECK(has(error_of("[[preset]\n"), "presets.toml:1"));
}

TEST_CASE("the prompt writer is off until it has an address") {
  const auto s = load(real_dir, {});
  CHECK_FALSE(s.opts.prompt_writer.on());
}

TEST_CASE("the prompt writer's address and key come from the environment, the key also from a file") {
  const auto s = load(real_dir, {{"PROMPT_WRITER_API_URL", "https://llm.example/v1/"},
                                 {"PROMPT_WRITER_API_KEY", "sk-of-the-test-1234567"},
                                 {"TROUPE_PROMPT_WRITER_TIME_LIMIT_S", "7"}});
  const auto& w = s.opts.prompt_writer;
  CHECK(w.on());
  CHECK(w.api_url == "https://llm.example/v1");
  CHECK(w.api_key == "sk-of-the-test-1234567");
  CHECK(w.time_limit_s == 7);
  const auto all = describe(s);
  CHECK(has(all, "[prompt_writer]"));
  CHECK_FALSE(has(all, "sk-of-the"));

  const with_presets c{""};
  std::ofstream{c.dir / "key"} << "from-a-file\n";
  CHECK(c.read({{"PROMPT_WRITER_API_KEY_FILE", (c.dir / "key").string()}}).opts.prompt_writer.api_key ==
        "from-a-file");
  CHECK_THROWS_AS(c.read({{"PROMPT_WRITER_API_URL", "llm.example"}}), config_error);
}
