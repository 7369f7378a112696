#pragma once
/// The last calls between the engine and the services, for people to read. Not for threads: who shares it
/// guards it.
#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::sandbox {

struct http_call {
  std::int64_t at = 0; ///< unix ms, when it began
  std::int64_t took_ms = 0;
  std::string service;
  std::string method, path, request, response; ///< As they were; secrets are masked when shown.
  int status = 0;                              ///< 0: no answer
  std::string fault;                           ///< "": none
  bool out = false;                            ///< From the service to the engine.
};

class http_log {
public:
  static constexpr std::size_t calls_max = 500; ///< the oldest go
  static constexpr std::size_t text_max = 4096; ///< bytes of a request or an answer; the rest is cut

  /// `secrets` are masked wherever they stand.
  explicit http_log(std::vector<std::string> secrets = {}) : secrets_(std::move(secrets)) {}
  void add(http_call c);
  std::int64_t last_seq() const { return last_seq_; }
  /// {"last_seq": 7, "calls": [...]}, oldest first.
  nlohmann::json after(std::int64_t seq) const;

private:
  std::vector<std::string> secrets_;
  std::deque<http_call> calls_;
  std::int64_t last_seq_ = 0;
};

/// Bot tokens in addresses, the signature in a callback's address, and what stands in a field named
/// `secret_token` or `provider_token`.
std::string without_secrets(std::string text, const std::vector<std::string>& secrets = {});
/// At most http_log::text_max bytes and an ellipsis, never half a character.
std::string cut(const std::string& text);

} // namespace troupe::sandbox
