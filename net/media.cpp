#include "net/media_tools.hpp"
#include "net/file_digest.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/json_fields.hpp"
#include "net/video_file.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

extern char** environ;

namespace troupe::media {
namespace {

using clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr std::size_t output_max = 8u << 20;
constexpr std::size_t complaint_max = 4096; // of which the beginning is told
constexpr std::size_t complaint_told_max = 300;
constexpr std::uintmax_t thumbnail_bytes_max = 200'000;

struct pipe_ends {
  int in = -1, out = -1;
  pipe_ends() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) throw tool_missing(std::string{"no pipe: "} + std::strerror(errno));
    in = fds[0];
    out = fds[1];
  }
  ~pipe_ends() {
    close_in();
    close_out();
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  void close_in() { close(in); }
  void close_out() { close(out); }

private:
  static void close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

/// Ends and reaps the child and all it started, whatever happens.
struct child {
  pid_t pid = -1;
  child() = default;
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (pid <= 0) return;
    ::kill(-pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  bool ended(int& status) {
    const auto got = ::waitpid(pid, &status, WNOHANG);
    if (got == pid || (got < 0 && errno == ECHILD)) {
      pid = -1;
      return true;
    }
    return false;
  }
};

pid_t spawn(const std::vector<std::string>& argv, int out, int err) {
  std::vector<char*> args;
  for (const auto& a : argv) args.push_back(const_cast<char*>(a.c_str()));
  args.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&how);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, out, 1);
  ::posix_spawn_file_actions_adddup2(&files, err, 2);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigmask(&how, &none);
  ::posix_spawnattr_setsigdefault(&how, &defaults);
  ::posix_spawnattr_setpgroup(&how, 0);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, args[0], &files, &how, args.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&how);
  if (failed) throw tool_missing(argv[0] + " cannot start: " + std::strerror(failed));
  return pid;
}

/// @returns false at the end of the stream.
bool take(int fd, std::string& into, std::size_t keep) {
  char buffer[16384];
  const auto n = ::read(fd, buffer, sizeof buffer);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (into.size() < keep) into.append(buffer, std::min(static_cast<std::size_t>(n), keep - into.size()));
  return n > 0;
}

int milliseconds_until(clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

struct said {
  std::string output, complaint;
};

/// How it ended. Of a program that cannot be loaded (126, 127), or that somebody ends, nobody knows what it
/// would have said; one that falls by itself may have fallen on the file.
void check_end(const std::string& tool, int status, const std::string& complaint) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const auto told = complaint.substr(0, complaint_told_max);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 126 && WEXITSTATUS(status) != 127)
    throw media_error(tool + " failed: " + told);
  if (WIFEXITED(status)) throw tool_missing(tool + " cannot start: " + told);
  const int by = WTERMSIG(status);
  const auto ended = tool + " was ended by signal " + std::to_string(by);
  if (by == SIGSEGV || by == SIGABRT || by == SIGFPE || by == SIGILL) throw media_error(ended);
  throw tool_missing(ended);
}

said run_both(const std::vector<std::string>& argv, int limit_s) {
  if (argv.empty()) throw media_error("nothing to run");
  const auto deadline = clock::now() + std::chrono::seconds(limit_s);
  pipe_ends out, err;
  child c;
  c.pid = spawn(argv, out.out, err.out);
  out.close_out();
  err.close_out();

  said s;
  const auto too_long = [&] {
    return took_too_long(argv[0] + " took longer than " + std::to_string(limit_s) + " s");
  };
  while (out.in >= 0 || err.in >= 0) {
    pollfd fds[2] = {{out.in, POLLIN, 0}, {err.in, POLLIN, 0}}; // poll skips negative ones
    const int ready = ::poll(fds, 2, milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) throw tool_missing(std::string{"poll failed: "} + std::strerror(errno));
    if (clock::now() >= deadline) throw too_long();
    if (ready <= 0) continue;
    if (fds[0].revents && !take(out.in, s.output, output_max)) out.close_in();
    if (fds[1].revents && !take(err.in, s.complaint, complaint_max)) err.close_in();
    if (s.output.size() >= output_max) throw media_error(argv[0] + " says too much");
  }
  // Its output has ended, so it is about to end; but it may also hang.
  int status = 0;
  while (!c.ended(status)) {
    if (clock::now() >= deadline) throw too_long();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  check_end(argv[0], status, s.complaint);
  return s;
}

double decimal(const json& j, const char* name) {
  const auto it = j.find(name);
  if (it == j.end()) return 0;
  if (it->is_number()) return it->get<double>();
  return it->is_string() ? std::strtod(it->get_ref<const std::string&>().c_str(), nullptr) : 0;
}
int whole(const json& j, const char* name) {
  const auto it = j.find(name);
  return it != j.end() && it->is_number_integer() ? it->get<int>() : 0;
}

bool is_moving_picture(const json& stream) {
  if (!stream.is_object() || stream.value("codec_type", json()) != "video") return false;
  const auto it = stream.find("disposition"); // a cover picture is a "video" too
  return it == stream.end() || !it->is_object() || whole(*it, "attached_pic") == 0;
}

/// The file comes from outside: a playlist inside must not make ffmpeg read other files or addresses,
/// and a text must not pass as an animated terminal.
const std::vector<std::string> only_videos = {"-protocol_whitelist", "file", "-format_whitelist",
                                              "mov,matroska,avi"};

std::uintmax_t size_of(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  return failed ? 0 : size;
}

void thumbnail_with_quality(const std::string& video, const std::string& jpeg, const char* quality) {
  std::vector<std::string> argv = {"ffmpeg", "-v", "error", "-nostdin", "-y"};
  argv.insert(argv.end(), only_videos.begin(), only_videos.end());
  for (const auto& a :
       {std::string("-i"), "file:" + video, std::string("-frames:v"), std::string("1"), std::string("-vf"),
        std::string("scale='min(320,iw)':'min(320,ih)':force_original_aspect_ratio=decrease"),
        std::string("-pix_fmt"), std::string("yuvj420p"), std::string("-c:v"), std::string("mjpeg"),
        std::string("-q:v"), std::string(quality), std::string("-f"), std::string("mjpeg"), "file:" + jpeg})
    argv.push_back(a);
  run(argv, thumbnail_limit_s);
}

[[noreturn]] void cut_off() { throw unplayable("the file is cut off"); }
void check_whole(const std::string& path) {
  if (video_file::is_cut_off(path)) cut_off();
}

/// The number behind the last `name=` of what ffmpeg tells of its progress.
std::optional<double> progress_of(const std::string& output, const std::string& name) {
  const auto at = output.rfind(name + "=");
  if (at == output.npos) return {};
  const char* text = output.c_str() + at + name.size() + 1;
  char* end = nullptr;
  const double number = std::strtod(text, &end);
  return end == text ? std::nullopt : std::optional{number};
}

std::vector<std::string> to_nowhere(const std::string& path, std::initializer_list<const char*> how) {
  std::vector<std::string> argv = {"ffmpeg", "-v", "error", "-nostdin"};
  argv.insert(argv.end(), only_videos.begin(), only_videos.end());
  argv.insert(argv.end(), {"-i", "file:" + path});
  argv.insert(argv.end(), how.begin(), how.end());
  argv.insert(argv.end(), {"-nostats", "-progress", "pipe:1", "-f", "null", "-"});
  return argv;
}

/// What it says, when it refuses as well; nothing when it took too long, for then nothing is known.
/// @throws tool_missing
std::optional<said> heard(const std::vector<std::string>& argv, int limit_s) {
  try {
    return run_both(argv, limit_s);
  } catch (const tool_missing&) {
    throw;
  } catch (const took_too_long&) {
    return {};
  } catch (const media_error& e) {
    return said{{}, e.what()};
  }
}

/// Reads the file to its end without decoding it: what is missing there is missed here. @throws unplayable
void read_through(const std::string& path, const media_info& info) {
  const auto s = heard(to_nowhere(path, {"-map", "0:v", "-map", "0:a?", "-c", "copy"}), read_limit_s);
  if (!s) return;
  for (const char* words : {"partial file", "ended prematurely", "truncated"})
    if (s->complaint.find(words) != s->complaint.npos) cut_off();
  // A tenth, for a sound or a last picture that is told longer than it is.
  const auto end = progress_of(s->output, "out_time_us");
  if (end && *end / 1000 < static_cast<double>(info.duration_ms) * 0.9 - 500) cut_off();
}

/// There is no thumbnail: is that the video's fault? @throws unplayable
void check_first_picture(const std::string& path) {
  const auto s = heard(to_nowhere(path, {"-map", "0:v:0", "-frames:v", "1"}), thumbnail_limit_s);
  if (!s) return;
  const bool no_decoder =
      s->complaint.find("ecod") != s->complaint.npos &&
      s->complaint.find(" found for") != s->complaint.npos; // ours does not know this kind
  if (no_decoder || progress_of(s->output, "frame").value_or(0) > 0) return;
  if (!works("ffmpeg")) throw tool_missing(s->complaint.substr(0, complaint_told_max));
  throw unplayable("no picture can be decoded: " + s->complaint.substr(0, complaint_told_max));
}

void add_thumbnail(const inspect_video& x, inspected& out) {
  try {
    make_thumbnail(x.path, x.thumbnail);
    out.thumbnail_sha256 = sha256_of_file(x.thumbnail);
  } catch (const tool_missing&) {
    throw;
  } catch (const std::exception& e) { // without a thumbnail it is still a video, when there is a picture
    out.why = e.what();
    check_first_picture(x.path);
  }
}

/// What there is to know without the tools.
inspected by_its_beginning(const std::string& path, const std::string& why) {
  inspected out;
  out.why = why;
  out.playable = video_file::begins_as_video(video_file::head_of(path));
  out.info.bytes = static_cast<std::int64_t>(size_of(path));
  try {
    check_whole(path);
  } catch (const media_error& e) {
    out.playable = false;
    out.why = e.what() + ("; " + why);
  }
  return out;
}

void make_smaller(const inspect_video& x, inspected& out) {
  if (x.bytes_max <= 0 || out.info.bytes <= x.bytes_max) return;
  try {
    shrink(x.path, out.info, x.bytes_max);
    out.info = probe(x.path);
    out.info.shrunk = true;
  } catch (const std::exception& e) { // it is sent as it is: a local Bot API server may take it
    out.why = e.what();
  }
}

/// As far as the tools come.
inspected look_at(const inspect_video& x) {
  inspected out;
  try {
    out.info = probe(x.path);
    out.playable = true; // as ffprobe sees it
    read_through(x.path, out.info);
    make_smaller(x, out);
    add_thumbnail(x, out);
  } catch (const tool_missing& e) {
    if (!out.playable) out = by_its_beginning(x.path, e.what());
    else out.why = e.what(); // only what ffmpeg says is missing
    out.no_tools = true;
  } catch (const took_too_long& e) {
    if (!out.playable) out = by_its_beginning(x.path, e.what());
  } catch (const unplayable& e) {
    out.playable = false, out.why = e.what();
  } catch (const std::exception& e) {
    out.why = e.what();
  }
  return out;
}

} // namespace

inspected inspect(const inspect_video& x) {
  auto out = look_at(x);
  // Only a thumbnail proves them both. A program that is broken is not always missing: it may fail like one
  // that refuses the file.
  if (out.thumbnail_sha256.empty() && !out.no_tools) {
    const bool judged = works("ffprobe");
    out.no_tools = !judged || !works("ffmpeg");
    if (!judged && !out.playable) {
      out = by_its_beginning(x.path, out.why);
      out.no_tools = true;
    }
  }
  if (!out.playable) out.is_text = video_file::begins_as_text(video_file::head_of(x.path));
  else out.sha256 = sha256_of_file(x.path);
  return out;
}

bool works(const char* tool) {
  try {
    run({tool, "-version"}, version_limit_s);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}
bool tools_work() { return works("ffprobe") && works("ffmpeg"); }

std::string run(const std::vector<std::string>& argv, int limit_s) { return run_both(argv, limit_s).output; }

media_info probe(const std::string& path) {
  media_info info;
  info.bytes = static_cast<std::int64_t>(size_of(path));
  if (info.bytes <= 0) throw media_error("the file is missing or empty");
  std::vector<std::string> argv = {"ffprobe", "-v",           "error",        "-print_format",
                                   "json",    "-show_format", "-show_streams"};
  argv.insert(argv.end(), only_videos.begin(), only_videos.end());
  argv.push_back("file:" + path);
  const auto found =
      json_fields::parse(run(argv, probe_limit_s)); // ffprobe tells what is written in the file
  if (!found.is_object() || !found.contains("streams") || !found["streams"].is_array())
    throw media_error("ffprobe's answer is unreadable");
  double seconds =
      found.contains("format") && found["format"].is_object() ? decimal(found["format"], "duration") : 0;
  for (const auto& stream : found["streams"]) {
    if (!is_moving_picture(stream)) continue;
    info.width = whole(stream, "width");
    info.height = whole(stream, "height");
    if (!(seconds > 0)) seconds = decimal(stream, "duration");
    break;
  }
  if (info.width <= 0 || info.height <= 0) throw media_error("no video stream");
  if (!(seconds > 0) || seconds > 1e6) throw media_error("no duration");
  check_whole(path);
  info.duration_ms = static_cast<std::int64_t>(seconds * 1000 + 0.5);
  return info;
}

void shrink(const std::string& path, const media_info& info, std::int64_t bytes_max) {
  constexpr std::int64_t audio_bits = 128'000;
  const auto small = path + ".small.mp4";
  // A tenth is left for the container and for what the encoder overshoots.
  const auto all_bits = bytes_max * 8 * 1000 / std::max<std::int64_t>(info.duration_ms, 1) * 9 / 10;
  const auto bits = std::to_string(std::max<std::int64_t>(all_bits - audio_bits, 100'000));
  std::error_code ignored;
  try {
    std::vector<std::string> argv{"ffmpeg", "-nostdin", "-v", "error", "-y"};
    argv.insert(argv.end(), only_videos.begin(), only_videos.end());
    argv.insert(argv.end(),
                {"-i",      "file:" + path, "-c:v", "libx264",  "-preset",   "veryfast",   "-pix_fmt",
                 "yuv420p", "-b:v",         bits,   "-maxrate", bits,        "-bufsize",   bits,
                 "-c:a",    "aac",          "-b:a", "128k",     "-movflags", "+faststart", "file:" + small});
    run(argv, shrink_limit_s);
    if (static_cast<std::int64_t>(size_of(small)) > bytes_max || size_of(small) == 0)
      throw media_error("it is still too large");
    std::filesystem::rename(small, path);
  } catch (...) {
    std::filesystem::remove(small, ignored);
    throw;
  }
}

void make_thumbnail(const std::string& video, const std::string& jpeg) {
  static_assert(thumbnail_tries == 3);
  for (const char* quality : {"4", "12", "31"}) {
    thumbnail_with_quality(video, jpeg, quality);
    const auto size = size_of(jpeg);
    if (size > 0 && size <= thumbnail_bytes_max) return;
  }
  throw media_error("no thumbnail of a fitting size");
}

} // namespace troupe::media
