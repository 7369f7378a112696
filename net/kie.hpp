#pragma once
/// kie.ai as plain functions. Two adapters: "kie-unified" (/api/v1/jobs/*) and "kie-veo" (/api/v1/veo/*).
#include "messages/http.hpp"
#include "messages/work.hpp"
#include <string>
#include <vector>

namespace troupe::kie {

struct endpoint {
  std::string api_url = "https://api.kie.ai";
  std::string upload_url = "https://kieai.redpandaai.co";
  std::string api_key;
};

enum class fail_class : std::uint8_t {
  none,
  violation,
  billing,
  rate_limit,
  temporary,
  bad_input,
  configuration,
  unavailable,
  unknown
};
const char* name_of(fail_class c);
/// Text first, code second (kie.md section 6).
fail_class classify(int code, const std::string& text);

http_request submit(const endpoint& e, const job_spec& spec, const std::vector<std::string>& image_urls,
                    const std::string& callback_url);
http_request query(const endpoint& e, const job_spec& spec, const std::string& task_id);
http_request upload_image(const endpoint& e, const std::string& path, const std::string& unique_name);
http_request fetch(const std::string& url, const std::string& save_to, std::uint64_t bytes_max);

struct submit_answer {
  enum class outcome : std::uint8_t { accepted, refused, unsure } what = outcome::unsure;
  std::string task_id;               ///< accepted
  fail_class why = fail_class::none; ///< refused: proves that no task was made
  std::string text;
  bool key_refused = false; ///< the key itself, whatever was asked
};
submit_answer read_submit(const http_reply& reply);

struct task_status {
  enum class outcome : std::uint8_t { running, succeeded, failed, unreadable } what = outcome::unreadable;
  std::string result_url;
  fail_class why = fail_class::none;
  std::string text;
};
/// "recordInfo is null" is `running`: a task created a moment ago is not visible yet.
task_status read_status(const job_spec& spec, const http_reply& reply);

/// The address of an uploaded image, "" on failure.
std::string read_upload(const http_reply& reply);

http_request credits(const endpoint& e);
struct credits_answer {
  enum class outcome : std::uint8_t { known, key_refused, unreadable } what = outcome::unreadable;
  double left = 0;
};
credits_answer read_credits(const http_reply& reply);

/// How a key is called in the database and in logs: it tells nothing of the key.
std::string key_name(const std::string& api_key);

/// Task id in a callback body, "" when there is none.
std::string callback_task_id(const std::string& body);

} // namespace troupe::kie
