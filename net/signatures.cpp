#include "net/signatures.hpp"

#include "net/base64.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace troupe {

static std::string hmac_sha256(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size))
    throw std::runtime_error("HMAC failed");
  return {reinterpret_cast<const char*>(digest), size};
}

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  constexpr const char* hex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : hmac_sha256(key, text)) out += {hex[byte >> 4], hex[byte & 15]};
  return out;
}

std::string hmac_sha256_base64(std::string_view key, std::string_view text) {
  return base64(hmac_sha256(key, text));
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string callback_key(const std::string& secret, std::int64_t bot_id, const std::string& database_id) {
  return hmac_sha256_hex(secret,
                         "callbacks of bot " + std::to_string(bot_id) + " on database " + database_id);
}

std::string callback_signature(std::string_view key, std::string_view job_id, std::string_view created_at) {
  return hmac_sha256_hex(key, std::string{job_id}.append("|").append(created_at));
}

std::string callback_url(const std::string& base, const std::string& key, std::int64_t job_id,
                         std::int64_t created_at) {
  const auto job = std::to_string(job_id), made = std::to_string(created_at);
  return base + "/kie/callback/" + job + "/" + made + "/" + callback_signature(key, job, made);
}

} // namespace troupe
