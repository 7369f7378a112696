#pragma once
/// What an operator asks of a database, from the command line: audit · history · jobs.
/// Read-only, so it is safe while the engine runs. Exit codes: 0 fine, 1 a fault was found, 2 cannot tell.
#include <cstdint>
#include <string>

namespace troupe::operators {

int audit(const std::string& database, bool as_json);
int history(const std::string& database, std::int64_t user_id, int limit, bool as_json);
int jobs(const std::string& database, bool only_open, int limit, bool as_json);
/// The newest jobs and ledger entries and what waits and runs, by model, as JSON for the sandbox's panel.
/// @throws std::exception when it cannot tell
std::string newest(const std::string& database);

} // namespace troupe::operators
