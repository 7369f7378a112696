/// What one option's value must be, beyond its type, and what several must be together.
#include "config/readers.hpp"
#include "config/words.hpp"
#include <algorithm>
#include <arpa/inet.h>
#include <set>

namespace troupe::config {
namespace {

std::string origin_of(const origin_map& origins, const std::string& key) {
  const auto found = origins.find(key);
  return found == origins.end() ? "default" : found->second;
}

bool is_url(const std::string& s) { return s.rfind("http://", 0) == 0 || s.rfind("https://", 0) == 0; }

bool names_a_host(const std::string& url) {
  const auto host = url.find("://") + 3;
  return host < url.size() && std::string{"/:?#@"}.find(url[host]) == std::string::npos;
}

/// "https://user:password@host": the password would stand in each log and error that names the address.
bool holds_user_info(const std::string& url) {
  const auto host = url.substr(url.find("://") + 3);
  return host.substr(0, host.find_first_of("/?#")).find('@') != std::string::npos;
}

constexpr std::size_t secret_chars_least = 32;
constexpr std::size_t secret_kinds_least = 8; // different characters; of 32 random hex digits there are 14

/// Ours, which nobody must guess: they are the only door of what comes in.
void check_secret(const std::string& key, const std::string& value, const std::string& where) {
  if (key != "web.callback_secret" && key != "web.webhook_secret") return;
  if (value.empty()) return; // one is made and kept
  if (value.size() < secret_chars_least ||
      std::set<char>{value.begin(), value.end()}.size() < secret_kinds_least)
    fail(where, key + " can be guessed: at least " + std::to_string(secret_chars_least) +
                    " random characters are meant (openssl rand -hex 32). Unset, one is made and kept in the "
                    "database");
}

bool may_be_empty(const option& o) {
  const std::string key = o.key;
  return o.secret || key == "web.public_url" || key == "log.file" || key == "prompt_writer.api_url" ||
         key == "storage.files_dir" || key == "web.proxy_header" || key.rfind("network.", 0) == 0 ||
         key.rfind("web.tls_", 0) == 0;
}

void check_text(const option& o, std::string& value, const std::string& where) {
  const std::string key = o.key;
  const bool url = key.size() > 4 && key.substr(key.size() - 4) == "_url";
  if (value.empty() && !may_be_empty(o)) fail(where, key + " must not be empty");
  if (url && !value.empty() && !is_url(value)) fail(where, key + " must start with http:// or https://");
  if (url && !value.empty() && (!names_a_host(value) || value.find_first_of(" \t\"'") != value.npos))
    fail(where, key + " is no address: https://host is meant");
  if (url && !value.empty() && holds_user_info(value))
    fail(where, key + " must not hold a user or a password: an address stands in logs");
  check_secret(key, value, where);
  while (url && !value.empty() && value.back() == '/') value.pop_back(); // paths are appended to it
  if (key == "log.level" &&
      !std::set<std::string>{"trace", "debug", "info", "warn", "error", "off"}.count(value))
    fail(where, "log.level must be trace, debug, info, warn, error or off");
  if (o.secret && value.find_first_of(" \t\r\n") != value.npos) fail(where, key + " must not hold blanks");
}

/// "10.0.0.0/8", "::1"
bool is_network(const std::string& text) {
  unsigned char bytes[16];
  const auto slash = text.find('/');
  const auto base = text.substr(0, slash);
  const bool four = ::inet_pton(AF_INET, base.c_str(), bytes) == 1;
  if (!four && ::inet_pton(AF_INET6, base.c_str(), bytes) != 1) return false;
  if (slash == text.npos) return true;
  const auto bits = text.substr(slash + 1);
  return !bits.empty() && bits.size() <= 3 && bits.find_first_not_of("0123456789") == bits.npos &&
         std::stoi(bits) <= (four ? 32 : 128);
}

void check_web(const options::web_options& w, const origin_map& origins, faults& f) {
  // With one of them only it would be plain HTTP, and nobody would notice.
  if (w.tls_certificate.empty() != w.tls_key.empty())
    f.add(origin_of(origins, w.tls_key.empty() ? "web.tls_certificate" : "web.tls_key"),
          "web.tls_certificate and web.tls_key must both be set, or neither");
  for (const auto& one : w.proxies)
    if (!is_network(one))
      f.add(origin_of(origins, "web.proxies"),
            "web.proxies: \"" + one + "\" is no address and no network: 10.0.0.5 or 10.0.0.0/8 is meant");
  // A header's name; what is none would be found in no request.
  if (w.proxy_header.find_first_of(" \t:\r\n") != w.proxy_header.npos)
    f.add(origin_of(origins, "web.proxy_header"), "web.proxy_header must be the bare name of a header");
  // Telegram takes no other ones (setWebhook).
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (w.webhook_secret.size() > 256 || !std::all_of(w.webhook_secret.begin(), w.webhook_secret.end(), fits))
    f.add(origin_of(origins, "web.webhook_secret"),
          "web.webhook_secret must be of A-Z, a-z, 0-9, _ and -, at most 256");
}

} // namespace

void check_options(const options& o, std::vector<option>& all, const origin_map& origins, faults& f) {
  for (auto& one : all)
    if (const auto s = std::get_if<std::string*>(&one.where))
      f.attempt([&] { check_text(one, **s, origin_of(origins, one.key)); });
  check_web(o.web, origins, f);
  if (o.shop.own_credits_min > o.shop.own_credits_max)
    f.add(origin_of(origins, "shop.own_credits_min"),
          "shop.own_credits_min must not be above shop.own_credits_max");
}

} // namespace troupe::config
