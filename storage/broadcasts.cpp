/// Broadcasts and their journal of recipients.
#include "storage/parts.hpp"

namespace troupe::storage {

broadcast_answer open(writer&, const open_broadcast&) { throw store_error("not built yet"); }
broadcast_answer take_step(writer&, const broadcast_step&) { throw store_error("not built yet"); }
broadcast_answer gather(writer&, const gather_recipients&) { throw store_error("not built yet"); }
recipients_taken take(writer&, const take_recipients&) { throw store_error("not built yet"); }
std::vector<broadcast> unfinished_broadcasts(database&) { return {}; }

} // namespace troupe::storage
