#pragma once
/// kie.ai as a plain class that is told the time (Unix ms).
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace troupe::sandbox {

struct kie_callback {
  std::string url, body;
};

struct kie_created {
  nlohmann::json body;
  std::string task_id;       ///< "" when refused
  std::int64_t ready_at = 0; ///< 0: never
};

struct kie_clip {
  std::string prompt;
  bool portrait = false;
};

class kie_world {
public:
  kie_world(int generation_ms, int fail_percent, unsigned seed);

  /// `base` is the address under which the caller reached us: results live there.
  kie_created create_job(const std::string& body, const std::string& base, std::int64_t now);
  kie_created create_veo(const std::string& body, const std::string& base, std::int64_t now);
  nlohmann::json record_info(const std::string& task_id, std::int64_t now) const;
  nlohmann::json veo_record_info(const std::string& task_id, std::int64_t now) const;
  nlohmann::json credit(std::int64_t now) const;
  /// None before the end, or when the task has no callback address.
  std::optional<kie_callback> callback_of(const std::string& task_id, std::int64_t now) const;
  /// None unless the task succeeded.
  std::optional<kie_clip> clip_of(const std::string& task_id, std::int64_t now) const;
  void configure(int generation_ms, int fail_percent);

  /// `file_name` may be empty. @returns the envelope; the file is kept.
  nlohmann::json upload(const std::string& path, const std::string& file_name, const std::string& mime,
                        std::string bytes, const std::string& base, std::int64_t now);
  nlohmann::json upload_base64(const std::string& body, const std::string& base, std::int64_t now);
  struct kept_file {
    std::string mime, bytes;
  };
  const kept_file* uploaded(const std::string& path) const;

  static nlohmann::json no_access();
  const std::map<std::string, int>& creates() const { return creates_; }
  nlohmann::json tasks(std::int64_t now) const;
  /// Creates beyond the documented 20 in 10 s; they are served all the same.
  int too_fast() const { return too_fast_; }

private:
  enum class fate : std::uint8_t { success, violation, temporary, unknown, hang };
  struct task {
    std::string id, model, prompt, aspect, resolution, callback, base;
    nlohmann::json request;
    bool veo = false;
    fate end = fate::success;
    std::int64_t created = 0, ready = 0;
    double price = 0;
  };

  static bool over(const task& t, std::int64_t now) { return t.end != fate::hang && now >= t.ready; }
  const task* find(const std::string& id) const;
  fate choose_fate(const std::string& prompt);
  std::string new_id();
  kie_created accept(task t, std::int64_t now);
  nlohmann::json record(const task& t, std::int64_t now) const;
  nlohmann::json veo_record(const task& t, std::int64_t now) const;
  static std::string state_of(const task& t, std::int64_t now);
  static std::string result_url(const task& t);
  static nlohmann::json failure(const task& t);

  int generation_ms_, fail_percent_;
  std::mt19937_64 random_;
  std::map<std::string, task> tasks_;
  std::vector<std::string> order_;
  std::map<std::string, int> creates_;
  std::deque<std::int64_t> recent_;
  int too_fast_ = 0;
  std::map<std::string, kept_file> uploads_;
  std::int64_t next_upload_ = 1;
};

/// Accepts a data: prefix. None when it is no base64.
std::optional<std::string> from_base64(const std::string& text);

} // namespace troupe::sandbox
