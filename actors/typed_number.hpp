#pragma once
/// Numbers as people type them.
#include <cstdint>
#include <string>

namespace troupe::talk {

/// Full-width and other digits become 0-9, every kind of space a space, every kind of minus a minus.
std::string in_plain_digits(const std::string& utf8);

struct typed_amount {
  enum class kind : std::uint8_t {
    none,     ///< It speaks of something else.
    number,   ///< `value`, >= 0
    negative, ///
    fraction, ///< "3.5", "2,5"
    huge      ///< More digits than a number of credits can have.
  };
  kind what = kind::none;
  std::int64_t value = 0;
};

/// "50", " 1 000 ", "50 кредитов", "+7", "５０": what can be meant for an amount. "2 cats" is none.
typed_amount read_amount(const std::string& text);

} // namespace troupe::talk
