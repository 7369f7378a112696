#pragma once
/// What a file of a video says of itself, read without any tool.
#include <string>

namespace troupe::video_file {

/// Enough to know a video, or a page, by its beginning; "" when it cannot be read.
std::string head_of(const std::string& path);
/// MP4 or Matroska, as far as the first bytes tell.
bool begins_as_video(const std::string& head);
/// An error page, or an answer of an API, in place of a file.
bool begins_as_text(const std::string& head);
/// Less is there than the file says of its own length. A file that was written as it went out may say
/// nothing: then only reading it through finds out.
bool is_cut_off(const std::string& path);

} // namespace troupe::video_file
