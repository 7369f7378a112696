#pragma once
/// What is asked of a video that was fetched, and what is found.
#include "messages/work.hpp"

namespace troupe {

struct inspect_video {
  std::string path, thumbnail;
  std::int64_t bytes_max = 0; ///< A larger video is made smaller, in place; 0: it stays.
};

struct inspected {
  bool playable = false; ///< Or, when nothing could look at it, a video by its first bytes.
  media_info info;
  std::string why;              ///< what is wrong with it, or why it stays as it is
  bool is_text = false;         ///< not playable: a page in place of a file
  bool no_tools = false;        ///< ffmpeg is missing: nobody has looked
  std::string sha256;           ///< of the file as it lies there now
  std::string thumbnail_sha256; ///< "": there is none
};

} // namespace troupe
