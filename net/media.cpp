#include "net/media.hpp"
#include "net/file_digest.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/json_fields.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

extern char** environ;

namespace troupe::media {
namespace {

using clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr std::size_t output_max = 8u << 20;
constexpr std::size_t complaint_max = 300;
constexpr std::size_t head_bytes = 512; // enough to know a video, or a page, by its beginning
constexpr std::uintmax_t thumbnail_bytes_max = 200'000;

struct pipe_ends {
  int in = -1, out = -1;
  pipe_ends() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) throw media_error("no pipe");
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

std::string head_of(const std::string& path) {
  std::string head(head_bytes, '\0');
  std::ifstream in{path, std::ios::binary};
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return head;
}

bool is_mp4(const std::string& head) { return head.compare(4, 4, "ftyp") == 0; }

/// MP4, Matroska or AVI, as far as the first bytes tell.
bool begins_as_video(const std::string& head) {
  if (head.size() < 12) return false;
  return is_mp4(head) || head.compare(0, 4, "\x1A\x45\xDF\xA3") == 0 ||
         (head.compare(0, 4, "RIFF") == 0 && head.compare(8, 4, "AVI ") == 0);
}

/// An error page, or an answer of an API, in place of a file.
bool begins_as_text(const std::string& head) {
  const auto at = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return at != head.npos && (head[at] == '<' || head[at] == '{' || head[at] == '[');
}

std::uint64_t number_in(const unsigned char* bytes, int count) {
  std::uint64_t n = 0;
  for (int i = 0; i < count; ++i) n = n << 8 | bytes[i];
  return n;
}

/// An MP4 is a row of boxes that say how long they are. Half a file passes ffprobe when its index stands
/// first: here its last box reaches beyond its end.
void check_whole(const std::string& path) {
  if (!is_mp4(head_of(path))) return;
  const std::uint64_t size = size_of(path);
  std::ifstream in{path, std::ios::binary};
  for (std::uint64_t at = 0; at + 8 <= size;) {
    unsigned char b[16] = {};
    in.seekg(static_cast<std::streamoff>(at));
    in.read(reinterpret_cast<char*>(b),
            std::min<std::streamsize>(16, static_cast<std::streamsize>(size - at)));
    auto box = number_in(b, 4);
    if (box == 0) return; // to the end
    if (box == 1) box = number_in(b + 8, 8);
    if (box < 8 || box > size - at) throw media_error("the file is cut off");
    at += box;
  }
}

/// What there is to know without the tools.
inspected by_its_beginning(const std::string& path, const std::string& why) {
  inspected out;
  out.why = why;
  out.playable = begins_as_video(head_of(path));
  out.info.bytes = static_cast<std::int64_t>(size_of(path));
  try {
    check_whole(path);
  } catch (const media_error& e) {
    out.playable = false;
    out.why = e.what();
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

} // namespace

inspected inspect(const inspect_video& x) {
  inspected out;
  try {
    out.info = probe(x.path);
    make_smaller(x, out);
    out.playable = true;
    make_thumbnail(x.path, x.thumbnail);
    out.thumbnail_sha256 = sha256_of_file(x.thumbnail);
  } catch (const tool_missing& e) {
    const bool known = out.playable; // only the thumbnail is missing
    if (!known) out = by_its_beginning(x.path, e.what());
    out.no_tools = true;
  } catch (const took_too_long& e) {
    if (!out.playable) out = by_its_beginning(x.path, e.what());
  } catch (const std::exception& e) { // without a thumbnail it is still a video
    out.why = e.what();
  }
  if (!out.playable) out.is_text = begins_as_text(head_of(x.path));
  else out.sha256 = sha256_of_file(x.path);
  return out;
}

std::string run(const std::vector<std::string>& argv, int limit_s) {
  if (argv.empty()) throw media_error("nothing to run");
  const auto deadline = clock::now() + std::chrono::seconds(limit_s);
  pipe_ends out, err;
  child c;
  c.pid = spawn(argv, out.out, err.out);
  out.close_out();
  err.close_out();

  std::string output, complaint;
  const auto too_long = [&] {
    return took_too_long(argv[0] + " took longer than " + std::to_string(limit_s) + " s");
  };
  while (out.in >= 0 || err.in >= 0) {
    pollfd fds[2] = {{out.in, POLLIN, 0}, {err.in, POLLIN, 0}}; // poll skips negative ones
    const int ready = ::poll(fds, 2, milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) throw media_error("poll failed");
    if (clock::now() >= deadline) throw too_long();
    if (ready <= 0) continue;
    if (fds[0].revents && !take(out.in, output, output_max)) out.close_in();
    if (fds[1].revents && !take(err.in, complaint, complaint_max)) err.close_in();
    if (output.size() >= output_max) throw media_error(argv[0] + " says too much");
  }
  // Its output has ended, so it is about to end; but it may also hang.
  int status = 0;
  while (!c.ended(status)) {
    if (clock::now() >= deadline) throw too_long();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw media_error(argv[0] + " failed: " + complaint);
  return output;
}

media_info probe(const std::string& path) {
  media_info info;
  info.bytes = static_cast<std::int64_t>(size_of(path));
  if (info.bytes <= 0) throw media_error("the file is missing or empty");
  std::vector<std::string> argv = {"ffprobe", "-v",           "error",        "-print_format",
                                   "json",    "-show_format", "-show_streams"};
  argv.insert(argv.end(), only_videos.begin(), only_videos.end());
  argv.push_back("file:" + path);
  const auto found = json_fields::parse(run(argv, probe_limit_s)); // ffprobe tells what is written in the file
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
