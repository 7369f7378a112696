#include "net/media_tools.hpp"
#include "net/child_process.hpp"
#include "net/file_digest.hpp"
#include "net/json_fields.hpp"
#include "net/video_file.hpp"
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace troupe::media {
namespace {

using nlohmann::json;

constexpr std::size_t complaint_told_max = 300;
constexpr std::uintmax_t thumbnail_bytes_max = 200'000;

constexpr std::uint64_t shrink_memory_max =
    2'000'000'000; // H.265 in 4K, to H.264: 1.64 GB of addresses, 0.92 filled

child_process::limits within(int seconds) {
  child_process::limits most;
  most.seconds = seconds;
  return most;
}

/// What the end of a tool means for the file. @throws media_error
child_process::result run_both(const std::vector<std::string>& argv, const child_process::limits& most) {
  if (argv.empty()) throw media_error("nothing to run");
  auto r = child_process::run(argv, most);
  const auto& tool = argv[0];
  const auto told = r.complaint.substr(0, complaint_told_max);
  switch (r.what) {
  case child_process::outcome::ended:
    if (r.code != 0) throw media_error(tool + " failed: " + told);
    break;
  case child_process::outcome::not_started: throw tool_missing(tool + " cannot start: " + told);
  case child_process::outcome::fell:
    throw media_error(tool + " was ended by signal " + std::to_string(r.code));
  case child_process::outcome::killed:
    throw tool_missing(tool + " was ended by signal " + std::to_string(r.code));
  case child_process::outcome::too_long:
    throw took_too_long(tool + " took longer than " + std::to_string(most.seconds) + " s");
  case child_process::outcome::too_much: throw media_error(tool + " says too much");
  }
  return r;
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

constexpr std::int64_t film_pixels_max = 40'000'000; // all its pictures side by side; 8K is 33 million
constexpr int film_streams_max = 16;

/// The file comes from outside. A playlist inside must not make ffmpeg read other files or addresses, a text
/// must not pass as an animated terminal, and of its hundreds of decoders, each with holes of its own, none
/// is asked but those of the kinds that providers make.
std::vector<std::string> reading(const std::string& path, const std::string& decoders) {
  return {"-protocol_whitelist",
          "file",
          "-format_whitelist",
          "mov,matroska",
          "-codec_whitelist",
          decoders,
          "-max_pixels",
          std::to_string(film_pixels_max),
          "-threads",
          "2",
          "-i",
          "file:" + path};
}
const std::string films = "h264,hevc,libdav1d,libaom-av1,av1,vp8,vp9,mpeg4,aac,mp3float,mp3,opus,vorbis";
/// ffprobe looks into a cover as well; it is never decoded for anything else.
const std::string films_and_covers = films + ",mjpeg,png";

std::vector<std::string> ffmpeg_on(const std::string& path) {
  std::vector<std::string> argv = {"ffmpeg", "-v", "error", "-nostdin", "-y"};
  const auto input = reading(path, films);
  argv.insert(argv.end(), input.begin(), input.end());
  return argv;
}
void add(std::vector<std::string>& argv, std::initializer_list<std::string> more) {
  argv.insert(argv.end(), more);
}

/// Judged by what the file says of itself, before anything is decoded. @throws unplayable
void check_size(const json& streams) {
  std::int64_t pixels = 0;
  for (const auto& s : streams)
    if (s.is_object()) pixels += std::int64_t{whole(s, "width")} * whole(s, "height");
  if (pixels > film_pixels_max || streams.size() > film_streams_max)
    throw unplayable("it is too large to be decoded: " + std::to_string(pixels / 1'000'000) +
                     " million pixels in " + std::to_string(streams.size()) + " streams");
}

std::uintmax_t size_of(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  return failed ? 0 : size;
}

void thumbnail_with_quality(const std::string& video, const std::string& jpeg, const char* quality) {
  auto argv = ffmpeg_on(video);
  add(argv,
      {"-frames:v", "1", "-vf", "scale='min(320,iw)':'min(320,ih)':force_original_aspect_ratio=decrease",
       "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", quality, "-f", "mjpeg", "file:" + jpeg});
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
  auto argv = ffmpeg_on(path);
  argv.insert(argv.end(), how.begin(), how.end());
  add(argv, {"-nostats", "-progress", "pipe:1", "-f", "null", "-"});
  return argv;
}

/// What it says, when it refuses as well; nothing when it took too long, for then nothing is known.
/// @throws tool_missing
std::optional<child_process::result> heard(const std::vector<std::string>& argv, int limit_s) {
  try {
    return run_both(argv, within(limit_s));
  } catch (const tool_missing&) {
    throw;
  } catch (const took_too_long&) {
    return {};
  } catch (const media_error& e) {
    return child_process::result{child_process::outcome::ended, 1, {}, e.what()};
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

std::string run(const std::vector<std::string>& argv, const child_process::limits& most) {
  return run_both(argv, most).output;
}
std::string run(const std::vector<std::string>& argv, int limit_s) {
  return run_both(argv, within(limit_s)).output;
}

media_info probe(const std::string& path) {
  media_info info;
  info.bytes = static_cast<std::int64_t>(size_of(path));
  if (info.bytes <= 0) throw media_error("the file is missing or empty");
  std::vector<std::string> argv = {"ffprobe", "-v",           "error",        "-print_format",
                                   "json",    "-show_format", "-show_streams"};
  const auto input = reading(path, films_and_covers);
  argv.insert(argv.end(), input.begin(), input.end());
  const auto found =
      json_fields::parse(run(argv, probe_limit_s)); // ffprobe tells what is written in the file
  if (!found.is_object() || !found.contains("streams") || !found["streams"].is_array())
    throw media_error("ffprobe's answer is unreadable");
  check_size(found["streams"]);
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
  // A sixth is left for the container and for what the encoder overshoots: a tenth in one second of noise.
  const auto all_bits = bytes_max * 8 * 1000 / std::max<std::int64_t>(info.duration_ms, 1) * 5 / 6;
  const auto bits = std::to_string(std::max<std::int64_t>(all_bits - audio_bits, 100'000));
  std::error_code ignored;
  try {
    auto argv = ffmpeg_on(path);
    add(argv, {"-c:v",    "libx264", "-preset", "veryfast", "-threads",  "2",          "-pix_fmt",
               "yuv420p", "-b:v",    bits,      "-maxrate", bits,        "-bufsize",   bits,
               "-c:a",    "aac",     "-b:a",    "128k",     "-movflags", "+faststart", "file:" + small});
    auto most = within(shrink_limit_s);
    most.memory_bytes = shrink_memory_max;
    most.file_bytes = static_cast<std::uint64_t>(bytes_max) * 2;
    run_both(argv, most);
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
