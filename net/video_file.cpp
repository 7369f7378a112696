#include "net/video_file.hpp"

#include "messages/http.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

namespace troupe::video_file {
namespace {

bool is_mp4(const std::string& head) { return head.compare(4, 4, "ftyp") == 0; }
bool is_matroska(const std::string& head) { return head.compare(0, 4, "\x1A\x45\xDF\xA3") == 0; }

std::uint64_t number_in(const char* bytes, int count) {
  std::uint64_t n = 0;
  for (int i = 0; i < count; ++i) n = n << 8 | static_cast<unsigned char>(bytes[i]);
  return n;
}

/// An MP4 is a row of boxes that say how long they are. Half a file passes ffprobe when its index stands
/// first: here its last box reaches beyond its end, or the one with the pictures is not there.
bool is_half_mp4(const std::string& path, std::uint64_t size) {
  std::ifstream in{path, std::ios::binary};
  std::uint64_t at = 0;
  bool pictures = false;
  while (at + 8 <= size) {
    char b[16] = {};
    in.clear();
    in.seekg(static_cast<std::streamoff>(at));
    in.read(b, std::min<std::streamsize>(16, static_cast<std::streamsize>(size - at)));
    const std::string type(b + 4, 4);
    if (type == "mdat") pictures = true;
    if (type == "moof") pictures = false; // it tells where its own are, and they come behind it
    auto box = number_in(b, 4);
    if (box == 0) box = size - at; // to the end, wherever that was
    if (box == 1) box = number_in(b + 8, 8);
    if (box < 8 || box > size - at) return true;
    at += box;
  }
  return at != size || !pictures;
}

/// A length in Matroska at `at`, which moves behind it; nothing when it is none, or says "not known".
std::optional<std::uint64_t> length_in(const std::string& head, std::size_t& at) {
  if (at >= head.size()) return {};
  const auto first = static_cast<unsigned char>(head[at]);
  int bytes = 1;
  while (bytes <= 8 && (first & (0x80 >> (bytes - 1))) == 0) ++bytes;
  if (bytes > 8 || at + static_cast<std::size_t>(bytes) > head.size()) return {};
  const auto most = (std::uint64_t{1} << (7 * bytes)) - 1;
  const auto value = number_in(head.data() + at, bytes) & most;
  at += static_cast<std::size_t>(bytes);
  return value == most ? std::nullopt : std::optional{value};
}

/// One segment behind a header.
bool is_half_matroska(const std::string& head, std::uint64_t size) {
  std::size_t at = 4;
  const auto header = length_in(head, at);
  if (!header || *header > head.size()) return false;
  at += static_cast<std::size_t>(*header);
  if (at + 4 > head.size() || head.compare(at, 4, "\x18\x53\x80\x67") != 0) return false;
  at += 4;
  const auto segment = length_in(head, at);
  return segment && *segment > size - std::min<std::uint64_t>(at, size);
}

} // namespace

std::string head_of(const std::string& path) {
  std::string head(head_bytes, '\0');
  std::ifstream in{path, std::ios::binary};
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return head;
}

bool begins_as_video(const std::string& head) {
  return head.size() >= 12 && (is_mp4(head) || is_matroska(head));
}

bool begins_as_text(const std::string& head) {
  const auto at = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return at != head.npos && (head[at] == '<' || head[at] == '{' || head[at] == '[');
}

bool is_cut_off(const std::string& path) {
  const auto head = head_of(path);
  if (!begins_as_video(head)) return false;
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(path, failed);
  if (failed) return false;
  return is_mp4(head) ? is_half_mp4(path, size) : is_half_matroska(head, size);
}

} // namespace troupe::video_file
