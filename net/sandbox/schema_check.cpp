#include "net/sandbox/schema_check.hpp"
#include "net/sandbox/message_parts.hpp"
#include <algorithm>
#include <charconv>

namespace troupe::sandbox {
namespace {

using nlohmann::json;
using words = std::vector<std::string>;

constexpr std::size_t name_bytes = 64; ///< Of a name that the caller made up.
const std::string attach = "attach://";

bool has(const words& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

void append(words& all, words more) {
  for (auto& w : more) all.push_back(std::move(w));
}

std::string shown(const std::string& name) {
  return valid_utf8(name) && name.size() <= name_bytes
             ? name
             : "a name of " + std::to_string(name.size()) + " bytes";
}

std::string joined(const std::string& path, const std::string& name) { return path + "." + name; }

template <class Number> json number_in(const std::string& s) {
  Number n{};
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  return error == std::errc{} && end == s.data() + s.size() ? json(n) : json(s);
}

/// A parameter's text as the value it stands for; a string when it stands for none of that type.
json value_in(const std::string& s, const std::string& base, bool array) {
  if (array) return json::parse(s, nullptr, false);
  if (base == "String" || base == "InputFile") return s;
  if (base == "Integer") return number_in<std::int64_t>(s);
  if (base == "Float") return number_in<double>(s);
  if (base != "Boolean") return json::parse(s, nullptr, false);
  const std::string word = lower(s);
  if (has({"true", "yes", "1"}, word)) return true;
  if (has({"false", "no", "0"}, word)) return false;
  return s;
}

std::string range(std::int64_t min, std::int64_t max) {
  return std::to_string(min) + "-" + std::to_string(max);
}

bool one_of_values(const words& values, const std::string& s, bool any_case) {
  if (values.empty() || has(values, s)) return true;
  return any_case && std::any_of(values.begin(), values.end(), [&](auto& v) { return lower(v) == lower(s); });
}

bool ends_with(const std::string& s, const std::string& end) {
  return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0;
}

} // namespace

words schema_check::of_call(const bot_schema::method& method) {
  words all;
  words known{"method"}; // a call may name itself so
  for (const auto& f : method.parts) {
    known.push_back(f.name);
    const std::string path = joined(method.name, f.name);
    const auto it = call_.values.find(f.name);
    const bool uploaded = call_.files.count(f.name) > 0;
    // An empty optional parameter is none, to Telegram too.
    if (it == call_.values.end() || (it->second.empty() && !f.required)) {
      if (f.required && !uploaded) all.push_back(path + ": required, but missing");
      continue;
    }
    append(all, value(f, it->second, path));
  }
  for (const auto& [name, text] : call_.values)
    if (!has(known, name)) all.push_back(joined(method.name, shown(name)) + ": unknown field");
  append(all, files(method.parts, method.name));
  if (all.size() > bot_schema::faults_max) all.resize(bot_schema::faults_max);
  return all;
}

/// A parameter comes as text; which value it is depends on the types it may have.
words schema_check::value(const field& f, const std::string& text, const std::string& path) {
  words fewest;
  bool first = true;
  for (const auto& t : f.types) {
    const json v = value_in(text, t.base, t.arrays > 0);
    const words found = v.is_discarded() ? words{path + ": no JSON"} : as(v, f, t, path, 0);
    if (found.empty()) return {};
    if (first || found.size() < fewest.size()) fewest = found;
    first = false;
  }
  return fewest;
}

/// What says that an object is another type: {"type": "photo"} is no InputMediaVideo. Asked first, because
/// types that hold themselves would be tried in all combinations otherwise.
bool schema_check::says_other(const json& v, const type& t) const {
  const auto kind = schema_.kinds_.find(t.base);
  if (t.arrays > 0 || kind == schema_.kinds_.end()) return false;
  for (const auto& f : kind->second.parts) {
    if (!f.required || f.values.size() != 1) continue;
    const auto it = v.find(f.name);
    return it != v.end() && *it != f.values.front();
  }
  return false;
}

/// The type it fits best tells what is wrong with it; objects are listed behind plain values.
words schema_check::any_of(const json& v, const field& f, const std::vector<type>& types,
                           const std::string& path, int depth) {
  words fewest{path + ": of no known type"};
  bool first = true;
  for (const auto& t : types) {
    if (v.is_object() && says_other(v, t)) continue;
    words found = as(v, f, t, path, depth);
    if (found.empty()) return {};
    if (first || found.size() <= fewest.size()) fewest = std::move(found);
    first = false;
  }
  return fewest;
}

words schema_check::as(const json& v, const field& f, const type& t, const std::string& path, int depth) {
  auto wrong = [&] {
    std::string name = t.base;
    for (int i = 0; i < t.arrays; ++i) name.insert(0, "Array of ");
    return words{path + ": must be " + name};
  };
  if (depth > bot_schema::depth_max) return {path + ": nested too deep"};
  if (t.arrays > 0) return v.is_array() ? items(v, f, t, path, depth) : wrong();
  if (t.base == "Boolean") return v.is_boolean() ? words{} : wrong();
  if (t.base == "String" || t.base == "InputFile")
    return v.is_string() ? text(v.get_ref<const std::string&>(), f, path) : wrong();
  if (t.base == "Integer" || t.base == "Float") {
    if (!(t.base == "Float" ? v.is_number() : v.is_number_integer())) return wrong();
    const bool outside = f.limited && (v < f.min || v > f.max);
    return outside ? words{path + ": outside " + range(f.min, f.max)} : words{};
  }
  const auto& kind = schema_.kinds_.at(t.base);
  if (!kind.one_of.empty()) return any_of(v, f, kind.one_of, path, depth + 1);
  return v.is_object() ? object(v, kind.parts, path, depth + 1) : wrong();
}

words schema_check::items(const json& list, const field& f, const type& t, const std::string& path,
                          int depth) {
  words all;
  const auto size = static_cast<std::int64_t>(list.size());
  if (f.limited && (size < f.min || size > f.max))
    all.push_back(path + ": not " + range(f.min, f.max) + " items");
  field item = f;
  item.limited = false; // the limit was the list's
  for (const auto& one : list) {
    append(all, as(one, item, {t.arrays - 1, t.base}, path, depth + 1));
    if (all.size() >= bot_schema::faults_max) break;
  }
  return all;
}

words schema_check::object(const json& v, const bot_schema::fields& parts, const std::string& path,
                           int depth) {
  words all;
  for (const auto& f : parts) {
    const auto it = v.find(f.name);
    if (it != v.end()) append(all, any_of(*it, f, f.types, joined(path, f.name), depth));
    else if (f.required) all.push_back(joined(path, f.name) + ": required, but missing");
  }
  for (const auto& [name, unused] : v.items()) {
    const auto named = [&n = name](const field& f) { return f.name == n; };
    if (std::none_of(parts.begin(), parts.end(), named))
      all.push_back(joined(path, shown(name)) + ": unknown field");
  }
  return all;
}

words schema_check::text(const std::string& s, const field& f, const std::string& path) {
  if (s.rfind(attach, 0) == 0 && f.name != "text" && !f.parsed) {
    attached_.insert(s.substr(attach.size()));
    return call_.files.count(s.substr(attach.size())) ? words{}
                                                      : words{path + ": attaches no file of the call"};
  }
  if (!one_of_values(f.values, s, ends_with(f.name, "parse_mode"))) return {path + ": not one of its values"};
  if (!f.limited || f.parsed) return {};
  const auto size = static_cast<std::int64_t>(f.bytes ? s.size() : code_points(s));
  const std::string unit = f.bytes ? " bytes" : " characters";
  if (size > f.max) return {path + ": longer than " + std::to_string(f.max) + unit};
  if (size < f.min) return {path + ": shorter than " + std::to_string(f.min) + unit};
  return {};
}

words schema_check::files(const bot_schema::fields& parts, const std::string& path) const {
  auto takes_file = [&](const std::string& name) {
    for (const auto& f : parts)
      if (f.name == name)
        return std::any_of(f.types.begin(), f.types.end(), [](auto& t) { return t.base == "InputFile"; });
    return false;
  };
  words all;
  for (const auto& [name, file] : call_.files)
    if (!takes_file(name) && !attached_.count(name))
      all.push_back(joined(path, shown(name)) + ": a file that nothing names");
  return all;
}

} // namespace troupe::sandbox
