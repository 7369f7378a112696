#pragma once
/// A conversation written down: one act a line, read into steps. Plain, no I/O.
///
///     # first video
///     Anna: /start
///     wait for "Привет"
///     Anna presses "Генерировать видео"
///     expect "[🏠 Главное меню]"
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::sandbox {

enum class act : std::uint8_t {
  say,        ///< text
  press,      ///< text: a part of the button's label
  send_photo, ///< detail: the file, text: the caption
  pay,        ///< the newest invoice, with Stars
  block,      ///< the bot
  unblock,
  speak,                ///< text: a language, "ru"
  own_stars,            ///< number
  wait_for,             ///< text; number: the limit in ms, 0 is the usual one
  expect,               ///< text is there
  expect_no,            ///< text is not there
  expect_no_violations, ///< of the Bot API's rules, by the engine
  pause,                ///< number: ms
  fault,                ///< detail: the body for /sandbox/services
  generations_take,     ///< number: ms
  generations_fail,     ///< number: percent
  speed,                ///< number: times as fast
  engine,               ///< text: kill, stop, start, restart
};

struct script_step {
  int line = 0; ///< from 1
  act what = act::say;
  std::string who; ///< The person; of waits and expectations the one whose chat is meant.
  std::string text, detail;
  std::int64_t number = 0;
  std::string source; ///< The line as written.
};

/// `what()` says what to write instead.
struct bad_script : std::runtime_error {
  bad_script(int at, const std::string& remedy) : std::runtime_error(remedy), line(at) {}
  int line;
};

inline constexpr std::size_t script_bytes_max = 1u << 20, script_steps_max = 5'000;

/// @throws bad_script
std::vector<script_step> parse_script(const std::string& text);

} // namespace troupe::sandbox
