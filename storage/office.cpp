/// What administrators do: acts on users and jobs, their journal; and the activity log.
#include "storage/parts.hpp"

namespace troupe::storage {

admin_answer act(writer&, const admin_action&) { throw store_error("not built yet"); }
void note(writer& w, const store_notice& n) { announce(w, n.messages); }
void write_journal(database&, const journal_line&) {}
void set_mute(database&, std::int64_t, const std::string&, bool) {}
void write_activity(writer&, std::int64_t, unix_ms, const std::string&) {}

} // namespace troupe::storage
