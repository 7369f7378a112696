#pragma once
/// All that can go wrong outside the engine, by name.
#include <array>
#include <cstdint>
#include <iterator>
#include <string>

namespace troupe::simulation {

enum class fault : std::uint8_t {
  none,
  refused,      ///< no connection: nothing was done
  timeout,      ///< no answer, and nothing was done
  timeout_done, ///< no answer, but it was done
  reset,        ///< the connection breaks before it was done
  reset_done,   ///< and after
  gateway,      ///< 502 with HTML, nothing was done
  gateway_done, ///< 504 with HTML, but it was done
  malformed,    ///< done, and half of the answer
  server_error, ///< Telegram's 500; kie's code 500 in HTTP 200. Nothing was done
  flood,        ///< Telegram's 429 with retry_after; kie's code 429. Nothing was done
  repeated_update,
  swapped_updates,
  old_update,
  callback_late,
  callback_lost,
  callback_twice,
  callback_forged,
  disk,        ///< a batch of the ledger cannot be stored
  full_disk,   ///< nor any other for minutes
  no_telegram, ///< an outage of minutes to hours
  no_provider,
  fall, ///< a session or a generation ends by an exception
  unknown_end
};
inline constexpr auto fault_kinds = static_cast<std::size_t>(fault::unknown_end);

constexpr const char* name_of(fault f) {
  constexpr const char* names[] = {"none",
                                   "refused",
                                   "time-out",
                                   "time-out, done",
                                   "reset",
                                   "reset, done",
                                   "gateway",
                                   "gateway, done",
                                   "malformed",
                                   "server error",
                                   "flood",
                                   "repeated update",
                                   "swapped updates",
                                   "old update",
                                   "late callback",
                                   "lost callback",
                                   "double callback",
                                   "forged callback",
                                   "disk",
                                   "full disk",
                                   "Telegram outage",
                                   "provider outage",
                                   "fallen actor"};
  static_assert(std::size(names) == fault_kinds);
  return names[static_cast<std::size_t>(f)];
}

/// Per mille, by kind.
struct fault_rates {
  std::array<int, fault_kinds> of{};
  int& operator[](fault f) { return of[static_cast<std::size_t>(f)]; }
  int operator[](fault f) const { return of[static_cast<std::size_t>(f)]; }
};

struct fault_counts {
  std::array<std::int64_t, fault_kinds> of{};
  std::int64_t& operator[](fault f) { return of[static_cast<std::size_t>(f)]; }
  void add(const fault_counts& o) {
    for (std::size_t i = 0; i < fault_kinds; ++i) of[i] += o.of[i];
  }
  std::string text() const {
    std::string all;
    for (std::size_t i = 1; i < fault_kinds; ++i)
      if (of[i] > 0)
        all += (all.empty() ? "" : ", ") + std::to_string(of[i]) + " " + name_of(static_cast<fault>(i));
    return all.empty() ? "none" : all;
  }
};

} // namespace troupe::simulation
