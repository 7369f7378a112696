#pragma once
/// What can go wrong on the way to a whole service and back, by chance; what goes wrong inside of one is its
/// own (kie_faults, flood_watch, yookassa_faults). Told its dice; no thread and no clock in it.
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace troupe::sandbox {

enum class service { telegram, kie, yookassa, writer };
inline constexpr std::array all_services{service::telegram, service::kie, service::yookassa, service::writer};
const char* name_of(service s);

struct service_plan {
  int latency_ms = 0;        ///< 0..60000, before the work
  int lose_percent = 0;      ///< The call does not arrive: no work, no answer.
  int late_percent = 0;      ///< The work is done, its answer is lost.
  int refuse_percent = 0;    ///< No work, an answer that says so.
  int refuse_status = 500;   ///< 400..599
  int malformed_percent = 0; ///< The work is done, half of its answer arrives.
};

struct call_fate {
  enum class end { well, lost, refused, malformed, late };
  end what = end::well;
  int latency_ms = 0;
  int refuse_status = 0;
};
/// "" when nothing befell the call; "latency" when it only had to wait.
std::string name_of(const call_fate& f);

class service_faults {
public:
  /// A whole number from 0 to 99. Thrown once for each kind of fault that may be: first whether the call is
  /// lost, then refused, then late, then malformed.
  using dice = std::function<int()>;
  call_fate fate_of(service s, const dice& throw_die) const;
  service_plan plan(service s) const { return plans_[static_cast<std::size_t>(s)]; }

  nlohmann::json shown() const; ///< {"telegram": {"latency_ms": 0, ...}, ...}
  /// The same shape with what is to be different: all of it or nothing.
  /// @throws std::runtime_error that names the setting and its range
  void change(const nlohmann::json& services);
  void reset() { plans_ = {}; }

private:
  std::array<service_plan, all_services.size()> plans_{};
};

/// An answer as the service itself would refuse. `path` tells kie.ai's API (HTTP 200, the code is in the
/// body) from its files.
struct service_refusal {
  int status = 0;
  nlohmann::json body;
  int retry_after_s = 0; ///< 0: does not say
};
service_refusal refusal_of(service s, int status, const std::string& path);

} // namespace troupe::sandbox
