#pragma once
/// Small words about words. For config/ and the command line.
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::words {

std::string joined(const std::vector<std::string>& parts, const std::string& between = ", ");
std::string trimmed(const std::string& s);
/// What others wrote, as it may stand in a line of a log or on a terminal: line ends, escape sequences and what turns
/// the direction of writing are shown, not obeyed. Bytes that are no UTF-8 stay as they are.
std::string on_one_line(std::string_view s);
/// "4,6,8" in its parts, without blanks; empty ones are passed over.
std::vector<std::string> split(const std::string& s);
/// "web.port" as a part of a variable's name: "WEB_PORT".
std::string upper(std::string s);
/// Slips of the keyboard between two words: a letter too many, too few, a wrong one, two neighbours swapped.
std::size_t distance(const std::string& a, const std::string& b);
/// "" when there is none to choose from.
std::string nearest(const std::string& wrong, const std::vector<std::string>& right);

} // namespace troupe::config::words
