#pragma once
/// What proves that something is ours, or comes from whom it says.
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

std::string hmac_sha256_hex(std::string_view key, std::string_view text);
std::string hmac_sha256_base64(std::string_view key, std::string_view text);
bool same_secret(std::string_view a, std::string_view b); ///< constant time

/// The key of one bot's addresses on one database: two that were given the same secret share none.
std::string callback_key(const std::string& secret, std::int64_t bot_id, const std::string& database_id);
/// Of the job of this number that was made then: after a database was restored another one has its number.
std::string callback_signature(std::string_view key, std::string_view job_id, std::string_view created_at);
/// {base}/kie/callback/{job}/{when it was made}/{signature}
std::string callback_url(const std::string& base, const std::string& key, std::int64_t job_id,
                         std::int64_t created_at);

} // namespace troupe
