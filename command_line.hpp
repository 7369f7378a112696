#pragma once
/// What the words behind `troupe` mean.
#include "net/sandbox/sandbox.hpp"
#include "scripted.hpp"
#include <cstdint>
#include <string>

namespace troupe {

enum class command : std::uint8_t { none, serve, check, audit, history, jobs, sandbox };

struct command_line {
  command what = command::none;
  int exit_code = 0; ///< none: all is said already, the program ends with it
  std::string dir = "config";
  bool offline = false;
  std::string database;
  bool as_json = false, only_open = false;
  std::int64_t user_id = 0;
  int limit = 50;
  sandbox::settings sandbox;
  scripted::options script;
  bool with_engine = false;
};

/// Prints help, version, or what is wrong with a likely right word.
command_line read_command_line(int argc, const char* const* argv);

} // namespace troupe
