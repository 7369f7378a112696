#include "net/proxy.hpp"

#include "net/base64.hpp"
#include "net/ip_address.hpp"

#include <algorithm>

namespace troupe {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto from = text.find_first_not_of(blanks);
  return from == text.npos ? std::string_view{} : text.substr(from, text.find_last_not_of(blanks) - from + 1);
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  c = static_cast<char>(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
std::string without_percents(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (!coded) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

/// IPv4 within IPv6 is IPv4. Empty when it is a name.
address_bytes address_of(const std::string& host) {
  auto ip = address_named(host);
  if (ip.size() == 16 && same_network(ip, address_named("::ffff:0:0"), 96))
    ip.erase(ip.begin(), ip.begin() + 12);
  return ip;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit) &&
         std::stoi(std::string{text}) > 0 && std::stoi(std::string{text}) <= 65'535;
}

[[noreturn]] void refuse(const char* setting, const std::string& why) {
  throw proxy_error{std::string{setting} + ": " + why};
}

std::shared_ptr<const proxy> proxy_of(const char* setting, const std::string& written) {
  const auto text = trimmed(written);
  if (text.empty()) return nullptr;
  const auto sign = text.find("://");
  const auto scheme = sign == text.npos ? "http" : lower(text.substr(0, sign));
  constexpr const char* shape = "write http://host:port or http://user:password@host:port";
  if (scheme.rfind("socks", 0) == 0)
    refuse(setting,
           scheme +
               ":// is not supported: SOCKS is not spoken here. Name an HTTP proxy that opens ways to port "
               "443 (CONNECT), as http://host:port");
  if (scheme == "https")
    refuse(setting, "https:// is not supported: the proxy itself is spoken to without TLS, what goes through "
                    "it keeps its "
                    "own. Write http://host:port");
  if (scheme != "http") refuse(setting, std::string{"this is no address of a proxy; "} + shape);
  auto rest = sign == text.npos ? text : text.substr(sign + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  proxy p;
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    const auto user = rest.substr(0, at);
    const auto colon = user.find(':');
    p.user = without_percents(user.substr(0, colon));
    if (colon != user.npos) p.password = without_percents(user.substr(colon + 1));
    rest = rest.substr(at + 1);
  }
  const auto where = host_of("http://" + std::string{rest});
  const auto colon = rest.rfind(':');
  const bool has_port = colon != rest.npos && rest.find(']', colon) == rest.npos;
  const bool plain =
      where.host.find_first_of(" \t@:") == std::string::npos || !address_of(where.host).empty();
  if (where.host.empty() || !plain) refuse(setting, std::string{"it names no host; "} + shape);
  if (!has_port || !is_port(where.port)) refuse(setting, std::string{"it names no port; "} + shape);
  p.host = lower(where.host), p.port = where.port;
  return std::make_shared<const proxy>(std::move(p));
}

} // namespace

std::string proxy::authorization() const {
  return user.empty() && password.empty() ? "" : "Basic " + base64(user + ":" + password);
}

std::string proxy::shown() const {
  const auto name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return std::string{"http://"} + (authorization().empty() ? "" : "***@") + name + ":" + port;
}

proxy_rules::proxy_rules(const proxy_settings& s) {
  const bool direct = lower(trimmed(s.ours)) == "direct";
  if (direct) return;
  const auto all = proxy_of("network.proxy", s.ours);
  const auto otherwise = proxy_of("ALL_PROXY", s.otherwise);
  const auto https = proxy_of("HTTPS_PROXY", s.https), http = proxy_of("HTTP_PROXY", s.http);
  https_ = all ? all : https ? https : otherwise;
  http_ = all ? all : http ? http : otherwise;
  std::string_view rest = s.except;
  while (!rest.empty()) {
    const auto end = std::min(rest.find_first_of(", \t\r\n;"), rest.size());
    const auto one = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (one.empty()) continue;
    except_text_ += (except_text_.empty() ? "" : ", ") + std::string{one};
    if (one == "*") all_excepted_ = true;
    else exceptions_.push_back(exception_of(lower(one)));
  }
}

proxy_rules::exception proxy_rules::exception_of(std::string text) {
  exception e;
  if (const auto slash = text.find('/'); slash != text.npos) {
    e.address = address_of(text.substr(0, slash));
    const auto bits = text.substr(slash + 1);
    const bool fits = !bits.empty() && bits.size() <= 3 && std::all_of(bits.begin(), bits.end(), is_digit) &&
                      std::stoul(bits) <= e.address.size() * 8;
    if (!e.address.empty() && fits) return e.bits = std::stoi(bits), e;
    e.address.clear();
    text.resize(slash);
  }
  if (e.address = address_of(text); e.address.empty()) { // a bare IPv6 address has colons of its own
    const auto colon = text.rfind(':');
    if (colon != text.npos && is_port(std::string_view{text}.substr(colon + 1))) {
      e.port = text.substr(colon + 1);
      text.resize(colon);
    }
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    e.address = address_of(text);
  }
  e.bits = static_cast<int>(e.address.size()) * 8;
  if (!e.address.empty()) return e;
  if (text.rfind("*.", 0) == 0) text.erase(0, 1);
  while (!text.empty() && text.front() == '.') text.erase(0, 1);
  while (!text.empty() && text.back() == '.') text.pop_back();
  e.name = text;
  return e;
}

bool proxy_rules::is_excepted(const host_and_port& to) const {
  if (all_excepted_) return true;
  const auto address = address_of(to.host);
  return std::any_of(exceptions_.begin(), exceptions_.end(), [&](const exception& e) {
    if (!e.port.empty() && e.port != to.port) return false;
    if (!e.address.empty()) return same_network(e.address, address, e.bits);
    if (e.name.empty() || !address.empty()) return false;
    if (to.host == e.name) return true;
    return to.host.size() > e.name.size() + 1 &&
           to.host.compare(to.host.size() - e.name.size() - 1, std::string::npos, "." + e.name) == 0;
  });
}

const proxy* proxy_rules::for_origin(const std::string& origin) const {
  const auto& through = is_encrypted(origin) ? https_ : http_;
  if (!through) return nullptr;
  auto to = host_of(origin);
  to.host = host_as_compared(to.host);
  return is_this_machine(to.host) || is_excepted(to) ? nullptr : through.get();
}

std::string proxy_in_force(const proxy_rules& rules) {
  if (!rules.any()) return "no proxy: every address is asked directly";
  const auto *https = rules.for_https(), *http = rules.for_http();
  std::string words;
  if (https && http && https->shown() == http->shown())
    words = "all requests go through the proxy " + https->shown();
  else {
    words = "https addresses are asked " +
            (https ? "through the proxy " + https->shown() : std::string{"directly"}) + ", http addresses " +
            (http ? "through the proxy " + http->shown() : std::string{"directly"});
  }
  return words + "; not to this machine" + (rules.except().empty() ? "" : ", nor to " + rules.except());
}

} // namespace troupe
