#pragma once
/// What can go wrong at kie.ai: by words in the prompt, by the dice, and by the fault panel.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::sandbox {

/// The answer to a create that makes no task.
struct kie_refusal {
  int code = 0;
  std::string msg;
};

/// How a task fails, in the words of the market's record and of the older Veo record.
struct kie_failure {
  std::string code, text;
  int veo_code = 0;
  std::string veo_text;
};

struct kie_fate {
  bool hang = false;
  std::optional<kie_failure> failure; ///< None: success.
};

/// A count of -1 means all.
struct kie_faults {
  int refuse_next = 0;
  kie_refusal refuse_with{429, "Rate limit exceeded"};
  int lose_next = 0; ///< The task is made, but its answer does not arrive.
  bool all_late = false;
  bool enforce_rate = false; ///< Creates beyond 20 in 10 s get code 429; otherwise they are only counted.
  int latency_ms = 0;        ///< Between the deed and its answer.
};

/// A late task takes this many times as long.
inline constexpr int kie_lateness = 10;
/// So many downloads of a spoiled result are spoiled; the next one is good.
inline constexpr int kie_spoiled_downloads = 2;

/// None without a marker: `[[hang]]`, `[[fail:<kind>]]`.
std::optional<kie_fate> marked_fate(const std::string& prompt);
kie_fate diced_fate(std::uint64_t die);
/// `[[submit:<kind>]]`
std::optional<kie_refusal> marked_refusal(const std::string& prompt);
bool marked_lost(const std::string& prompt); ///< `[[submit:lost]]`
bool marked_late(const std::string& prompt); ///< `[[late]]`
/// `[[result:page]]` and `[[result:half]]`: what the first downloads of a result bring in its place.
enum class kie_spoiled : std::uint8_t { no, page, half };
kie_spoiled marked_result(const std::string& prompt);

kie_refusal no_credits();
kie_refusal no_access();
kie_refusal too_frequent();
kie_refusal paused();
kie_refusal unknown_model();
/// Offered in the fault panel.
std::vector<kie_refusal> usual_refusals();

} // namespace troupe::sandbox
