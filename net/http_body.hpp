#pragma once
/// The bodies of requests and answers that need not be in memory. Private to the blocking clients.
#include "messages/http.hpp"
#include "net/file_digest.hpp"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace troupe {

/// Multipart with a known length, streamed from disk: a proxy may refuse chunked bodies, and a video
/// need not be in memory.
class multipart {
public:
  /// @returns false when a file cannot be read, or is not the one that is meant.
  bool build(const http_request& request) {
    boundary_ = "troupe-" + random_text();
    for (const auto& [name, value] : request.form)
      add_text("--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + quoted(name) +
               "\"\r\n\r\n" + value + "\r\n");
    for (const auto& file : request.files) {
      add_text("--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + quoted(file.field) +
               "\"; filename=\"" + quoted(file.filename) + "\"\r\nContent-Type: " +
               (file.content_type.empty() ? "application/octet-stream" : file.content_type) + "\r\n\r\n");
      if (!add_file(file.path, file.sha256)) return false;
      add_text("\r\n");
    }
    add_text("--" + boundary_ + "--\r\n");
    return true;
  }
  std::size_t length() const { return length_; }
  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }

  /// A piece from `offset` on. @returns false when a file cannot be read, or nothing is left.
  template <class Sink> bool write(std::size_t offset, Sink& sink) {
    for (auto& p : pieces_) {
      if (offset >= p.start + p.size) continue;
      const auto skip = offset - p.start;
      if (!p.file) return sink.write(p.text.data() + skip, p.size - skip);
      char buffer[65536];
      const auto n = std::min(sizeof buffer, p.size - skip);
      p.file->clear();
      p.file->seekg(static_cast<std::streamoff>(skip));
      if (!p.file->read(buffer, static_cast<std::streamsize>(n))) return false;
      return sink.write(buffer, n);
    }
    return false;
  }

private:
  struct piece {
    std::size_t start = 0, size = 0;
    std::string text;
    std::unique_ptr<std::ifstream> file;
  };
  static std::string random_text() {
    std::random_device device;
    char text[33];
    std::snprintf(text, sizeof text, "%08x%08x%08x%08x", device(), device(), device(), device());
    return text;
  }
  static std::string quoted(const std::string& text) {
    std::string out;
    for (char c : text) out += c == '"' ? "%22" : c == '\r' ? "%0D" : c == '\n' ? "%0A" : std::string(1, c);
    return out;
  }
  void add_text(std::string text) {
    const auto size = text.size();
    pieces_.push_back({length_, size, std::move(text), nullptr});
    length_ += size;
  }
  bool add_file(const std::string& path, const std::string& sha256) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (failed || !*file) return false;
    if (!sha256.empty() && sha256_of(*file) != sha256) return false; // somebody else's, or half of it
    if (size) pieces_.push_back({length_, static_cast<std::size_t>(size), {}, std::move(file)});
    length_ += static_cast<std::size_t>(size);
    return true;
  }

  std::string boundary_;
  std::vector<piece> pieces_;
  std::size_t length_ = 0;
};

/// Where an answer's body goes: into memory, or for a wanted 200 into a file.
class sink_for_body {
public:
  explicit sink_for_body(const http_request& request)
      : max_(request.body_bytes_max), limit_(request.time_limit), path_(request.save_to),
        part_(request.save_to + ".part") {}
  ~sink_for_body() {
    if (!started_file_ || kept_) return;
    file_.close();
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
  }
  sink_for_body(const sink_for_body&) = delete;
  sink_for_body& operator=(const sink_for_body&) = delete;

  bool begin(int status, const std::string& content_length) {
    deadline_ = std::chrono::steady_clock::now() + limit_;
    std::uint64_t announced = 0;
    for (char c : content_length) {
      if (c < '0' || c > '9' || announced > max_) break;
      announced = announced * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (announced > max_) return fail(http_error::too_large);
    if (path_.empty() || status != 200) return true;
    started_file_ = true;
    file_.open(part_, std::ios::binary | std::ios::trunc);
    return file_ ? true : fail(http_error::lost);
  }
  bool add(const char* data, std::size_t size) {
    size_ += size;
    if (size_ > max_) return fail(http_error::too_large);
    // The read limit is per read; an answer that drips must end as well.
    if (std::chrono::steady_clock::now() > deadline_) return fail(http_error::lost);
    if (!started_file_) return memory_.append(data, size), true;
    head_.append(data, std::min(size, head_bytes - head_.size()));
    return file_.write(data, static_cast<std::streamsize>(size)) ? true : fail(http_error::lost);
  }
  /// @returns false when the file could not be kept.
  bool finish() {
    if (!started_file_) return true;
    file_.close();
    std::error_code failed;
    if (file_) std::filesystem::rename(part_, path_, failed);
    return kept_ = file_ && !failed;
  }
  std::string take() { return std::move(memory_); }
  std::uint64_t saved_bytes() const { return started_file_ ? size_ : 0; }
  const std::string& head() const { return head_; }
  http_error error() const { return error_; }

private:
  bool fail(http_error e) {
    error_ = e;
    return false;
  }
  std::uint64_t max_, size_ = 0;
  std::chrono::milliseconds limit_;
  std::string path_, part_, memory_, head_;
  std::chrono::steady_clock::time_point
      deadline_{}; ///< counted from the answer's beginning: what went before may be a long upload
  std::ofstream file_;
  bool started_file_ = false, kept_ = false;
  http_error error_ = http_error::none;
};

} // namespace troupe
