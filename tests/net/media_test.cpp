#include "net/media.hpp"
#include "tests/catch.hpp"

#include <sys/resource.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
namespace fs = std::filesystem;

namespace {

struct folder {
  fs::path path;
  folder() {
    std::string name = (fs::temp_directory_path() / "troupe-media-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

} // namespace

TEST_CASE("a clip is probed and gets a small thumbnail") {
  const folder f;
  const auto clip = f / "clip.mp4", picture = f / "thumb.jpg";
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
              "testsrc=duration=0.5:size=640x360:rate=10", "-pix_fmt", "yuv420p", clip},
             30);
  const auto info = media::probe(clip);
  CHECK(info.width == 640);
  CHECK(info.height == 360);
  CHECK(info.duration_ms == 500);
  CHECK(info.bytes == static_cast<std::int64_t>(fs::file_size(clip)));
  media::make_thumbnail(clip, picture);
  CHECK(fs::file_size(picture) > 0);
  CHECK(fs::file_size(picture) <= 200'000);
  const auto size = media::run({"ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height",
                                "-of", "csv=p=0", picture},
                               10);
  CHECK(size.find("mjpeg,320,180") == 0);
}

TEST_CASE("a video that is too large is made smaller in place, or stays as it was") {
  const folder f;
  const auto clip = f / "clip.mp4";
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
              "testsrc=duration=2:size=1280x720:rate=25,noise=alls=60:allf=t", "-f", "lavfi", "-i",
              "sine=d=2", "-pix_fmt", "yuv420p", "-b:v", "20M", clip},
             60);
  const auto before = media::probe(clip);
  REQUIRE(before.bytes > 1'500'000);
  media::shrink(clip, before, 500'000);
  const auto after = media::probe(clip);
  CHECK(after.bytes <= 500'000);
  CHECK(after.width == 1280);
  CHECK(after.duration_ms >= 1'900);
  CHECK_THROWS_AS(media::shrink(clip, after, 5'000), media::media_error);
  CHECK(media::probe(clip).bytes == after.bytes);
  CHECK(std::distance(fs::directory_iterator{f.path}, {}) == 1);
}

TEST_CASE("what is no video is refused") {
  const folder f;
  std::ofstream(f / "a.txt") << "just text\nand more text\n";
  std::ofstream(f / "list.mp4") << "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";
  std::ofstream(f / "empty.mp4").close();
  CHECK_THROWS_AS(media::probe(f / "a.txt"), media::media_error);
  CHECK_THROWS_AS(media::probe(f / "list.mp4"), media::media_error);
  CHECK_THROWS_AS(media::probe(f / "empty.mp4"), media::media_error);
  CHECK_THROWS_AS(media::probe(f / "missing.mp4"), media::media_error);
  CHECK_THROWS_AS(media::make_thumbnail(f / "a.txt", f / "a.jpg"), media::media_error);
}

TEST_CASE("a program that fails, is missing or hangs is an error") {
  CHECK(media::run({"echo", "a b"}, 5) == "a b\n");
  CHECK_THROWS_AS(media::run({"false"}, 5), media::media_error);
  CHECK_THROWS_AS(media::run({"/no/such/program"}, 5), media::media_error);
  CHECK_THROWS_AS(media::run({}, 5), media::media_error);
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(media::run({"sh", "-c", "sleep 30 & exec >&- 2>&-; sleep 30"}, 1), media::media_error);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

namespace {

std::string read_all(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A clip whose index stands first, as providers write them.
std::string make_clip(const std::string& path) {
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
              "testsrc=duration=1:size=320x180:rate=10", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
              path},
             30);
  return read_all(path);
}

/// Another PATH, for as long as it lives; by itself one without ffmpeg.
struct other_path {
  std::string before = std::getenv("PATH");
  explicit other_path(const std::string& now = "/nonexistent") { ::setenv("PATH", now.c_str(), 1); }
  ~other_path() { ::setenv("PATH", before.c_str(), 1); }
  other_path(const other_path&) = delete;
  other_path& operator=(const other_path&) = delete;
};

/// With the tools and without them.
void check_refused(const std::string& film, const std::string& thumbnail) {
  CHECK_FALSE(media::inspect({film, thumbnail, 0}).playable);
  const other_path lean;
  CHECK_FALSE(media::inspect({film, thumbnail, 0}).playable);
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary} << bytes;
}

/// A program in place of ffmpeg or ffprobe.
void make_tool(const std::string& path, const std::string& script) {
  write(path, "#!/bin/sh\n" + script + "\n");
  fs::permissions(path, fs::perms::owner_all);
}

/// The same film in another container.
std::string make_other(const std::string& mp4, const std::string& path, std::vector<std::string> how) {
  std::vector<std::string> argv{"ffmpeg", "-v", "error", "-nostdin", "-y", "-i", mp4};
  argv.insert(argv.end(), how.begin(), how.end());
  argv.push_back(path);
  media::run(argv, 30);
  return read_all(path);
}

} // namespace

TEST_CASE("half a video is no video, even when its index stands first") {
  const folder f;
  const auto clip = f / "clip.mp4";
  const auto bytes = make_clip(clip);
  CHECK(media::inspect({clip, f / "t.jpg", 0}).playable);
  for (const auto part : {2, 4, 10}) {
    std::ofstream{clip, std::ios::binary}
        << bytes.substr(0, bytes.size() - bytes.size() / static_cast<std::size_t>(part));
    const auto seen = media::inspect({clip, f / "t.jpg", 0});
    CHECK_FALSE(seen.playable);
    CHECK_FALSE(seen.is_text);
    CHECK_FALSE(seen.why.empty());
  }
}

TEST_CASE("a page in place of a video is known as one") {
  const folder f;
  std::ofstream(f / "a.mp4") << "\n <!DOCTYPE html><html>Sorry</html>";
  std::ofstream(f / "b.mp4") << "{\"code\":404}";
  CHECK(media::inspect({f / "a.mp4", f / "t.jpg", 0}).is_text);
  CHECK(media::inspect({f / "b.mp4", f / "t.jpg", 0}).is_text);
}

TEST_CASE("without ffmpeg a video is taken by its first bytes, and a page or half a file is not") {
  const folder f;
  const auto clip = f / "clip.mp4";
  const auto bytes = make_clip(clip);
  const auto known = media::inspect({clip, f / "t.jpg", 0});
  CHECK_FALSE(known.no_tools);
  CHECK(known.sha256.size() == 64);
  CHECK_FALSE(known.thumbnail_sha256.empty());
  const other_path lean;
  const auto seen = media::inspect({clip, f / "t2.jpg", 0});
  CHECK(seen.playable);
  CHECK(seen.no_tools);
  CHECK(seen.info.bytes == static_cast<std::int64_t>(bytes.size()));
  CHECK(seen.sha256 == known.sha256);
  CHECK(seen.thumbnail_sha256.empty());
  std::ofstream{clip, std::ios::binary} << bytes.substr(0, bytes.size() / 2);
  CHECK_FALSE(media::inspect({clip, f / "t2.jpg", 0}).playable);
  std::ofstream{clip, std::ios::binary} << "<html>";
  CHECK_FALSE(media::inspect({clip, f / "t2.jpg", 0}).playable);
}

TEST_CASE("what cannot be made small enough stays as it is and is still a video") {
  const folder f;
  const auto clip = f / "clip.mp4";
  const auto bytes = make_clip(clip);
  const auto seen = media::inspect({clip, f / "t.jpg", 500});
  CHECK(seen.playable);
  CHECK_FALSE(seen.info.shrunk);
  CHECK(read_all(clip) == bytes);
}

TEST_CASE("a film that ends right behind its index, or a few bytes later, is no video") {
  const folder f;
  const auto clip = f / "clip.mp4";
  const auto bytes = make_clip(clip);
  const auto index_end = bytes.find("mdat") - 4;
  for (const std::size_t more : {0, 1, 7, 8, 40}) {
    CAPTURE(more);
    write(clip, bytes.substr(0, index_end + more));
    check_refused(clip, f / "t.jpg");
  }
}

TEST_CASE("a film in fragments is whole with the pictures of its last one") {
  const folder f;
  const auto clip = f / "clip.mp4", parts = f / "parts.mp4";
  make_clip(clip);
  const auto bytes = make_other(clip, parts, {"-c", "copy", "-movflags", "frag_keyframe+empty_moov"});
  CHECK(media::inspect({parts, f / "t.jpg", 0}).playable);
  write(parts, bytes.substr(0, bytes.rfind("mdat") - 4));
  CHECK_FALSE(media::inspect({parts, f / "t.jpg", 0}).playable);
}

TEST_CASE("pictures that reach to the end, wherever that is, are read to where they should end") {
  const folder f;
  const auto clip = f / "clip.mp4";
  auto bytes = make_clip(clip);
  const auto length = bytes.find("mdat") - 4;
  bytes.replace(length, 4, 4, '\0'); // it is the last box of what ffmpeg writes
  write(clip, bytes);
  CHECK(media::inspect({clip, f / "t.jpg", 0}).playable);
  write(clip, bytes.substr(0, length + 8 + (bytes.size() - length - 8) / 2));
  const auto seen = media::inspect({clip, f / "t.jpg", 0});
  CHECK_FALSE(seen.playable);
  CHECK(seen.why == "the file is cut off");
}

TEST_CASE("half a film is none in any container, with the tools and without them") {
  const folder f;
  const auto clip = f / "clip.mp4";
  make_clip(clip);
  const std::pair<const char*, std::vector<std::string>> others[] = {{"film.mkv", {"-c", "copy"}},
                                                                     {"film.webm", {"-c:v", "libvpx"}}};
  for (const auto& [name, how] : others) {
    CAPTURE(name);
    const auto film = f / name;
    const auto bytes = make_other(clip, film, how);
    CHECK(media::inspect({film, f / "t.jpg", 0}).playable);
    for (const std::size_t tenths : {5, 9}) {
      write(film, bytes.substr(0, bytes.size() / 10 * tenths));
      check_refused(film, f / "t.jpg");
    }
  }
}

TEST_CASE("a film that says nothing of its length is read through") {
  const folder f;
  const auto clip = f / "clip.mp4", film = f / "film.mkv";
  make_clip(clip);
  auto bytes = make_other(clip, film, {"-c", "copy"});
  const auto segment = bytes.find("\x18\x53\x80\x67") + 4;
  bytes.replace(segment, 8, "\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
  write(film, bytes);
  CHECK(media::inspect({film, f / "t.jpg", 0}).playable);
  write(film, bytes.substr(0, bytes.size() / 2));
  CHECK_FALSE(media::inspect({film, f / "t.jpg", 0}).playable);
}

TEST_CASE("a film that ends between two of its parts ends before its time") {
  const folder f;
  const auto film = f / "film.mkv";
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
              "testsrc=duration=12:size=160x90:rate=5", "-pix_fmt", "yuv420p", "-cluster_time_limit", "3000",
              film},
             30);
  auto bytes = read_all(film);
  const auto segment = bytes.find("\x18\x53\x80\x67") + 4;
  bytes.replace(segment, 8, "\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
  write(film, bytes);
  CHECK(media::inspect({film, f / "t.jpg", 0}).playable);
  const std::string part = "\x1F\x43\xB6\x75";
  const auto second = bytes.find(part, bytes.find(part) + 4);
  REQUIRE(second != bytes.npos);
  write(film, bytes.substr(0, second));
  CHECK(media::inspect({film, f / "t.jpg", 0}).why == "the file is cut off");
}

TEST_CASE("a film of which no picture can be decoded is no video") {
  const folder f;
  const auto clip = f / "clip.mp4";
  auto bytes = make_clip(clip);
  const auto pictures = bytes.find("mdat") + 4;
  bytes.replace(pictures, bytes.size() - pictures, bytes.size() - pictures, '\0');
  write(clip, bytes);
  const auto seen = media::inspect({clip, f / "t.jpg", 0});
  CHECK_FALSE(seen.playable);
  CHECK_FALSE(seen.no_tools);
}

TEST_CASE("a tool that cannot be loaded, or that somebody ends, says nothing of the video") {
  const folder f;
  const auto clip = f / "clip.mp4";
  make_clip(clip);
  const std::string end = GENERATE("echo 'libx264.so.164: cannot open shared object file' >&2; exit 127",
                                   "exit 126", "kill -KILL $$", "kill -TERM $$", "exit 1");
  CAPTURE(end);
  make_tool(f / "ffprobe", end);
  make_tool(f / "ffmpeg", end);
  const other_path broken{f.path.string() + ":/usr/bin:/bin"};
  auto seen = media::inspect({clip, f / "t.jpg", 0});
  CHECK(seen.playable);
  CHECK(seen.no_tools);
  CHECK_FALSE(seen.why.empty());
  fs::remove(f / "ffprobe"); // the real one: it has looked, and only what ffmpeg says is missing
  seen = media::inspect({clip, f / "t.jpg", 0});
  CHECK(seen.playable);
  CHECK(seen.no_tools);
  CHECK(seen.info.width == 320);
  write(clip, std::string{"\0\0\0\x18"
                          "ftypmp42",
                          12} +
                  std::string(500, 'x'));
  seen = media::inspect({clip, f / "t.jpg", 0});
  CHECK_FALSE(seen.playable);
  CHECK(seen.no_tools); // what is missing is missing, whatever came of this video
}

TEST_CASE("a tool that falls on one file and works else is the file's fault") {
  const folder f;
  const auto clip = f / "clip.mp4";
  make_clip(clip);
  make_tool(f / "ffprobe", "[ \"$1\" = -version ] || kill -SEGV $$");
  const other_path with{f.path.string() + ":/usr/bin:/bin"};
  const auto seen = media::inspect({clip, f / "t.jpg", 0});
  CHECK_FALSE(seen.playable);
  CHECK_FALSE(seen.no_tools);
}

TEST_CASE("of a provider's film none is decoded but of the few kinds that providers make") {
  const folder f;
  const auto clip = f / "clip.mp4", film = f / "film.mkv";
  make_clip(clip);
  make_other(clip, film, {"-c:v", "magicyuv"});
  const auto seen = media::inspect({film, f / "t.jpg", 0});
  CHECK_FALSE(seen.playable);
  CHECK_FALSE(seen.no_tools);
  const auto old = f / "film.avi"; // a container that no provider uses
  make_other(clip, old, {"-c:v", "mpeg4"});
  CHECK_FALSE(media::inspect({old, f / "t.jpg", 0}).playable);
}

TEST_CASE("a film with a cover is a film") {
  const folder f;
  const auto clip = f / "clip.mp4", cover = f / "cover.png", film = f / "film.mp4";
  make_clip(clip);
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-i", clip, "-frames:v", "1", cover}, 20);
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-i", clip, "-i", cover, "-map", "0", "-map", "1", "-c",
              "copy", "-c:v:1", "png", "-disposition:v:1", "attached_pic", film},
             20);
  const auto seen = media::inspect({film, f / "t.jpg", 0});
  CHECK(seen.playable);
  CHECK_FALSE(seen.thumbnail_sha256.empty());
}

namespace {

long children_peak_kb() {
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  return used.ru_maxrss;
}

/// A few bytes that become so many pixels, and a request to make it smaller.
inspected inspect_large(const folder& f, const std::string& size, const std::string& codec) {
  const auto film = f / "large.mp4";
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
              "color=size=" + size + ":rate=5:duration=1", "-c:v", codec, "-pix_fmt",
              codec == "png" ? "rgb24" : "yuv420p", "-threads", "1", film},
             60);
  return media::inspect({film, f / "t.jpg", 1000});
}

} // namespace

TEST_CASE("a small film of enormous pictures takes no memory worth the name and is refused") {
  const folder f;
  for (const char* codec : {"png", "mpeg4"}) {
    CAPTURE(codec);
    const auto seen = inspect_large(f, "8000x7000", codec);
    CHECK_FALSE(seen.playable);
    CHECK_FALSE(seen.no_tools);
  }
  // Just under the limit, as a kind that is not decoded.
  CHECK_FALSE(inspect_large(f, "6000x6000", "png").playable);
  CHECK(children_peak_kb() < 1'600'000);
}
