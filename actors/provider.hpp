#pragma once
/// Where the provider is reached, with which of its keys, and which of its tasks count.
#include "config/config.hpp"
#include "messages/work.hpp"
#include "net/kie.hpp"
#include <sstream>

namespace troupe {

/// By the key's name as it is stored with a job. A key that is configured no more: each of the others in
/// turn, for one of them may belong to the same account; `nth` counts the questions. Administrators are told
/// at the start.
inline kie::endpoint kie_endpoint(const config::options& o, const std::string& key_name,
                                  std::size_t nth = 0) {
  auto& k = o.kie;
  for (auto& key : k.api_keys)
    if (kie::key_name(key) == key_name) return {k.api_url, k.upload_url, key};
  return {k.api_url, k.upload_url, k.api_keys.empty() ? "" : k.api_keys[nth % k.api_keys.size()]};
}

inline std::vector<std::string> kie_key_names(const config::options& o) {
  std::vector<std::string> names;
  for (auto& key : o.kie.api_keys) names.push_back(kie::key_name(key));
  if (names.empty()) names.push_back(kie::key_name("")); // the sandbox of a test takes any
  return names;
}

/// An earlier task of this job, of which nothing more is to be waited for.
inline bool is_dead_task(const job& j, const std::string& task_id) {
  std::istringstream dead{j.dead_tasks};
  for (std::string id; dead >> id;)
    if (id == task_id) return true;
  return false;
}

} // namespace troupe
