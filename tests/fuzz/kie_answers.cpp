#include "net/kie.hpp"
#include "tests/fuzz/edge.hpp"

// What kie.ai answers to a submit, a query, an upload, and posts as a callback.

using namespace troupe;
using namespace troupe::fuzz;

namespace {

using outside::end;

bool is_web_address(const std::string& url) {
  return url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0;
}

/// What all of its answers promise.
void check(const kie::answer& a, const http_reply& reply) {
  must(is_utf8(a.text) && characters(a.text) <= 400, "the provider's words are short and UTF-8");
  must(is_utf8(a.limit) && characters(a.limit) <= 60, "a limit is a measure");
  must(a.what <= end::not_understood, "there are four ends");
  if (reply.error == http_error::none) return;
  must(!a.heard && a.what == end::pending, "no answer is no end");
}

void check_submit(const http_reply& reply) {
  const auto a = kie::read_submit(reply);
  using outcome = kie::submit_answer::outcome;
  must(is_utf8(a.text) && characters(a.text) <= 400, "the provider's words are short and UTF-8");
  if (a.what == outcome::accepted)
    must(reply.error == http_error::none && !a.task_id.empty() && a.task_id.size() <= 128,
         "an accepted submit has a task that can be asked for");
  else must(a.task_id.empty(), "only an accepted submit has a task");
  if (reply.error == http_error::lost || reply.error == http_error::too_large)
    must(a.what == outcome::unsure, "a lost answer may be a paid task");
  if (reply.error == http_error::none && (reply.status == 502 || reply.status == 503 || reply.status == 504))
    must(a.what != outcome::accepted, "a gateway accepts nothing");
}

void check_status(const http_reply& reply) {
  for (const char* api : {"kie-unified", "kie-veo"}) {
    job_spec spec;
    spec.api = api, spec.provider_model = "veo3_fast";
    const auto s = kie::read_status(spec, reply);
    check(s, reply);
    must(characters(s.new_word) <= 100 && is_utf8(s.new_word), "a new word of state can be logged");
    if (s.what == end::done) must(is_web_address(s.result_url), "a result can be fetched");
    else must(s.result_url.empty(), "only a success has a result");
    if (s.what == end::failed)
      must(s.heard && s.why != kie::fail_class::none, "a failure has been told, and has a class");
  }
}

void check_fetch(http_reply reply) {
  reply.saved_bytes = reply.body.size();
  reply.saved_head = reply.body.substr(0, head_bytes);
  const auto f = kie::read_fetch(reply);
  if (reply.error != http_error::too_large) check(f, reply); // a file without an end is refused for good
  if (f.what == end::done) must(f.bytes > 0 && reply.status == 200, "a video has bytes");
}

} // namespace

EDGE(kie_answers) {
  const auto reply = reply_of(in);
  check_submit(reply);
  check_status(reply);
  check_fetch(reply);
  const auto photo = kie::read_upload(reply);
  check(photo, reply);
  must((photo.what == end::done) == is_web_address(photo.url), "an uploaded photo has an address");
  const auto credits = kie::read_credits(reply);
  must(credits.left == credits.left, "credits are a number");
  must(is_utf8(kie::callback_task_id(reply.body)), "a task's id is UTF-8");
  must(characters(kie::limit_in(reply.body)) <= 60, "a limit is a measure");
}
