#pragma once
/// Jobs on the stage: a dispatcher, its generations, a scripted provider and a scripted look at videos.
#include "actors/dialogue.hpp"
#include "tests/actors/fixture.hpp"
#include <fstream>
#include <nlohmann/json.hpp>

namespace troupe::test {

using nlohmann::json;

inline bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

inline constexpr auto task = R"({"code":200,"msg":"success","data":{"taskId":"t-1"}})";
inline http_reply status(const std::string& state) {
  return ok(json{{"code", 200}, {"data", {{"taskId", "t-1"}, {"state", state}}}}.dump());
}
inline http_reply success() {
  json urls{{"resultUrls", {"https://files.example/v.mp4"}}};
  return ok(json{{"code", 200}, {"data", {{"state", "success"}, {"resultJson", urls.dump()}}}}.dump());
}

inline http_reply flagged() {
  return ok(R"({"code":200,"data":{"state":"fail","failCode":"400","failMsg":"Your prompt was flagged"}})");
}

/// What a saved body leaves behind in the reply.
inline http_reply saved(const std::string& head, const std::string& type) {
  auto r = ok("");
  r.headers = {{"Content-Type", type}};
  r.saved_head = head, r.saved_bytes = head.size();
  return r;
}
inline http_reply film() {
  return saved(std::string{"\0\0\0\x18"
                           "ftypmp42",
                           12} +
                   std::string(64, 'x'),
               "video/mp4");
}
inline inspected good() {
  inspected seen;
  seen.playable = true;
  seen.info = {1280, 720, 8'000, 5};
  seen.sha256 = "ab", seen.thumbnail_sha256 = "cd";
  return seen;
}

struct working : stage {
  courier_actor courier;
  dispatcher_actor dispatcher;
  std::function<http_reply(int nth)> on_submit = [](int) { return ok(task); };
  std::function<std::optional<http_reply>(int nth)> on_query = [](int) { return success(); };
  std::function<http_reply(int nth)> on_fetch = [](int) { return film(); };
  std::function<caf::result<inspected>(int nth)> on_inspect = [](int) { return good(); };
  bool same_task = false; ///< The provider gives all orders one task.
  int submits = 0, queries = 0, fetches = 0, inspections = 0;
  std::vector<job_state> state_at_submit;
  std::function<dispatcher_actor()> next_dispatcher; ///< of a new engine
  std::vector<alarm> alarms;
  std::vector<alarm_over> over;
  watchman_actor listener = own(sys->spawn([this](watchman_actor::pointer) -> watchman_actor::behavior_type {
    return {[this](const alarm& a) { alarms.push_back(a); },
            [this](const alarm_over& a) { over.push_back(a); }, [](const office_heard&) {},
            [](rights_changed) {}, [](const wake&) {}};
  }));

  working() {
    enrol(100);
    provider->answer = [this](const http_request& r) -> std::optional<http_reply> {
      if (has(r.url, "createTask")) {
        state_at_submit.push_back(db->load_job(1).state);
        auto given = on_submit(++submits);
        // A provider gives each order a task of its own.
        if (const auto at = given.body.find(R"("t-1")"); at != given.body.npos && submits > 1 && !same_task)
          given.body.replace(at, 5, "\"t-" + std::to_string(submits) + "\"");
        return given;
      }
      if (has(r.url, "recordInfo")) return on_query(++queries);
      if (!r.save_to.empty()) return on_fetch(++fetches);
      return ok("");
    };
    auto media = own(sys->spawn([this](media_actor::pointer) -> media_actor::behavior_type {
      return {[this](const inspect_video&) { return on_inspect(++inspections); }};
    }));
    auto maker = own(sys->spawn([](picture_worker_actor::pointer) -> picture_worker_actor::behavior_type {
      return {[](const picture_on_disk&) {
        return picture_facts{picture_state::good, "jpeg", 800, 600, ""};
      }};
    }));
    auto pictures = own(spawn_pictures(*sys, ctx, telegram_wire, maker));
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    next_dispatcher = [this, media, pictures] {
      return own(spawn_dispatcher(*sys, ctx,
                                  {telegram_wire, provider_wire, provider_wire, media, ledger, reader,
                                   courier, listener, pictures, provider_wire}));
    };
    dispatcher = next_dispatcher();
    tell(ledger, ledger_listeners{courier, dispatcher, {}});
  }
  order_answer order(const std::string& key = "k1", int count = 1) {
    order_request o;
    o.order_key = key;
    o.user_id = user;
    o.at = now();
    auto& m = ctx->settings->models.front();
    o.spec = {.model_id = m.id,
              .model_title = "Veo",
              .api = m.api,
              .provider_model = m.provider_model,
              .prompt = "a cat",
              .aspect_ratio = "16:9"};
    o.price = 3;
    o.count = count;
    o.active_jobs_max = 100;
    return ask<order_answer>(ledger, o);
  }
  /// As a session does: progress is told only into a message that is there.
  void show_status_of(const std::vector<int>& orders) {
    turn t;
    t.update_id = 500, t.user_id = user, t.at = now();
    t.profile = {user, "Ann", "ann", "en"};
    for (const int n : orders) {
      outgoing o;
      o.chat_id = user;
      o.method = "sendMessage";
      o.params = R"({"chat_id":1001,"text":"accepted"})";
      o.slot = job_voice::slot_of(n);
      t.messages.push_back(std::move(o));
    }
    ask<accepted_updates>(ledger, accept_updates{{{500, user, "{}"}}, now()});
    ask<done>(ledger, std::move(t));
  }
  /// Alarms with that sentence.
  std::size_t alarmed(const std::string& sentence) const {
    return static_cast<std::size_t>(
        std::count_if(alarms.begin(), alarms.end(), [&](auto& a) { return a.sentence == sentence; }));
  }
  /// Ends of that alarm's state that were told.
  std::size_t ended(const std::string& sentence) const {
    return static_cast<std::size_t>(
        std::count_if(over.begin(), over.end(), [&](auto& a) { return a.kind.rfind(sentence, 0) == 0; }));
  }
  job the_job(std::int64_t id = 1) const { return db->load_job(id); }
  void check_state(job_state s) const { CHECK(std::string{name_of(the_job().state)} == name_of(s)); }
  /// Messages to the user that are no progress: one for each sendMessage or edit with these words.
  std::size_t said(const std::string& key) const {
    auto text = ctx->settings->words.get("en", key);
    return telegram->count(json(text.substr(0, text.find('{'))).dump().substr(1, 12));
  }
};

} // namespace troupe::test
