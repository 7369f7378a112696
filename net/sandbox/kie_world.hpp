#pragma once
/// kie.ai as a plain class that is told the time (Unix ms).
#include "net/sandbox/kie_faults.hpp"
#include "net/sandbox/kie_models.hpp"
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <queue>
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
  bool lost = false;         ///< The answer must not arrive.
};

struct kie_clip {
  std::string prompt;
  bool portrait = false;
};

class kie_world {
public:
  kie_world(int generation_ms, int fail_percent, unsigned seed);

  kie_faults faults;
  void enforce_rate(bool on) { faults.enforce_rate = on; }

  /// `base` is the address under which the caller reached us: results live there. Each `key` is an account
  /// of its own; the one without a name never runs out of credits.
  kie_created create_job(const std::string& body, const std::string& base, std::int64_t now,
                         const std::string& key = "");
  kie_created create_veo(const std::string& body, const std::string& base, std::int64_t now,
                         const std::string& key = "");
  nlohmann::json record_info(const std::string& task_id, std::int64_t now) const;
  nlohmann::json veo_record_info(const std::string& task_id, std::int64_t now) const;
  nlohmann::json credit(std::int64_t now, const std::string& key = "");
  /// None before the end, or when the task has no callback address.
  std::optional<kie_callback> callback_of(const std::string& task_id, std::int64_t now) const;
  /// None unless the task succeeded.
  std::optional<kie_clip> clip_of(const std::string& task_id, std::int64_t now) const;
  void configure(int generation_ms, int fail_percent);
  int generation_ms() const { return generation_ms_; }
  /// Generations go so many times faster, also what is left of those that run.
  void set_speed(int times, std::int64_t now);
  int speed() const { return speed_; }
  std::int64_t ready_at(const std::string& task_id) const; ///< 0: never, or no such task
  int fail_percent() const { return fail_percent_; }

  bool refuses(const std::string& key) const;
  void refuse_key(const std::string& key, bool on) { accounts_[key].refused = on; }
  void set_credits(const std::string& key, double credits, std::int64_t now);
  /// [{key, credits, refused, creates, too_fast}], also of keys that made nothing yet.
  nlohmann::json accounts(std::int64_t now);

  /// `file_name` may be empty. @returns the envelope; the file is kept.
  nlohmann::json upload(const std::string& path, const std::string& file_name, const std::string& mime,
                        std::string bytes, const std::string& base, std::int64_t now);
  nlohmann::json upload_base64(const std::string& body, const std::string& base, std::int64_t now);
  struct kept_file {
    std::string mime, bytes;
  };
  const kept_file* uploaded(const std::string& path) const;

  static nlohmann::json no_access();
  static nlohmann::json no_upload_access();
  /// By callback, or by prompt without one. A task after one that has failed is no second one.
  const std::map<std::string, int>& creates() const { return creates_; }
  /// Its last task has succeeded, or may yet.
  bool is_awaited(const std::string& who, std::int64_t now) const;
  nlohmann::json tasks(std::int64_t now) const;
  /// Creates beyond the documented 20 in 10 s of one account, served or not.
  int too_fast() const { return too_fast_; }

private:
  struct task {
    std::string id, key, model, prompt, aspect, resolution, callback, base;
    nlohmann::json request;
    bool veo = false;
    kie_fate end;
    std::int64_t created = 0, ready = 0;
    double price = 0;
  };
  /// What a task costs, once it has succeeded.
  struct debt {
    std::int64_t due;
    double price;
    bool operator<(const debt& o) const { return due > o.due; } // The queue gives the earliest first.
  };
  struct account {
    double credits = 1'000'000;
    bool refused = false;
    std::priority_queue<debt> debts;
    std::deque<std::int64_t> recent; ///< Times of creates.
    int creates = 0, too_fast = 0;
  };

  static bool good(const task& t) { return !t.end.failure; }
  static bool over(const task& t, std::int64_t now) { return !t.end.hang && now >= t.ready; }
  const task* find(const std::string& id) const;
  kie_fate choose_fate(const std::string& prompt);
  std::string new_id();
  /// None: the caller may go on.
  std::optional<kie_refusal> stopped_at_gate(const std::string& key, std::int64_t now);
  kie_created place(task t, const kie_order& order, std::int64_t now);
  kie_created accept(task t, std::int64_t now);
  void note_create(account& a, std::int64_t now);
  static void settle(account& a, std::int64_t now);
  nlohmann::json record(const task& t, std::int64_t now) const;
  nlohmann::json veo_record(const task& t, std::int64_t now) const;
  static std::string state_of(const task& t, std::int64_t now);
  static std::string result_url(const task& t);

  int generation_ms_, fail_percent_, speed_ = 1;
  std::mt19937_64 random_;
  std::map<std::string, task> tasks_;
  std::vector<std::string> order_;
  std::map<std::string, int> creates_;
  std::map<std::string, std::string> last_of_; ///< task id
  std::map<std::string, account> accounts_;
  int too_fast_ = 0;
  std::map<std::string, kept_file> uploads_;
  std::int64_t next_upload_ = 1;
};

/// Accepts a data: prefix. None when it is no base64.
std::optional<std::string> from_base64(const std::string& text);

} // namespace troupe::sandbox
