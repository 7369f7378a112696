#include "actors/spawn.hpp"
#include <unordered_map>

namespace troupe {
namespace {

struct lane_state {
  lane_state() {}
  static inline const char* name = "http_lane";
  std::unordered_map<std::uint64_t, caf::typed_response_promise<http_reply>> asked; ///< by ticket
  std::uint64_t tickets = 0;
  std::unique_ptr<http_client> client; ///< Goes with the actor, and what is on its wire too.
};
using lane_ptr = http_sender_actor::stateful_pointer<lane_state>;

bool has_files(const http_request& r) { return !r.files.empty() || !r.save_to.empty(); }

http_sender_actor::behavior_type wire(lane_ptr self, http_limits limits, const ways_out& ways,
                                      const http_actor& files) {
  self->set_error_handler([](caf::error&) {});
  self->state.client = std::make_unique<http_client>(
      limits,
      [weak = caf::actor_addr{self->address()}](http_answers answers) {
        if (auto strong = caf::actor_cast<http_sender_actor>(weak))
          caf::anon_send(strong, std::move(answers));
      },
      ways);
  return {
      [self, files](http_request& r) -> caf::result<http_reply> {
        if (files && has_files(r)) return self->delegate(files, std::move(r));
        auto& s = self->state;
        const auto ticket = ++s.tickets;
        auto promise = self->make_response_promise<http_reply>();
        s.asked.emplace(ticket, promise);
        s.client->send(ticket, std::move(r));
        return promise;
      },
      [self](http_answers& answers) {
        for (auto& a : answers.list) {
          const auto found = self->state.asked.find(a.ticket);
          auto promise = std::move(found->second);
          self->state.asked.erase(found);
          promise.deliver(std::move(a.reply));
        }
      },
  };
}

} // namespace

http_actor spawn_http_lane(caf::actor_system& sys, http_limits limits, const ways_out& ways,
                           const http_actor& files) {
  return sys.spawn(wire, limits, ways, files);
}

} // namespace troupe
