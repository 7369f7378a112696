#pragma once
/// One call against the schema; private to bot_schema.cpp.
#include "net/sandbox/bot_schema.hpp"
#include <set>

namespace troupe::sandbox {

class schema_check {
public:
  schema_check(const bot_schema& schema, const bot_call& call) : schema_(schema), call_(call) {}
  std::vector<std::string> of_call(const bot_schema::method& method);

private:
  using json = nlohmann::json;
  using field = bot_schema::field;
  using type = bot_schema::type;
  using words = std::vector<std::string>;

  words value(const field& f, const std::string& text, const std::string& path);
  words any_of(const json& v, const field& f, const std::vector<type>& types, const std::string& path,
               int depth);
  bool says_other(const json& v, const type& t) const;
  words as(const json& v, const field& f, const type& t, const std::string& path, int depth);
  words items(const json& list, const field& f, const type& t, const std::string& path, int depth);
  words object(const json& v, const bot_schema::fields& parts, const std::string& path, int depth);
  words text(const std::string& s, const field& f, const std::string& path);
  words files(const bot_schema::fields& parts, const std::string& path) const;

  const bot_schema& schema_;
  const bot_call& call_;
  std::set<std::string> attached_; ///< Files named by "attach://"
};

} // namespace troupe::sandbox
