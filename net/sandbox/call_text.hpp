#pragma once
/// What a person reads of a request or an answer: text as it is, bytes as "<12345 bytes image/jpeg>".
#include <httplib.h>
#include <string>

namespace troupe::sandbox {

/// Fields of the address, of a form or of an upload line by line, or the body. Already cut, see http_log.
std::string text_of(const httplib::Request& req);
std::string text_of(const httplib::Response& res);
/// The library leaves out the one of a success.
int status_of(const httplib::Response& res);

} // namespace troupe::sandbox
