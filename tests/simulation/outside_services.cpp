/// Which address is which service, as the sandbox's server has it; and what people see of the answers.
#include "net/kie.hpp"
#include "net/sandbox/writer_world.hpp"
#include "net/web_server.hpp"
#include "tests/simulation/marks.hpp"
#include "tests/simulation/outside.hpp"
#include <algorithm>

namespace troupe::simulation {
namespace {

using nlohmann::json;

constexpr std::size_t screens_kept = 10, updates_kept = 40;
constexpr unix_ms callback_patience_ms = 15'000;
constexpr int callback_retries_max = 3;
constexpr unix_ms telegram_repeats_ms = 20 * hour_ms; // it may repeat for a day, never longer

http_reply as_reply(int status, const json& body) {
  http_reply r;
  r.status = status;
  r.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return r;
}

sandbox::bot_call read_call(const http_request& r, const std::string& method) {
  sandbox::bot_call call;
  call.method = method;
  for (const auto& [name, value] : r.form) call.values.emplace(name, value);
  for (const auto& f : r.files)
    call.files.emplace(f.field, sandbox::uploaded_file{f.filename, f.content_type, "file"});
  if (!r.files.empty()) return call;
  const auto body = json::parse(r.body, nullptr, false);
  if (!body.is_object()) return call;
  for (const auto& [name, v] : body.items())
    call.values.emplace(name, v.is_string() ? v.get<std::string>() : v.dump());
  return call;
}

std::string query_value(const std::string& path, const std::string& name) {
  const auto at = path.find(name + "=");
  if (at == path.npos) return {};
  const auto from = at + name.size() + 1;
  return path.substr(from, path.find('&', from) - from);
}

bool starts(const std::string& s, const char* head) { return s.rfind(head, 0) == 0; }

} // namespace

std::optional<http_reply> outside::serve(const call& c) {
  if (starts(c.path, "/file/bot")) {
    const auto path = c.path.substr(c.path.find('/', 9) + 1);
    http_reply r;
    r.status = telegram.file_by_path(path) ? 200 : 404;
    return r;
  }
  if (starts(c.path, "/v3/")) return shop_call(c);
  if (starts(c.path, "/v1/chat/")) {
    const auto a = sandbox::write_prompt("Bearer simulated", c.request.body);
    return as_reply(a.status, a.body);
  }
  if (!starts(c.path, "/bot")) return provider(c);
  if (c.path.substr(c.path.rfind('/') + 1) == "getUpdates") return begin_poll(c), std::nullopt;
  return bot_method(c);
}

http_reply outside::bot_method(const call& c) {
  const auto what = read_call(c.request, c.path.substr(c.path.rfind('/') + 1));
  const auto caption = what.values.find("caption");
  if (!what.files.empty() && caption != what.values.end() &&
      caption->second.find(unsendable_video) != std::string::npos && !is_blocked(c.chat))
    return as_reply(400,
                    {{"ok", false}, {"error_code", 400}, {"description", "Bad Request: VIDEO_FILE_INVALID"}});
  if (!what.files.empty() && caption != what.values.end() &&
      caption->second.find(lost_file) != std::string::npos && lost_files_.insert(caption->second).second) {
    http_reply r; // the transport finds nothing to send
    r.error = http_error::no_file;
    return r;
  }
  const auto a = telegram.handle(what, now_());
  if (a.status == 200) remember(what, a.body["result"]);
  if (telegram.has_updates())
    coming_.at(now_(), [this] { answer_polls(); }); // money that came with this answer
  return as_reply(a.status, a.body);
}

void outside::remember(const sandbox::bot_call& what, const json& result) {
  const auto chat = what.values.find("chat_id");
  if (chat == what.values.end() || !result.is_object()) return;
  const auto user = std::stoll(chat->second);
  heard_[user] = now_();
  const auto id = result.at("message_id").get<std::int64_t>();
  if (result.contains("video") || result.contains("document"))
    ++videos_[mark_in(result.value("caption", std::string{}))];
  if (result.contains("invoice")) invoices_[user] = id;
  auto& list = screens_[user];
  list.erase(std::remove_if(list.begin(), list.end(), [&](auto& s) { return s.message_id == id; }),
             list.end());
  screen s{id, {}};
  const auto markup = result.find("reply_markup");
  if (markup != result.end())
    for (const auto& row : markup->at("inline_keyboard"))
      for (const auto& b : row)
        if (b.contains("callback_data")) s.buttons.push_back(b["callback_data"]);
  list.push_back(std::move(s));
  if (list.size() > screens_kept) list.pop_front();
}

// -- long polls --

void outside::begin_poll(const call& c) {
  const auto what = read_call(c.request, "getUpdates");
  const auto number = telegram.begin_poll(what, now_());
  polls_.push_back({c, what, number});
  const auto until = now_() + sandbox::telegram_world::poll_seconds(what) * 1000;
  coming_.at(until, [=, this] {
    for (auto& p : polls_)
      if (p.number == number) {
        finish(p.from, updates_for(p));
        polls_.erase(polls_.begin() + (&p - polls_.data()));
        return;
      }
  });
  answer_polls();
}

void outside::answer_polls() {
  for (auto& p : std::exchange(polls_, {})) {
    if (telegram.superseded(p.number))
      finish(p.from, as_reply(409, sandbox::telegram_world::conflict().body));
    else if (telegram.has_updates()) finish(p.from, updates_for(p));
    else polls_.push_back(std::move(p));
  }
}

/// At least once, and not always in order.
http_reply outside::updates_for(const waiting_poll& p) {
  auto a = telegram.updates(p.what, now_());
  auto& list = a.body["result"];
  if (!list.is_array() || list.empty()) return as_reply(a.status, a.body);
  for (const auto& u : list) seen_updates_.emplace_back(now_(), u);
  while (seen_updates_.size() > updates_kept || seen_updates_.front().first < now_() - telegram_repeats_ms)
    seen_updates_.pop_front();
  if (roll(fault::repeated_update)) list.push_back(list[0]);
  if (list.size() > 1 && roll(fault::swapped_updates)) std::swap(list.front(), list.back());
  if (roll(fault::old_update))
    list.push_back(
        seen_updates_[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(seen_updates_.size())))]
            .second);
  return as_reply(a.status, a.body);
}

// -- the provider --

http_reply outside::provider(const call& c) {
  const auto now = now_();
  const std::string base = "https://files.example";
  if (starts(c.path, "/results/")) {
    const auto clip = kie.clip_of(c.path.substr(9, c.path.rfind('.') - 9), now);
    http_reply r;
    r.status = clip ? 200 : 404;
    if (!clip) return r;
    results_[c.request.save_to] = clip->prompt;
    r.headers = {{"content-type", "video/mp4"}};
    r.saved_head = std::string{"\0\0\0\x18"
                               "ftypmp42",
                               12};
    r.saved_bytes = 1'000'000;
    return r;
  }
  if (starts(c.path, "/api/file-stream-upload"))
    return as_reply(200, kie.upload(c.request.form.at(0).second, c.request.form.at(1).second, "image/jpeg",
                                    "file", base, now));
  const auto task = query_value(c.path, "taskId");
  if (starts(c.path, "/api/v1/jobs/recordInfo")) return as_reply(200, kie.record_info(task, now));
  if (starts(c.path, "/api/v1/veo/record-info")) return as_reply(200, kie.veo_record_info(task, now));
  kie.configure(static_cast<int>(dice_.between(generation_least, generation_most)), 0);
  const auto made = starts(c.path, "/api/v1/veo/") ? kie.create_veo(c.request.body, base, now)
                                                   : kie.create_job(c.request.body, base, now);
  expect_callback(made);
  return as_reply(200, made.body);
}

void outside::expect_callback(const sandbox::kie_created& made) {
  if (made.ready_at == 0) return;
  if (roll(fault::callback_lost)) return;
  auto at = made.ready_at + dice_.between(0, 2'000);
  if (roll(fault::callback_late)) at += dice_.between(minute_ms, 50 * minute_ms);
  coming_.at(at, [=, this] { call_back(made.task_id, 0); });
  if (roll(fault::callback_twice))
    coming_.at(at + dice_.between(0, 5'000), [=, this] { call_back(made.task_id, 0); });
}

/// As the engine's web server would take it: only with the right signature.
void outside::call_back(const std::string& task_id, int attempt) {
  const auto c = kie.callback_of(task_id, now_());
  if (!c) return;
  auto url = c->url;
  if (roll(fault::callback_forged)) url.back() = url.back() == '0' ? '1' : '0';
  const auto slash = url.rfind('/'), before = url.rfind('/', slash - 1);
  const auto from = url.rfind('/', before - 1) + 1;
  const auto job = url.substr(from, before - from);
  const auto made = std::stoll(url.substr(before + 1, slash - before - 1));
  log_.line(now_(), "callback for job " + job + (link_ ? "" : ": nobody is there"));
  if (!link_) return call_again(task_id, attempt);
  if (!same_secret(url, callback_url(public_url, callback_secret, std::stoll(job), made))) return;
  const auto acknowledged = std::make_shared<bool>(false);
  link_->wake({std::stoll(job), made, kie::callback_task_id(c->body)}, [=, this, life = life_] {
    if (!link_ || life != life_) return;
    *acknowledged = true;
    if (now_() >= excused_until_ && kie.clip_of(task_id, now_())) told_.emplace(std::stoll(job), now_());
  });
  coming_.at(now_() + callback_patience_ms, [=, this] {
    if (!*acknowledged) call_again(task_id, attempt);
  });
}

void outside::call_again(const std::string& task_id, int attempt) {
  if (attempt < callback_retries_max)
    coming_.at(now_() + 5'000, [=, this] { call_back(task_id, attempt + 1); });
}

} // namespace troupe::simulation
