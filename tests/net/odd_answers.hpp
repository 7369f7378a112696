#pragma once
/// A good answer, spoiled in every way that was ever seen of a service, and in some that were not.
#include "messages/http.hpp"
#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::test {

using nlohmann::json;

inline const std::string planted_secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

struct odd_answer {
  std::string how; ///< "missing /data/state"
  http_reply reply;
};

inline std::string nested(const std::string& open, const std::string& middle, const std::string& close,
                          std::size_t levels) {
  std::string all;
  all.reserve(levels * (open.size() + close.size()) + middle.size());
  for (std::size_t i = 0; i < levels; ++i) all += open;
  all += middle;
  for (std::size_t i = 0; i < levels; ++i) all += close;
  return all;
}

/// All places in it: "/data/state", "/data", "".
inline void places_in(const json& j, const json::json_pointer& at, std::vector<json::json_pointer>& all) {
  all.push_back(at);
  if (j.is_object())
    for (const auto& [name, value] : j.items()) places_in(value, at / name, all);
  if (j.is_array())
    for (std::size_t i = 0; i < j.size(); ++i) places_in(j[i], at / i, all);
}

inline std::string in_other_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    else if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

/// `use` is called with each. They are made one by one: some are large.
inline void for_each_odd_answer(const json& good, const std::function<void(const odd_answer&)>& use) {
  const auto as_text = [&](const std::string& how, const std::string& body, int status = 200) {
    odd_answer a;
    a.how = how;
    a.reply.status = status;
    a.reply.headers = {{"content-type", "application/json"}};
    a.reply.body = body;
    use(a);
  };
  const std::string mark = "@@here@@";
  std::vector<json::json_pointer> all;
  places_in(good, json::json_pointer{}, all);
  for (const auto& at : all) {
    const auto named = " " + at.to_string();
    const auto put = [&](const std::string& how, const json& value) {
      if (value == good[at]) return; // as it was
      auto j = good;
      j[at] = value;
      as_text(how + named, j.dump());
    };
    /// Bytes that no json value holds.
    const auto put_text = [&](const std::string& how, const std::string& bytes) {
      auto j = good;
      j[at] = mark;
      auto text = j.dump();
      text.replace(text.find('"' + mark + '"'), mark.size() + 2, bytes);
      as_text(how + named, text);
    };
    if (!at.empty()) {
      auto j = good;
      auto& parent = j[at.parent_pointer()];
      if (parent.is_array()) parent.erase(parent.begin() + std::stoi(at.back()));
      else parent.erase(at.back());
      as_text("missing" + named, j.dump());
    }
    const auto& was = good[at];
    put("null", nullptr);
    for (const auto& other :
         {json(0), json(1), json(-7), json(0.5), json(1e300), json(18446744073709551615ull), json(INT64_MIN),
          json(true), json(false), json(""), json(" "), json("nonsense"), json::array(), json::object(),
          json::array({nullptr})})
      put("other type " + other.dump(), other);
    if (was.is_string()) {
      put("other case", in_other_case(was.get<std::string>()));
      put("blanks around", " " + was.get<std::string>() + "\n");
      put("twice encoded", json(was).dump());
    }
    if (was.is_number() || was.is_boolean()) put("as text", was.dump());
    for (const char* name : {"data", "result", "value"})
      put(std::string{"wrapped in "} + name, json{{name, was}});
    put("wrapped in a list", json::array({was}));
    put("wrapped in a list of lists", json::array({json::array({was})}));
    put("wrapped in a text", was.dump());
    put("a secret", "Authorization: Bearer " + planted_secret + " of " + planted_secret + "\r\nx");
    put("huge text", std::string(1 << 16, 'x'));
    put("huge list", json(std::vector<int>(2'000, 1)));
    put_text("huge number", std::string(400, '9'));
    put_text("number out of range", "1e999");
    put_text("half a pair", R"("\ud83d")");
    put_text("broken bytes", "\"\xFF\xC0\"");
    put_text("control characters", "\"a\nb\"");
    put_text("deep list", nested("[", "", "]", 100'000));
    if (std::count(named.begin(), named.end(), '/') <= 2) { // deeper ones differ in nothing but their cost
      put_text("deep object", nested(R"({"data":)", "1", "}", 100'000));
      put_text("deep and never closed", nested("[", "", "", 100'000));
    }
    put("deep inside a text", nested("[", "", "]", 100'000));
  }
  const auto text = good.dump();
  for (std::size_t cut = 0; cut < text.size(); cut += 1 + text.size() / 40)
    as_text("cut short", text.substr(0, cut));
  as_text("with garbage behind", text + "<!-- served in 3 ms -->");
  as_text("a page", "<!DOCTYPE html><html><head><title>Just a moment...</title></head>");
  as_text("a page with a key", "<html>" + planted_secret + "</html>");
  as_text("XML", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>");
  as_text("a word", "OK");
  as_text("zeros", std::string(64, '\0'));
  for (const int status :
       {201, 204, 301, 400, 401, 403, 404, 408, 413, 418, 429, 451, 500, 502, 503, 504, 520, 999}) {
    as_text("HTTP " + std::to_string(status) + " page", "<html>" + std::to_string(status) + "</html>",
            status);
    as_text("HTTP " + std::to_string(status) + " empty", "", status);
    as_text("HTTP " + std::to_string(status) + " object", "{}", status);
  }
  for (const auto e : {http_error::refused, http_error::lost, http_error::too_large, http_error::stopped}) {
    odd_answer a;
    a.how = "no answer " + std::to_string(static_cast<int>(e));
    a.reply.error = e;
    use(a);
  }
}

/// For logs and operators: short, one line, and nobody's secret.
inline bool is_safe(const std::string& text) {
  return text.size() <= 2000 && text.find(planted_secret.substr(0, 16)) == text.npos &&
         text.find_first_of("\r\n\x1b") == text.npos;
}

inline std::string small(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

} // namespace troupe::test
