#pragma once
/// Bodies of many parts, read as leniently as Telegram reads them: cpp-httplib loses the name of a part whose
/// file name stands without quotes, as grammY writes it.
#include <httplib.h>
#include <optional>
#include <string>
#include <vector>

namespace troupe::sandbox {

inline constexpr std::size_t multipart_parts_max = 200; ///< Later ones are left out.

/// None when the content type has no boundary.
std::optional<std::string> boundary_of(const std::string& content_type);
/// What is cut off or has no name is left out.
std::vector<httplib::MultipartFormData> read_multipart(const std::string& body, const std::string& boundary);

/// For the pre-routing handler: the library leaves such a body alone.
void keep_whole(const httplib::Request& req);
/// The handler of a route whose bodies were kept whole: it finds the parts in `files`.
httplib::Server::Handler with_parts(httplib::Server::Handler body);

} // namespace troupe::sandbox
