#pragma once
#include "storage/store.hpp"
#include "tests/founder.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <optional>
#include <string>
#include <unistd.h>

namespace troupe::storage::test {

/// A folder of its own for each test, removed afterwards.
class temporary_file {
public:
  temporary_file() {
    // In memory where possible: thousands of fsyncs, and here a crash is only played.
    const auto base = ::access("/dev/shm", W_OK) == 0 ? std::filesystem::path{"/dev/shm"}
                                                      : std::filesystem::temp_directory_path();
    auto pattern = (base / "troupe-store-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ + "/data");
  }
  ~temporary_file() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  std::string path() const { return folder_ + "/data/troupe.db"; }

private:
  std::string folder_;
};

inline constexpr std::int64_t ann = 1001, bob = 1002;

/// A store on a file, each operation committed at once.
struct bench {
  temporary_file file;
  std::optional<store> s{std::in_place, file.path()};
  unix_ms now = 1'700'000'000'000;
  std::int64_t next_update = 1;

  bench() { s->obey(by_default); }
  inline static const rulers by_default{{founder_user_id}, 1000};

  template <class... args> auto apply(const args&... a) {
    s->begin();
    if constexpr (std::is_void_v<decltype(s->apply(a...))>) {
      s->apply(a...);
      s->commit();
    } else {
      auto answer = s->apply(a...);
      s->commit();
      return answer;
    }
  }
  void reopen() {
    s.reset();
    s.emplace(file.path());
    s->obey(by_default);
  }
  reader read() const { return reader(file.path()); }
  std::vector<std::string> faults() const { return read().audit().faults; }

  account enrol(std::int64_t user, std::int64_t credits) {
    register_user r;
    r.profile = {user, "Name", "nick", "ru"};
    r.at = ++now;
    r.welcome_credits = credits;
    r.founder_credits = user == founder_user_id ? 1000 : 0;
    return apply(r);
  }
  order_request order(const std::string& key, std::int64_t user = ann, std::int64_t price = 2,
                      int count = 1) {
    order_request o;
    o.order_key = key;
    o.user_id = user;
    o.at = ++now;
    o.spec.model_id = "veo";
    o.spec.model_title = "Veo";
    o.spec.prompt = "a cat";
    o.price = price;
    o.count = count;
    return o;
  }
  /// Enrols ann with 10 credits and orders one job for 2.
  std::int64_t one_job() {
    enrol(ann, 10);
    apply(order("first"));
    return s->take_new_jobs().at(0).job_id;
  }
  step_answer step(std::int64_t job_id, job_state to) {
    job_step st;
    st.job_id = job_id;
    st.at = ++now;
    st.to = to;
    return apply(st);
  }
  template <class... states> void walk(std::int64_t job_id, states... to) { (step(job_id, to), ...); }
  turn turn_of(std::int64_t user, std::vector<outgoing> messages = {}) {
    turn t;
    t.update_id = next_update++;
    t.user_id = user;
    t.at = ++now;
    t.profile = {user, "Name", "nick", "ru"};
    t.state = R"({"at":"menu"})";
    t.messages = std::move(messages);
    return t;
  }
};

inline outgoing message(std::int64_t chat, lane urgency = lane::reply, const std::string& slot = "") {
  outgoing m;
  m.chat_id = chat;
  m.urgency = urgency;
  m.method = "sendMessage";
  m.params = R"({"text":"hello"})";
  m.slot = slot;
  return m;
}

inline delivery_report delivered(const outgoing& m, std::int64_t message_id = 77) {
  delivery_report r;
  r.outbox_id = m.outbox_id;
  r.at = 1;
  r.delivered = true;
  r.chat_id = m.chat_id;
  r.message_id = message_id;
  r.slot = m.slot;
  r.job_id = m.job_id;
  return r;
}

} // namespace troupe::storage::test
