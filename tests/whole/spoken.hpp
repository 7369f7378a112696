#pragma once
/// What the real program says to one line of the command line.
#include <cstdio>
#include <map>
#include <string>
#include <sys/wait.h>

namespace troupe::test {

struct spoken {
  int code = -1;
  std::string text; ///< both outputs
  bool has(const std::string& part) const { return text.find(part) != text.npos; }
};

/// With these variables and no others.
inline spoken say_to_troupe(const std::string& line, const std::map<std::string, std::string>& env) {
  std::string command = "/usr/bin/env -i";
  for (auto& [name, value] : env) command += " '" + name + "=" + value + "'";
  command += std::string{" "} + TROUPE_BINARY + " " + line + " 2>&1";
  spoken s;
  auto* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return s;
  char chunk[4096];
  while (const auto n = std::fread(chunk, 1, sizeof chunk, pipe)) s.text.append(chunk, n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) s.code = WEXITSTATUS(status);
  return s;
}

} // namespace troupe::test
