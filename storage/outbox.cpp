/// Outgoing messages: stored with what caused them, gone when delivered.
#include "storage/parts.hpp"
#include <nlohmann/json.hpp>

namespace troupe::storage {
namespace {

using nlohmann::json;

std::string uploads_to_text(const std::vector<upload>& uploads) {
  if (uploads.empty()) return "[]";
  auto list = json::array();
  for (const auto& u : uploads) list.push_back({u.field, u.path, u.content_type});
  return list.dump();
}

std::vector<upload> uploads_from_text(const std::string& text) {
  std::vector<upload> uploads;
  if (text == "[]") return uploads;
  for (const auto& u : json::parse(text)) uploads.push_back({u.at(0), u.at(1), u.at(2)});
  return uploads;
}

bool is_stored(lane urgency) { return urgency != lane::answer && urgency != lane::progress; }

std::int64_t store_message(database& db, const outgoing& m) {
  run(db,
      "INSERT INTO outbox(chat_id, urgency, method, params, slot, job_id, uploads) VALUES(?, ?, ?, ?, ?, ?, "
      "?)",
      m.chat_id, static_cast<int>(m.urgency), m.method, m.params, m.slot, m.job_id,
      uploads_to_text(m.uploads));
  return db.last_id();
}

/// What the report leaves out is known from the stored message.
/// False: this message was settled before, and an old report must not move its slot back.
bool complete_report(database& db, delivery_report& r) {
  if (r.outbox_id == 0) return true;
  query row(db, "SELECT chat_id, slot, job_id FROM outbox WHERE outbox_id = ?", r.outbox_id);
  if (!row.next()) return false;
  if (r.chat_id == 0) r.chat_id = row.integer(0);
  if (r.slot.empty()) r.slot = row.text(1);
  if (r.job_id == 0) r.job_id = row.integer(2);
  return true;
}

void park(database& db, const delivery_report& r) {
  run(db, "UPDATE outbox SET parked = 1 WHERE outbox_id = ?", r.outbox_id);
  run(db, "UPDATE users SET gone = 1 WHERE user_id = ?", r.chat_id);
}

} // namespace

std::vector<outgoing> collect_messages(query& q) {
  std::vector<outgoing> messages;
  while (q.next()) {
    outgoing m;
    m.outbox_id = q.integer(0);
    m.chat_id = q.integer(1);
    m.urgency = static_cast<lane>(q.small(2));
    m.method = q.text(3);
    m.params = q.text(4);
    m.slot = q.text(5);
    m.job_id = q.integer(6);
    m.uploads = uploads_from_text(q.text(7));
    m.slot_message_id = q.integer(8);
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

void note_delivery(writer& w, const delivery_report& report) {
  auto& db = w.db();
  auto r = report;
  if (!complete_report(db, r)) return;
  if (!r.delivered && r.chat_gone) return park(db, r);
  run(db, "DELETE FROM outbox WHERE outbox_id = ?", r.outbox_id);
  if (r.delivered && !r.slot.empty() && r.message_id != 0)
    run(db,
        "INSERT INTO slots(chat_id, slot, message_id) VALUES(?, ?, ?) "
        "ON CONFLICT DO UPDATE SET message_id = excluded.message_id",
        r.chat_id, r.slot, r.message_id);
  if (r.job_id != 0)
    complete_job(db, r.job_id, r.delivered ? r.file_id : std::string{}, r.delivered ? std::string{} : r.why,
                 r.at);
}

} // namespace troupe::storage
