#pragma once
/// The words of a script's line; private to script.cpp.
#include "net/sandbox/script.hpp"
#include <optional>

namespace troupe::sandbox {

/// One line, eaten from the left. Keywords are compared without regard to case. @throws bad_script
class script_words {
public:
  script_words(int line, std::string text);

  bool done();
  /// Takes `words`, "wait for", when they come next.
  bool take(const std::string& words);
  std::string word(const std::string& what); ///< up to the next space; `what` is asked for when there is none
  std::string quoted(const std::string& what); ///< "…" or «…»
  bool quote_comes();
  std::int64_t whole(const std::string& what, std::int64_t least, std::int64_t most);
  /// "2 s", "500 ms" or "1 min". @returns ms
  std::int64_t duration(const std::string& what);
  std::int64_t percent(const std::string& what);
  bool number_comes();
  std::string rest();
  void end(); ///< @throws bad_script when something is left
  [[noreturn]] void fail(const std::string& remedy) const;

private:
  void skip();
  int line_;
  std::string text_;
  std::size_t at_ = 0;
};

} // namespace troupe::sandbox
