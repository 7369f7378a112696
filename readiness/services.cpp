#include "readiness/services.hpp"
#include "net/json_fields.hpp"
#include "net/kie.hpp"
#include "net/prompt_writer.hpp"
#include "net/telegram.hpp"
#include "net/transport.hpp"
#include "net/yookassa.hpp"
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

namespace troupe::readiness {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_limit = 5s, answer_limit = 12s;
constexpr auto whole_limit = 20s; // a name server that says nothing has no limit of its own

finding unreachable(const std::string& subject, const std::string& url, const http_reply& r) {
  const std::string what = r.error == http_error::refused ? "no connection to " : "no answer from ";
  return {grade::wrong, subject,
          what + url + (r.body.empty() ? "" : " (" + r.body + ")") +
              ": see whether this machine reaches it (curl -I " + url + "), and whether a proxy is needed"};
}

http_request limited(http_request q) {
  q.connect_limit = connect_limit;
  q.time_limit = answer_limit;
  return q;
}

std::string status_of(const http_reply& r) { return "HTTP " + std::to_string(r.status); }

finding ask_telegram(const telegram::bot& b, const asker& ask) {
  const std::string subject = "Telegram";
  const auto r = ask(limited(telegram::call(b, "getMe", "{}")));
  if (r.error != http_error::none) return unreachable(subject, b.api_url, r);
  const auto a = telegram::read_answer(r);
  const auto body = json_fields::parse(r.body);
  const auto me = body.is_object() && body.contains("result") ? body["result"] : nlohmann::json{};
  if (a.what == telegram::outcome::delivered && me.is_object() && me.contains("username"))
    return {grade::fine, subject,
            "the bot is @" + me["username"].get<std::string>() + ", \"" +
                me.value("first_name", std::string{}) + "\""};
  if (a.what == telegram::outcome::give_up || r.status == 401 || r.status == 404)
    return {grade::wrong, subject,
            "the bot token is refused (" + a.description +
                "): it was mistyped or revoked. Copy it again from https://t.me/BotFather: /mybots"};
  return {
      grade::wrong, subject,
      "the answer to getMe (" + status_of(r) +
          ") is not understood: see whether telegram.api_url is a Bot API server, and try again in a minute"};
}

finding ask_kie(const kie::endpoint& e, int credits_min, const asker& ask) {
  const auto subject = "kie.ai " + kie::key_name(e.api_key);
  const auto r = ask(limited(kie::credits(e)));
  if (r.error != http_error::none) return unreachable(subject, e.api_url, r);
  const auto a = kie::read_credits(r);
  using outcome = kie::credits_answer::outcome;
  if (a.what == outcome::key_refused)
    return {grade::wrong, subject, "the key is refused: take one from https://kie.ai/api-key"};
  if (a.what != outcome::known)
    return {grade::wrong, subject,
            "the answer to the question for its credits (" + (a.text.empty() ? status_of(r) : a.text) +
                ") is not understood: see whether kie.api_url is right, and try again in a minute"};
  const auto left = std::to_string(static_cast<std::int64_t>(a.left)) + " credits are left";
  if (a.left < credits_min)
    return {grade::wrong, subject,
            left + ", fewer than kie.credits_min = " + std::to_string(credits_min) +
                ", so the key would not be used: top up at https://kie.ai"};
  return {grade::fine, subject, left};
}

/// Any answer will do: what it takes is known with the first photo only.
finding ask_upload(const std::string& url, const asker& ask) {
  http_request q;
  q.url = url + "/";
  const auto r = ask(limited(q));
  if (r.error == http_error::refused) return unreachable("kie.ai's upload", url, r);
  if (r.error != http_error::none && r.error != http_error::too_large)
    return unreachable("kie.ai's upload", url, r);
  return {grade::fine, "kie.ai's upload", "answers"};
}

finding ask_shop(const yookassa::shop& s, bool receipt, const asker& ask) {
  const std::string subject = "YooKassa";
  const auto r = ask(limited(yookassa::get_me(s)));
  if (r.error != http_error::none) return unreachable(subject, s.api_url, r);
  const auto me = yookassa::read_me(r);
  if (me.what == yookassa::result::unauthorized)
    return {grade::wrong, subject,
            "YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY are refused: copy both from the shop's cabinet "
            "(docs/PAYMENTS.md)"};
  if (me.what != yookassa::result::succeeded)
    return {grade::wrong, subject,
            "the shop was asked for, and the answer (" + status_of(r) +
                ") is not understood: try again in a minute"};
  const auto name = "shop " + me.account_id;
  if (!me.enabled) return {grade::wrong, subject, name + " is switched off at YooKassa: see its cabinet"};
  if (receipt && !me.receipts)
    return {grade::wrong, subject,
            name +
                " sends no receipts, but yookassa.receipt = true: connect a cash register in its cabinet, or "
                "set it to false"};
  if (me.test) return {grade::look, subject, name + " is a test shop: no real money is taken"};
  return {grade::fine, subject, name + " is open"};
}

finding ask_writer(const config::options::prompt_writer_options& o, const asker& ask) {
  const std::string subject = "prompt writer";
  const prompt_writer::endpoint e{o.api_url, o.api_key, o.model, answer_limit};
  const auto r = ask(limited(prompt_writer::ask(e, "Answer with the one word: ready", "", "a cat", "en")));
  if (r.error != http_error::none) return unreachable(subject, o.api_url, r);
  const auto a = prompt_writer::read_answer(r, static_cast<std::size_t>(o.answer_chars_max));
  if (!a.text.empty()) return {grade::fine, subject, o.model + " answers"};
  return {grade::wrong, subject,
          "no prompt came from " + o.model + " (" + status_of(r) + (a.why.empty() ? "" : ", " + a.why) +
              "): see PROMPT_WRITER_API_KEY and PROMPT_WRITER_MODEL"};
}

/// Strangers' answers are of any shape.
finding answer_of(const service_probe& p, const asker& ask) {
  try {
    return p.probe(ask);
  } catch (const std::exception&) {
    return {grade::wrong, p.subject, "its answer is not understood: see whether its address is right"};
  }
}

/// Where the answers of probes gather. It outlives those that nobody waits for any more.
struct gathering {
  std::mutex mutex;
  std::condition_variable one_more;
  findings all;
  std::size_t answered = 0;
};

} // namespace

std::vector<service_probe> service_probes(const config::settings& s) {
  std::vector<service_probe> all;
  const auto& o = s.opts;
  if (!o.telegram.bot_token.empty())
    all.push_back({"Telegram", [b = telegram::bot{o.telegram.api_url, o.telegram.bot_token}](auto& ask) {
                     return ask_telegram(b, ask);
                   }});
  for (auto& key : o.kie.api_keys)
    all.push_back({"kie.ai " + kie::key_name(key),
                   [e = kie::endpoint{o.kie.api_url, o.kie.upload_url, key},
                    least = o.kie.credits_min](auto& ask) { return ask_kie(e, least, ask); }});
  if (!o.kie.api_keys.empty())
    all.push_back({"kie.ai's upload", [url = o.kie.upload_url](auto& ask) { return ask_upload(url, ask); }});
  const auto& y = o.yookassa;
  if (!y.shop_id.empty() && !y.secret_key.empty())
    all.push_back({"YooKassa", [shop = yookassa::shop{y.api_url, y.shop_id, y.secret_key},
                                receipt = y.receipt](auto& ask) { return ask_shop(shop, receipt, ask); }});
  if (o.prompt_writer.on())
    all.push_back({"prompt writer", [w = o.prompt_writer](auto& ask) { return ask_writer(w, ask); }});
  return all;
}

findings ask_all(const std::vector<service_probe>& probes, const asker& ask,
                 std::chrono::milliseconds limit) {
  const auto g = std::make_shared<gathering>();
  for (auto& p : probes)
    g->all.push_back({grade::wrong, p.subject,
                      "no answer within " + std::to_string(limit.count() / 1000) +
                          " s: see whether this machine resolves its name and reaches it"});
  for (std::size_t i = 0; i < probes.size(); ++i)
    std::thread{[g, i, ask, p = probes[i]] {
      auto f = answer_of(p, ask);
      const std::lock_guard lock{g->mutex};
      g->all[i] = std::move(f);
      ++g->answered;
      g->one_more.notify_all();
    }}.detach(); // who hangs in the system's own look-up of a name cannot be ended
  std::unique_lock lock{g->mutex};
  g->one_more.wait_for(lock, limit, [&] { return g->answered == probes.size(); });
  return g->all;
}

findings probe_services(const config::settings& s) {
  proxies by;
  try {
    by = proxies_named_by(s.opts.network);
  } catch (const proxy_error&) {
    auto nobody = not_asked(s); // `probe_proxy` says what is wrong with it
    for (auto& f : nobody) f.words = "not asked: the proxy cannot be used";
    return nobody;
  }
  auto all = ask_all(
      service_probes(s), [by](const http_request& q) { return make_http_transport(by)->send(q); },
      whole_limit);
  if (by->any()) all.insert(all.begin(), {grade::fine, "proxy", proxy_in_force(*by)});
  return all;
}

findings not_asked(const config::settings& s) {
  findings all;
  for (auto& p : service_probes(s)) all.push_back({grade::not_probed, p.subject, "not asked (--offline)"});
  return all;
}

} // namespace troupe::readiness
