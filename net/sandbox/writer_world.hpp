#pragma once
/// A language model behind the chat completions protocol, played: the same question, the same answer.
/// [[writer:fail]] in the user's words is a 503, [[writer:refuse]] a refusal, [[writer:slow]] takes half a
/// minute.
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace httplib {
class Server;
}

namespace troupe::sandbox {

class service_gate;

struct writer_reply {
  int status = 200;
  nlohmann::json body;
  int wait_ms = 0;
};

/// `authorization` is the header; any bearer's key is good.
writer_reply write_prompt(const std::string& authorization, const std::string& body);

/// POST /v1/chat/completions. `stopping` ends a slow answer.
void add_writer_routes(httplib::Server& http, service_gate& gate, std::function<bool()> stopping);

} // namespace troupe::sandbox
