#pragma once
/// Where a receipt goes: an e-mail or a phone, as the shop takes them. Anything else would be refused there,
/// and the user could not pay.
#include <string>

namespace troupe::talk {

struct receipt_contact {
  std::string value;   ///< The e-mail, or the phone as digits with the country first; "": it is neither.
  std::string problem; ///< Then: the key of the sentence that says what is wrong with it.
};

/// What a user has written, or what was stored of it long ago.
receipt_contact read_contact(const std::string& written);

} // namespace troupe::talk
