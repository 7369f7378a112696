#pragma once
/// ffprobe and ffmpeg as functions. They block (a child process with a time limit): media workers only.
#include "messages/work.hpp"
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::media {

struct media_error : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Runs a program without a shell; @returns its standard output.
/// @throws media_error when it cannot start, fails, or takes longer than `limit_s`.
std::string run(const std::vector<std::string>& argv, int limit_s);

/// Type, size > 0, geometry, duration. @throws media_error when it is no playable video.
media_info probe(const std::string& path);
/// Encodes it again, in place, so that it is no larger than `bytes_max`. Takes about as long as the video, or
/// longer. @throws media_error when that cannot be done; the file is as it was.
void shrink(const std::string& path, const media_info& info, std::int64_t bytes_max);
/// JPEG, at most 320x320 and 200 kB (telegram.md section 10).
void make_thumbnail(const std::string& video, const std::string& jpeg);

} // namespace troupe::media
