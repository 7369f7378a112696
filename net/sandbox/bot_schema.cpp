#include "net/sandbox/bot_schema.hpp"
#include "net/sandbox/message_parts.hpp"
#include "net/sandbox/schema_check.hpp"
#include <stdexcept>

namespace troupe::sandbox {

using nlohmann::json;

bot_schema::type bot_schema::read_type(const std::string& text) {
  const std::string array = "Array of ";
  type t{0, text};
  for (; t.base.rfind(array, 0) == 0; t.base.erase(0, array.size())) ++t.arrays;
  return t;
}

bot_schema::field bot_schema::read_field(const std::string& name, const json& given) {
  field f;
  f.name = name;
  for (const auto& t : given.at("types")) f.types.push_back(read_type(t));
  f.required = given.value("required", false);
  f.limited = given.contains("max");
  f.min = given.value("min", std::int64_t{0});
  f.max = given.value("max", std::int64_t{0});
  f.bytes = given.value("unit", "") == "bytes";
  f.parsed = given.value("parsed", false);
  if (given.contains("values")) f.values = given["values"].get<std::vector<std::string>>();
  mix_arrays(f);
  return f;
}

/// "Array of InputMediaPhoto" or "Array of InputMediaVideo": the items of one list may be of different types.
void bot_schema::mix_arrays(field& f) {
  if (f.types.size() < 2) return;
  type mixed{f.types[0].arrays, ""};
  kind items;
  for (const auto& t : f.types) {
    if (t.arrays == 0 || t.arrays != mixed.arrays) return;
    items.one_of.push_back({0, t.base});
    mixed.base += (mixed.base.empty() ? "" : "|") + t.base;
  }
  kinds_[mixed.base] = std::move(items);
  f.types = {std::move(mixed)};
}

bot_schema::fields bot_schema::read_fields(const json& given) {
  fields list;
  for (const auto& [name, f] : given.items()) list.push_back(read_field(name, f));
  return list;
}

bot_schema::bot_schema(const std::string& json_text) {
  const auto all = json::parse(json_text);
  version_ = all.at("version");
  for (const auto& [name, parts] : all.at("methods").items())
    methods_[lower(name)] = {name, read_fields(parts)};
  for (const auto& [name, given] : all.at("types").items()) {
    kind& k = kinds_[name];
    if (given.is_object()) k.parts = read_fields(given);
    else
      for (const auto& t : given) k.one_of.push_back(read_type(t));
  }
}

const bot_schema& bot_schema::shipped() {
  static const bot_schema schema{schema_file("bot_api.json")};
  return schema;
}

bool bot_schema::knows(const std::string& method_name) const {
  return methods_.count(lower(method_name)) > 0;
}

std::vector<std::string> bot_schema::faults(const bot_call& call) const {
  const auto it = methods_.find(lower(call.method));
  if (it == methods_.end()) return {"unknown method"}; // its name may be anything
  return schema_check{*this, call}.of_call(it->second);
}

} // namespace troupe::sandbox
