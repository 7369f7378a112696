#pragma once
/// ffprobe and ffmpeg as functions. They block (a child process with a time limit): media workers only.
#include "messages/media.hpp"
#include "net/child_process.hpp"
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::media {

struct media_error : std::runtime_error {
  using runtime_error::runtime_error;
};
/// ffmpeg or ffprobe is not there: our lack, which says nothing of the video.
struct tool_missing : media_error {
  using media_error::media_error;
};
/// It ran into its limit: nothing is known.
struct took_too_long : media_error {
  using media_error::media_error;
};

/// How long each step may run.
inline constexpr int probe_limit_s = 20, shrink_limit_s = 90, thumbnail_limit_s = 10;
inline constexpr int thumbnail_tries = 3;

/// All of it, in that order. Never throws. What is too slow or too stubborn to be made smaller stays as it
/// is; without the tools the video is taken for one by its first bytes.
inspected inspect(const inspect_video& what);

/// Runs a program without a shell; @returns its standard output.
/// @throws media_error when it cannot start, fails, or wants more than it may have.
std::string run(const std::vector<std::string>& argv, const child_process::limits& most);
std::string run(const std::vector<std::string>& argv, int limit_s); ///< Of the rest the usual.

/// Type, size > 0, geometry, duration, and that nothing is cut off. @throws media_error when it is no
/// playable video.
media_info probe(const std::string& path);
/// Encodes it again, in place, so that it is no larger than `bytes_max`. Takes about as long as the video, or
/// longer. @throws media_error when that cannot be done; the file is as it was.
void shrink(const std::string& path, const media_info& info, std::int64_t bytes_max);
/// JPEG, at most 320x320 and 200 kB (telegram.md section 10).
void make_thumbnail(const std::string& video, const std::string& jpeg);

} // namespace troupe::media
