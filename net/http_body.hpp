#pragma once
/// The bodies of requests and answers that need not be in memory. Private to the HTTP client.
#include "messages/http.hpp"
#include "net/file_digest.hpp"
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace troupe {

/// Multipart with a known length, streamed from disk: a proxy may refuse chunked bodies, and a video
/// need not be in memory. Nothing here takes long: what is large is done piece by piece, so that whoever
/// waits for many connections may look after the others in between.
class multipart {
public:
  static constexpr std::size_t piece_bytes = 65'536;
  enum class look { more, good, bad };

  /// @returns false when a file cannot be read.
  bool open(const http_request& request) {
    boundary_ = "troupe-" + random_text();
    for (const auto& [name, value] : request.form)
      add_text("--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + quoted(name) +
               "\"\r\n\r\n" + value + "\r\n");
    for (const auto& file : request.files) {
      add_text("--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + quoted(file.field) +
               "\"; filename=\"" + quoted(file.filename) + "\"\r\nContent-Type: " +
               (file.content_type.empty() ? "application/octet-stream" : quoted(file.content_type)) +
               "\r\n\r\n");
      if (!add_file(file.path, file.sha256)) return false;
      add_text("\r\n");
    }
    add_text("--" + boundary_ + "--\r\n");
    return true;
  }
  /// Whether the files are those that are meant: a mebibyte of them a call. `bad`: somebody else's, or half.
  look look_on() {
    for (; looked_at_ < pieces_.size(); ++looked_at_) {
      auto& p = pieces_[looked_at_];
      if (!p.file || p.sha256.empty()) continue;
      if (!sum_) sum_ = std::make_unique<sha256_sum>(), summed_ = 0;
      for (int i = 0; i < 16 && summed_ < p.size; ++i) {
        if (!read(p, summed_)) return look::bad;
        sum_->add(read_.data(), read_.size());
        summed_ += read_.size();
      }
      if (summed_ < p.size) return look::more;
      if (sum_->hex() != p.sha256) return look::bad;
      sum_.reset();
    }
    return look::good;
  }
  std::size_t length() const { return length_; }
  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }

  /// What comes at `offset`, as much as is one piece; empty at the end, or when a file cannot be read any
  /// more.
  const std::string& piece_at(std::size_t offset) {
    read_.clear();
    for (auto& p : pieces_) {
      if (offset >= p.start + p.size) continue;
      if (p.file) (void)read(p, offset - p.start);
      else read_ = p.text.substr(offset - p.start);
      break;
    }
    return read_;
  }

private:
  struct piece {
    std::size_t start = 0, size = 0;
    std::string text;
    std::unique_ptr<std::ifstream> file;
    std::string sha256;
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
    pieces_.push_back({length_, size, std::move(text), nullptr, {}});
    length_ += size;
  }
  bool add_file(const std::string& path, const std::string& sha256) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (failed || !*file) return false;
    if (size == 0) return sha256.empty() || sha256_sum{}.hex() == sha256;
    pieces_.push_back({length_, static_cast<std::size_t>(size), {}, std::move(file), sha256});
    length_ += static_cast<std::size_t>(size);
    return true;
  }
  bool read(piece& p, std::size_t at) {
    read_.resize(std::min(piece_bytes, p.size - at));
    p.file->clear();
    p.file->seekg(static_cast<std::streamoff>(at));
    if (p.file->read(read_.data(), static_cast<std::streamsize>(read_.size()))) return true;
    read_.clear();
    return false;
  }

  std::string boundary_;
  std::vector<piece> pieces_;
  std::size_t length_ = 0;
  std::string read_;
  std::size_t looked_at_ = 0, summed_ = 0; ///< which piece, and how much of it is in the sum
  std::unique_ptr<sha256_sum> sum_;
};

/// Where an answer's body goes: into memory, or for a wanted 200 into a file, whole or not at all.
class sink_for_body {
public:
  /// What stands in place of a wanted file is for a log: no more of it is read.
  static constexpr std::size_t page_bytes_max = 65'536;
  enum class verdict { go_on, enough, too_large, no_room };

  explicit sink_for_body(const http_request& request)
      : max_(request.body_bytes_max), path_(request.save_to), part_(request.save_to + ".part") {}
  ~sink_for_body() {
    if (!started_file_ || kept_) return;
    file_.close();
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
  }
  sink_for_body(const sink_for_body&) = delete;
  sink_for_body& operator=(const sink_for_body&) = delete;

  verdict begin(int status) {
    if (path_.empty() || status != 200) return verdict::go_on;
    started_file_ = true;
    file_.open(part_, std::ios::binary | std::ios::trunc);
    return file_ ? verdict::go_on : verdict::no_room;
  }
  verdict add(const char* data, std::size_t size) {
    if (!started_file_ && !path_.empty()) {
      memory_.append(data, std::min(size, page_bytes_max - memory_.size()));
      return memory_.size() == page_bytes_max ? verdict::enough : verdict::go_on;
    }
    size_ += size;
    if (size_ > max_) return verdict::too_large;
    if (!started_file_) return memory_.append(data, size), verdict::go_on;
    head_.append(data, std::min(size, head_bytes - head_.size()));
    return file_.write(data, static_cast<std::streamsize>(size)) ? verdict::go_on : verdict::no_room;
  }
  /// @returns false when the file could not be kept.
  bool finish() {
    if (!started_file_) return true;
    file_.close();
    std::error_code failed;
    if (file_) std::filesystem::rename(part_, path_, failed);
    return kept_ = file_ && !failed;
  }
  void fill(http_reply& reply) {
    reply.body = std::move(memory_);
    reply.saved_bytes = started_file_ ? size_ : 0;
    reply.saved_head = std::move(head_);
  }

private:
  std::uint64_t max_, size_ = 0;
  std::string path_, part_, memory_, head_;
  std::ofstream file_;
  bool started_file_ = false, kept_ = false;
};

} // namespace troupe
