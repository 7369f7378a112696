#include "net/telegram.hpp"
#include "tests/fuzz/edge.hpp"
#include <nlohmann/json.hpp>

// What getUpdates answers and what is posted to the webhook.

using namespace troupe;
using namespace troupe::fuzz;
using telegram::event_kind;

namespace {

void check_event(const telegram::event& e) {
  for (const auto* text : {&e.text, &e.command, &e.argument, &e.data, &e.from.first_name, &e.entities})
    must(is_utf8(*text), "what an event says is UTF-8");
  if (e.kind == event_kind::ignored) return;
  must(e.from.user_id > 0 || (e.group_id < 0 && e.from.user_id == e.group_id),
       "an event is somebody's, or a group's");
  must(e.kind != event_kind::group_moved || e.moved_to < 0, "a group has moved to a group");
  must(e.kind != event_kind::command || !e.command.empty(), "a command has a name");
  must(e.kind != event_kind::text || !e.text.empty(), "a text is not empty");
  must(e.kind != event_kind::button || !e.callback_id.empty(), "a press can be answered");
  must(e.kind != event_kind::photo || !e.photo_file_id.empty(), "a photo has a file");
  must(e.kind != event_kind::other_media || !e.media.empty(), "media has a kind");
  must(e.kind != event_kind::pre_checkout || !e.payment.query_id.empty(), "a pre-checkout can be answered");
  if (e.kind == event_kind::payment || e.kind == event_kind::payment_refunded)
    must(!e.payment.telegram_charge_id.empty(), "money is told from the same money by its charge");
  must(e.payment.subscription_until >= 0, "a subscription ends after 1970");
}

/// After a crash the update is read from the disk: that must be the same event.
void check_same(const telegram::event& a, const telegram::event& b) {
  must(a.kind == b.kind && a.update_id == b.update_id && a.from.user_id == b.from.user_id,
       "stored and read again: the same");
  must(a.text == b.text && a.data == b.data && a.command == b.command && a.argument == b.argument,
       "stored and read again: the same words");
  must(a.photo_file_id == b.photo_file_id && a.file_id == b.file_id && a.entities == b.entities,
       "stored and read again: the same files and marks");
  must(a.payment.telegram_charge_id == b.payment.telegram_charge_id && a.payment.amount == b.payment.amount,
       "stored and read again: the same money");
}

void check(const incoming_update& u) {
  must(nlohmann::json::accept(u.json), "what is stored of an update is JSON");
  const auto now = telegram::event_in(u);
  auto from_disk = u;
  from_disk.event = nullptr;
  check_event(now);
  check_same(now, telegram::event_in(from_disk));
  must(now.kind != event_kind::ignored || u.user_id == 0, "what is ignored is nobody's");
  must(now.kind != event_kind::pre_checkout || telegram::is_pre_checkout(u.json),
       "a pre-checkout is known without parsing: it has ten seconds");
}

/// An unreadable one is set aside; nothing of it holds up the others.
void check(const telegram::update_batch& batch) {
  for (const auto& u : batch.updates) {
    must(u.update_id > 0, "an update is known by its number");
    check(u);
  }
  for (const auto& u : batch.unreadable) {
    must(u.update_id >= 0, "an update's number is above nothing");
    must(is_utf8(u.excerpt) && characters(u.excerpt) <= outside::excerpt_chars_max,
         "an excerpt is short and UTF-8");
  }
  must(batch.last_id >= 0 && batch.last_id < INT64_MAX, "the next offset is one more");
  must(batch.updates.empty() || batch.last_id > 0, "what was read is confirmed");
}

} // namespace

EDGE(telegram_updates) {
  const auto reply = reply_of(in);
  try {
    check(telegram::read_updates(reply));
  } catch (const telegram::bad_answer& e) {
    must(std::string{e.what()}.size() < 400, "a complaint is short");
  }
  check(telegram::read_update(reply.body));        // of the webhook: never throws
  check_event(telegram::parse_update(reply.body)); // of the disk: neither
}
