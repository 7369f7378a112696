#include "net/sandbox/clips.hpp"
#include "net/child_process.hpp"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>
#include <vector>

namespace troupe::sandbox {
namespace {

namespace fs = std::filesystem;

std::string search_font() {
  std::error_code ec;
  std::string any;
  for (fs::recursive_directory_iterator it("/usr/share/fonts", ec), end; !ec && it != end; it.increment(ec)) {
    if (it->path().extension() != ".ttf") continue;
    if (it->path().filename() == "DejaVuSans.ttf") return it->path(); // It has Cyrillic letters.
    any = it->path();
  }
  return any;
}

const std::string& font() {
  static const std::string found = search_font();
  return found;
}

constexpr int clip_limit_s = 30;

bool run(const std::vector<std::string>& argv) {
  child_process::limits most;
  most.seconds = clip_limit_s;
  return child_process::run(argv, most).well();
}

/// At most six lines of about `width` characters, broken at blanks.
std::string wrapped(const std::string& text, std::size_t width) {
  std::string out;
  std::size_t column = 0, lines = 1;
  for (char c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++column;
    const bool full = (c == ' ' && column >= width) || (column >= width + 12 && (c & 0x80) == 0);
    if (full && ++lines > 6) return out + "...";
    if (full) column = 0;
    out += full && c == ' ' ? '\n' : c;
    if (full && c != ' ') out += '\n';
  }
  return out;
}

std::string source(const std::string& key, bool portrait) {
  const std::string size = portrait ? "180x320" : "320x180";
  if (font().empty()) return "testsrc=size=" + size + ":rate=12:duration=2";
  const char* pairs[] = {"c0=0x1d4350:c1=0xa43931", "c0=0x283c86:c1=0x45a247", "c0=0x42275a:c1=0x734b6d",
                         "c0=0x0f2027:c1=0x2c7391"};
  return "gradients=size=" + size +
         ":rate=12:duration=2:speed=0.08:" + pairs[std::hash<std::string>{}(key) % 4];
}

std::string text_filter(const std::string& folder, bool portrait) {
  if (font().empty()) return "null";
  return "drawtext=fontfile=" + font() + ":textfile=" + folder +
         "/prompt.txt:expansion=none:fontcolor=white:" + "fontsize=" + (portrait ? "13" : "16") +
         ":line_spacing=4:box=1:boxcolor=black@0.35:boxborderw=6:x=(w-text_w)/2:y=(h-text_h)/2+8*sin(t*3)";
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string make(const std::string& key, const std::string& prompt, bool portrait) {
  std::string folder = (fs::temp_directory_path() / "sandbox-clip-XXXXXX").string();
  if (!mkdtemp(folder.data())) return {};
  std::ofstream(folder + "/prompt.txt") << wrapped(prompt, portrait ? 14 : 24);
  const std::string out = folder + "/clip.mp4";
  std::string bytes;
  if (run({"ffmpeg",
           "-v",
           "error",
           "-nostdin",
           "-y",
           "-f",
           "lavfi",
           "-i",
           source(key, portrait),
           "-vf",
           text_filter(folder, portrait),
           "-c:v",
           "libx264",
           "-preset",
           "ultrafast",
           "-pix_fmt",
           "yuv420p",
           "-threads",
           "1",
           "-movflags",
           "+faststart",
           out}))
    bytes = read_file(out);
  std::error_code ec;
  fs::remove_all(folder, ec);
  return bytes;
}

} // namespace

std::string clip_maker::clip(const std::string& key, const std::string& prompt, bool portrait) {
  std::promise<std::string> mine;
  std::shared_future<std::string> result;
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    auto [it, fresh] = clips_.try_emplace(key);
    if (fresh) it->second = mine.get_future().share();
    result = it->second;
    first = fresh;
  }
  if (first) {
    try {
      mine.set_value(make(key, prompt, portrait));
    } catch (...) {
      mine.set_value({}); // Those who wait must not hang.
    }
  }
  return result.get();
}

} // namespace troupe::sandbox
