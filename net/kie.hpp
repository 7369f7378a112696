#pragma once
/// kie.ai as plain functions. Two adapters: "kie-unified" (/api/v1/jobs/*) and "kie-veo" (/api/v1/veo/*).
#include "messages/causes.hpp"
#include "messages/http.hpp"
#include "messages/work.hpp"
#include "net/outside_answer.hpp"
#include <string>
#include <vector>

namespace troupe::kie {

struct endpoint {
  std::string api_url = "https://api.kie.ai";
  std::string upload_url = "https://kieai.redpandaai.co";
  std::string api_key;
};

using fail_class = cause; ///< those that a provider's words can tell apart
using troupe::name_of;
/// Text first, code second (kie.md section 6).
fail_class classify(int code, const std::string& text);
/// The first measure in a sentence about an input: "300px", "10 MB", "2000 characters"; "" when there is
/// none.
std::string limit_in(const std::string& text);

http_request submit(const endpoint& e, const job_spec& spec, const std::vector<std::string>& image_urls,
                    const std::string& callback_url);
http_request query(const endpoint& e, const job_spec& spec, const std::string& task_id);
http_request upload_image(const endpoint& e, const std::string& path, const std::string& unique_name);
http_request fetch(const std::string& url, const std::string& save_to, std::uint64_t bytes_max);

/// What all answers have in common. `text` and `limit` are safe to be logged and shown to an operator.
struct answer {
  outside::end what = outside::end::pending;
  /// The service has spoken. Else nothing is known, and nothing is wrong with the task: no connection, a
  /// gateway's page, "slow down", a refused key.
  bool heard = false;
  fail_class why = fail_class::none; ///< failed, and what kept it from being heard
  std::string text;                  ///< Its words, or what came instead of an answer (outside::described()).
  std::string limit;        ///< bad_input: the limit it names ("300px", "10MB"), "" when it names none.
  bool key_refused = false; ///< The key itself, whatever was asked.
};

/// A submit has three ends of its own, for a task that was made is paid.
struct submit_answer {
  enum class outcome : std::uint8_t {
    accepted,
    refused, ///< Proves that no task was made.
    unsure   ///< The answer was lost, or was not understood: a task may have been made, and only once.
  } what = outcome::unsure;
  std::string task_id;               ///< accepted
  fail_class why = fail_class::none; ///< refused
  std::string text;
  bool key_refused = false; ///< the key itself, whatever was asked
  bool understood = true; ///< unsure: false when an answer came that says nothing; `text` has a piece of it.
  std::string limit;      ///< as in `answer`
};
submit_answer read_submit(const http_reply& reply);

/// pending: waits or is being made. done: `result_url`. failed: for good, `why`.
/// not_understood: no state that is known, a success without an address, an answer that is none.
struct task_status : answer {
  using outcome = outside::end;
  std::string result_url;
  /// pending: the service does not know the task. One that was made a moment ago is not visible yet; after a
  /// minute it will never be.
  bool unseen = false;
  /// A word of state that is not documented, to be told once. What stood beside it decided `what`; pending:
  /// nothing did.
  std::string new_word;
};
task_status read_status(const job_spec& spec, const http_reply& reply);

/// done: `url` is where the provider finds the picture.
struct upload_answer : answer {
  std::string url;
};
upload_answer read_upload(const http_reply& reply);

/// done: the file that was saved may be a video, of `bytes`. not_understood: a page, JSON, text, nothing.
/// failed: the address is not there (4xx); the task may be asked for another one.
struct fetch_answer : answer {
  std::uint64_t bytes = 0;
  std::string content_type;
  std::string etag; ///< What the host calls this version of the file; for S3's kin often its MD5. May be "".
};
fetch_answer read_fetch(const http_reply& reply);

http_request credits(const endpoint& e);
struct credits_answer {
  enum class outcome : std::uint8_t {
    known,
    key_refused,
    unheard,       ///< no connection, a gateway's page, "slow down"
    not_understood ///< no number where the balance should be
  } what = outcome::unheard;
  double left = 0;
  std::string text;
};
credits_answer read_credits(const http_reply& reply);

/// How a key is called in the database and in logs: it tells nothing of the key.
std::string key_name(const std::string& api_key);

/// Task id in a callback body, "" when there is none.
std::string callback_task_id(const std::string& body);

} // namespace troupe::kie
