#include "actors/porter.hpp"
#include "actors/log.hpp"
#include "net/telegram.hpp"
#include "net/yookassa.hpp"

namespace troupe {
namespace {

struct porter_state {
  porter_state() {}
  static inline const char* name = "porter";
  supervisor_actor supervisor;
};
using self_ptr = porter_actor::stateful_pointer<porter_state>;

/// Without a limit of its own, for the web server has one: what a cast that falls leaves unanswered is
/// answered there. How many wait is counted there too.
template <class Message> void bring(self_ptr self, Message m, const std::function<void(int)>& told) {
  self->request(self->state.supervisor, caf::infinite, std::move(m))
      .then([told](done) { told(200); },
            [told](caf::error& e) { told(e == address_is_void ? 404 : 503); }); // 503: it comes again
}

void take_update(self_ptr self, const web_post& p) {
  auto read = telegram::read_update(p.body);
  for (auto& u : read.unreadable) { // repeated for ever it would be no better
    log("web")->error("update {} cannot be read and is set aside: {}", u.update_id, u.excerpt);
    if (u.update_id != 0) read.updates.push_back({u.update_id, 0, std::move(u.excerpt)});
  }
  if (read.updates.empty()) return p.told(200);
  bring(self, posted_update{std::move(read.updates.front())}, p.told);
}

void take_notice(self_ptr self, const web_post& p) {
  const auto n = yookassa::read_notice(p.body);
  if (!n) return p.told(200);
  bring(self, payment_noticed{n->payment_id.empty() ? n->object_id : n->payment_id}, p.told);
}

void take(self_ptr self, const web_post& p) {
  switch (p.what) {
  case web_post::kind::update: return take_update(self, p);
  case web_post::kind::callback: return bring(self, p.call, p.told);
  case web_post::kind::notice: return take_notice(self, p);
  }
}

porter_actor::behavior_type porter(self_ptr self, const supervisor_actor& supervisor) {
  self->set_error_handler([](caf::error&) {});
  self->state.supervisor = supervisor;
  return {[self](const web_post& p) {
    try {
      take(self, p);
    } catch (const std::exception& e) { // the next post is none the worse for it
      log("web")->error("a post could not be taken: {}", e.what());
      p.told(500);
    }
  }};
}

} // namespace

porter_actor spawn_porter(caf::actor_system& sys, supervisor_actor supervisor) {
  return sys.spawn(porter, std::move(supervisor));
}

} // namespace troupe
