#pragma once
/// What inspect() knows of the tools and of half a film, for those who run ffmpeg themselves.
#include "net/media.hpp"

namespace troupe::media {

/// It was looked at, and is no whole video.
struct unplayable : media_error {
  using media_error::media_error;
};

/// Reading a film to its end without decoding it, and asking a tool for its version.
inline constexpr int read_limit_s = 20, version_limit_s = 5;

/// Whether the program runs at all; asked when what it did may be its own fault.
bool works(const char* tool);
bool tools_work(); ///< ffprobe and ffmpeg

} // namespace troupe::media
