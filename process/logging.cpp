#include "process/logging.hpp"
#include "config/words.hpp"
#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace troupe::process {
namespace {

constexpr auto flushed_every = std::chrono::seconds{1};
constexpr auto on_a_screen = "%H:%M:%S.%e %^%-8l%$ %-10n %*";
constexpr auto kept = "%Y-%m-%d %H:%M:%S.%e%z %^%-8l%$ %-10n %*"; // read days later, perhaps elsewhere

/// A line is one line: what a provider or a user wrote must not look like the next one, nor move the cursor.
class one_line final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    const auto text = config::words::on_one_line({line.payload.data(), line.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<one_line>(); }
};

std::unique_ptr<spdlog::pattern_formatter> lines(const char* pattern) {
  auto f = std::make_unique<spdlog::pattern_formatter>();
  f->add_flag<one_line>('*').set_pattern(pattern);
  return f;
}

/// The text of a line as the inside of a JSON string.
class json_text final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    auto quoted = nlohmann::json(std::string{line.payload.data(), line.payload.size()})
                      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(quoted.data() + 1, quoted.data() + quoted.size() - 1);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<json_text>(); }
};

std::unique_ptr<spdlog::pattern_formatter> json_lines() {
  auto f = std::make_unique<spdlog::pattern_formatter>();
  f->add_flag<json_text>('*').set_pattern(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","channel":"%n","text":"%*"})");
  return f;
}

} // namespace

std::shared_ptr<log_file> set_up_log(const config::options::log_options& o) {
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<spdlog::sinks::stderr_color_sink_mt>()};
  sinks.front()->set_formatter(lines(::isatty(STDERR_FILENO) ? on_a_screen : kept));
  std::shared_ptr<log_file> file;
  if (!o.file.empty()) {
    file = std::make_shared<log_file>(o.file, static_cast<std::size_t>(o.file_mb) << 20,
                                      static_cast<std::size_t>(o.files));
    file->set_formatter(lines(kept));
    sinks.push_back(file);
  }
  auto logger = std::make_shared<spdlog::logger>("troupe", sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::from_str(o.level));
  logger->flush_on(spdlog::level::warn);
  if (o.json) logger->set_formatter(json_lines());
  spdlog::set_default_logger(logger);
  spdlog::flush_every(flushed_every);
  return file;
}

void open_log_anew(const std::shared_ptr<log_file>& file) {
  if (!file) return;
  try {
    file->open_anew();
    spdlog::info("the log file is opened anew");
  } catch (const std::exception& e) {
    spdlog::error("the log file cannot be opened anew, so the old one is written on: {}", e.what());
  }
}

} // namespace troupe::process
