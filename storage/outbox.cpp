/// Outgoing messages: stored with what caused them, gone when delivered.
#include "storage/parts.hpp"
#include "messages/own_json.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe::storage {
namespace {

using nlohmann::json;

std::string uploads_to_text(const std::vector<upload>& uploads) {
  if (uploads.empty()) return "[]";
  auto list = json::array();
  for (const auto& u : uploads) list.push_back({u.field, u.path, u.content_type, u.sha256});
  return list.dump();
}

/// None: nothing that we have written.
std::optional<std::vector<upload>> uploads_from_text(const std::string& text) {
  std::vector<upload> uploads;
  if (text == "[]") return uploads;
  try {
    for (const auto& u : json::parse(text))
      uploads.push_back(
          {u.at(0), u.at(1), u.at(2), u.size() > 3 ? u.at(3).get<std::string>() : std::string{}});
  } catch (const json::exception&) {
    return {};
  }
  return uploads;
}

std::string receipt_to_text(const receipt* r) {
  if (!r) return "";
  return json::array({r->chat_id, r->slot, r->delivered, r->gone, r->refused})
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

receipt receipt_from_text(const std::string& text) {
  const auto j = json::parse(text, nullptr, false);
  if (!j.is_array() || j.size() != 5 || !j[0].is_number_integer()) return {};
  for (std::size_t i = 1; i < j.size(); ++i)
    if (!j[i].is_string()) return {};
  return {j[0], j[1], j[2], j[3], j[4]};
}

std::optional<lane> lane_named(const std::string& name) {
  for (std::size_t i = 0; i < lane_count; ++i)
    if (name == name_of(static_cast<lane>(i))) return static_cast<lane>(i);
  return {};
}

bool is_stored(lane urgency) { return urgency != lane::answer && urgency != lane::progress; }

std::int64_t store_message(database& db, const outgoing& m) {
  run(db,
      "INSERT INTO outbox(chat_id, lane, method, params, slot, job_id, uploads, office, receipt, letter_of) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      m.chat_id, name_of(m.urgency), m.method, m.params, m.slot, m.job_id, uploads_to_text(m.uploads),
      static_cast<int>(m.office), receipt_to_text(m.told.get()), m.letter_of);
  return db.last_id();
}

/// The stored message that a report speaks of.
struct kept {
  bool there = false; ///< Else it was settled before, and an old report must not move its slot back.
  bool office = false;
  std::string receipt;
  std::int64_t letter_of = 0;
  bool letter = false; ///< to the office: not an alarm
};

/// Whose message it was, where and of which job, the stored message knows best.
kept complete_report(database& db, delivery_report& r) {
  if (r.outbox_id == 0) return {true, false, "", 0, false};
  query row(db, "SELECT chat_id, slot, job_id, office, receipt, letter_of FROM outbox WHERE outbox_id = ?",
            r.outbox_id);
  if (!row.next()) return {};
  r.chat_id = row.integer(0), r.slot = row.text(1), r.job_id = row.integer(2);
  return {true, row.integer(3) != 0 || r.chat_id < 0, row.text(4), row.integer(5),
          row.small(3) == static_cast<int>(office_mail::letter)};
}

/// What is said now that its fate is known; of several messages with one receipt for the first alone.
void tell(writer& w, const std::string& text, std::string receipt::*fate) {
  if (text.empty()) return;
  const auto r = receipt_from_text(text);
  if (r.chat_id == 0 || (r.*fate).empty()) return;
  const bool well = fate == &receipt::delivered;
  if (fate == &receipt::refused && number(w.db(), "SELECT count(*) FROM outbox WHERE receipt = ?", text) > 0)
    return; // another one may still arrive
  outgoing m;
  m.chat_id = r.chat_id, m.slot = r.slot;
  m.method = "sendMessage", m.params = r.*fate;
  if (well) run(w.db(), "UPDATE outbox SET receipt = '' WHERE receipt = ?", text);
  announce(w, {m});
}

/// Alarms that nobody fetches are not collected for ever; letters are.
constexpr std::int64_t parked_alarms_max = 50; // of a chat

/// Parked for good; nothing sends it again, and it can be looked at.
void keep_unreadable(database& db, const delivery_report& r) {
  run(db, "UPDATE outbox SET parked = 2 WHERE outbox_id = ?", r.outbox_id);
}

void park(database& db, const delivery_report& r, bool office) {
  run(db, "UPDATE outbox SET parked = 1, after_job = 0 WHERE outbox_id = ?", r.outbox_id);
  run(db, "UPDATE users SET gone = 1 WHERE user_id = ?", r.chat_id);
  if (office)
    run(db,
        "DELETE FROM outbox WHERE outbox_id IN (SELECT outbox_id FROM outbox WHERE chat_id = ? AND parked = "
        "1 "
        "AND office = 1 ORDER BY outbox_id DESC LIMIT -1 OFFSET ?)",
        r.chat_id, parked_alarms_max);
}

std::string with_chat(const std::string& params, std::int64_t chat_id) {
  auto p = json::parse(params, nullptr, false);
  if (!p.is_object()) return params;
  p["chat_id"] = chat_id;
  return p.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<outgoing> stored_message(database& db, std::int64_t outbox_id) {
  query q(db, TROUPE_OUTBOX_SELECT "WHERE outbox_id = ?", outbox_id);
  return collect_messages(q);
}

/// The same message to other chats; what is told of it goes along.
void send_instead(writer& w, std::int64_t outbox_id, const std::vector<std::int64_t>& chats) {
  auto& db = w.db();
  for (const auto& m : stored_message(db, outbox_id)) {
    for (const auto chat : chats) {
      run(db,
          "INSERT INTO outbox(chat_id, lane, method, params, slot, job_id, uploads, office, receipt, "
          "letter_of) "
          "SELECT ?2, lane, method, ?3, '', job_id, uploads, max(office, 1), receipt, letter_of FROM outbox "
          "WHERE "
          "outbox_id = ?1",
          outbox_id, chat, with_chat(m.params, chat));
      for (auto& copy : stored_message(db, db.last_id())) w.messages.push_back(std::move(copy));
    }
    run(db, "DELETE FROM outbox WHERE outbox_id = ?", outbox_id);
  }
}

std::vector<std::int64_t> parked_in(database& db, std::int64_t chat_id) {
  std::vector<std::int64_t> all;
  query q(db, "SELECT outbox_id FROM outbox WHERE chat_id = ? AND parked = 1 ORDER BY outbox_id", chat_id);
  while (q.next()) all.push_back(q.integer(0));
  return all;
}

/// The group has another number from now on. Its other messages under way will hear so themselves.
void move_group(writer& w, const delivery_report& r) {
  keep_setting(w.db(), "moved:" + std::to_string(r.chat_id), std::to_string(r.moved_to));
  send_instead(w, r.outbox_id, {r.moved_to});
  follow_group(w, std::to_string(r.chat_id), std::to_string(r.moved_to));
}

/// Whoever is named in the menu belongs to the office as those of the configuration do.
std::vector<std::int64_t> with_named(database& db, std::vector<std::int64_t> chats, right what) {
  query q(db, "SELECT user_id, role FROM users WHERE role <> 'none' AND registered_at IS NOT NULL ORDER BY "
              "user_id");
  while (q.next())
    if (may(role_named(q.text(1)), what) &&
        std::find(chats.begin(), chats.end(), q.integer(0)) == chats.end())
      chats.push_back(q.integer(0));
  return chats;
}

/// A reply to it finds its user for so long; what is answered later is told that nobody knows whose it was.
constexpr unix_ms letters_kept_ms = 365 * day_ms;
constexpr int letters_pruned_max = 100; // at once

/// Whose letter it is part of is known by the place where it arrived, and by nothing that stands in it.
void remember_letter(database& db, const delivery_report& r, std::int64_t user_id) {
  run(db,
      "INSERT INTO letters(chat_id, message_id, user_id, at) VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
      "user_id = excluded.user_id, at = excluded.at",
      r.chat_id, r.message_id, user_id, r.at);
  run(db,
      "DELETE FROM letters WHERE (chat_id, message_id) IN (SELECT chat_id, message_id FROM letters WHERE at "
      "< "
      "? ORDER BY at LIMIT ?)",
      r.at - letters_kept_ms, letters_pruned_max);
}

/// Its chat takes no messages; or it is the office's, and does not take this one.
void refused_chat(writer& w, const delivery_report& r, const kept& row) {
  if (r.moved_to != 0) return move_group(w, r);
  if (row.office && r.chat_gone) w.office.push_back({r.chat_id, false, r.why});
  if (!r.instead.empty())
    return send_instead(w, r.outbox_id,
                        with_named(w.db(), r.instead, row.letter ? right::answer : right::alarms));
  park(w.db(), r, row.office);
  tell(w, row.receipt, &receipt::gone);
}

} // namespace

std::vector<outgoing> collect_messages(query& q) {
  std::vector<outgoing> messages;
  while (q.next()) {
    outgoing m;
    m.outbox_id = q.integer(0);
    m.chat_id = q.integer(1);
    const auto known = lane_named(q.text(2));
    m.urgency = known.value_or(lane::reply);
    m.method = q.text(3);
    m.params = q.text(4);
    m.slot = q.text(5);
    m.job_id = q.integer(6);
    auto uploads = uploads_from_text(q.text(7));
    m.slot_message_id = q.integer(8);
    m.office = static_cast<office_mail>(std::clamp(q.small(9), 0, static_cast<int>(office_mail::letter)));
    m.not_before = q.integer(10);
    m.letter_of = q.integer(11);
    // A row that cannot be read must not stop all others: without its method the courier sets it aside.
    const bool is_call = !m.params.empty() && m.params.front() == '{' && own_json::is_json(m.params);
    if (!known || !uploads || !is_call) m.method.clear();
    else m.uploads = std::move(*uploads);
    messages.push_back(std::move(m));
  }
  return messages;
}

void announce(writer& w, const std::vector<outgoing>& messages) {
  for (auto m : messages) {
    m.outbox_id = is_stored(m.urgency) ? store_message(w.db(), m) : 0;
    if (!m.slot.empty())
      m.slot_message_id =
          number(w.db(), "SELECT message_id FROM slots WHERE chat_id = ? AND slot = ?", m.chat_id, m.slot);
    w.messages.push_back(std::move(m));
  }
}

void unpark(writer& w, std::int64_t chat_id) {
  std::vector<outgoing> parked;
  {
    query q(w.db(), TROUPE_OUTBOX_SELECT "WHERE o.chat_id = ? AND parked = 1 ORDER BY outbox_id", chat_id);
    parked = collect_messages(q);
  }
  if (parked.empty()) return;
  run(w.db(), "UPDATE outbox SET parked = 0 WHERE chat_id = ? AND parked = 1", chat_id);
  for (auto& m : parked) w.messages.push_back(std::move(m));
}

void follow_group(writer& w, const std::string& from, const std::string& to) {
  const auto chat = std::strtoll(to.c_str(), nullptr, 10);
  if (chat >= 0) return;
  for (const auto id : parked_in(w.db(), std::strtoll(from.c_str(), nullptr, 10)))
    send_instead(w, id, {chat});
}

void readdress(writer& w, const readdress_office& how) {
  std::vector<std::pair<std::int64_t, std::int64_t>> parked; // message, chat
  {
    query q(w.db(),
            "SELECT outbox_id, chat_id FROM outbox WHERE parked = 1 AND chat_id < 0 ORDER BY outbox_id");
    while (q.next()) parked.emplace_back(q.integer(0), q.integer(1));
  }
  for (auto [id, chat] : parked) send_instead(w, id, how.chats.empty() ? std::vector{chat} : how.chats);
}

void take_office_mail(writer& w, std::int64_t user_id, role now) {
  std::vector<std::pair<std::int64_t, bool>> waiting; // message, is it a letter
  {
    query q(w.db(),
            "SELECT outbox_id, office FROM outbox WHERE chat_id = ? AND parked = 1 AND office <> 0 ORDER BY "
            "outbox_id",
            user_id);
    while (q.next()) waiting.emplace_back(q.integer(0), q.small(1) == static_cast<int>(office_mail::letter));
  }
  for (const auto& [id, letter] : waiting) {
    if (may(now, letter ? right::answer : right::alarms)) continue;
    if (letter && !w.rule.owners.empty()) send_instead(w, id, w.rule.owners);
    else if (!letter) run(w.db(), "DELETE FROM outbox WHERE outbox_id = ?", id);
  }
}

std::int64_t letter_of(database& db, std::int64_t chat_id, std::int64_t message_id) {
  return number(db, "SELECT user_id FROM letters WHERE chat_id = ? AND message_id = ?", chat_id, message_id);
}

void keep_for_later(writer& w, std::int64_t job_id, const std::vector<outgoing>& messages, later when) {
  for (auto& m : messages)
    run(w.db(), "UPDATE outbox SET parked = ?2, after_job = ?3 WHERE outbox_id = ?1",
        store_message(w.db(), m), static_cast<int>(when), job_id);
}

void say_later(writer& w, std::int64_t job_id, bool order_ended) {
  std::vector<outgoing> due;
  {
    query q(w.db(),
            TROUPE_OUTBOX_SELECT
            "WHERE after_job = ?1 AND after_job <> 0 AND parked <= ?2 ORDER BY outbox_id",
            job_id, static_cast<int>(order_ended ? later::with_the_order : later::with_the_video));
    due = collect_messages(q);
  }
  // Its number is that of the moment it is said: a chat's messages leave by their numbers, also after a
  // start.
  for (auto& m : due) {
    run(w.db(),
        "INSERT INTO outbox(chat_id, lane, method, params, slot, job_id, uploads, office, receipt, "
        "letter_of) "
        "SELECT chat_id, lane, method, params, slot, job_id, uploads, office, receipt, letter_of FROM outbox "
        "WHERE outbox_id = ?",
        m.outbox_id);
    m.outbox_id = w.db().last_id();
    w.messages.push_back(std::move(m));
  }
  forget_later(w, job_id);
}

void forget_later(writer& w, std::int64_t job_id) {
  run(w.db(), "DELETE FROM outbox WHERE after_job = ?1 AND after_job <> 0", job_id);
}

void note_delivery(writer& w, const delivery_report& report) {
  auto& db = w.db();
  auto r = report;
  const auto row = complete_report(db, r);
  if (!row.there) return;
  if (r.not_before > 0) {
    run(db, "UPDATE outbox SET not_before = ? WHERE outbox_id = ?", r.not_before, r.outbox_id);
    return;
  }
  if (!r.delivered && !r.unreadable && (r.chat_gone || !r.instead.empty())) return refused_chat(w, r, row);
  if (r.unreadable) keep_unreadable(db, r);
  else run(db, "DELETE FROM outbox WHERE outbox_id = ?", r.outbox_id);
  tell(w, row.receipt, r.delivered ? &receipt::delivered : &receipt::refused);
  if (r.delivered && row.letter_of != 0 && r.message_id != 0) remember_letter(db, r, row.letter_of);
  if (row.office && r.delivered) {
    w.office.push_back({r.chat_id, true, ""});
    unpark(w, r.chat_id);
  }
  if (r.delivered && !r.slot.empty() && r.message_id != 0)
    run(db,
        "INSERT INTO slots(chat_id, slot, message_id) VALUES(?, ?, ?) "
        "ON CONFLICT DO UPDATE SET message_id = excluded.message_id",
        r.chat_id, r.slot, r.message_id);
  if (r.job_id != 0) hand_over(w, r);
}

} // namespace troupe::storage
