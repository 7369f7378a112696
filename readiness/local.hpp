#pragma once
/// Whether the engine could start here and work: all that this machine alone can say.
#include "config/config.hpp"
#include "readiness/finding.hpp"
#include "readiness/machine.hpp"

namespace troupe::readiness {

enum class occasion : std::uint8_t {
  check, ///< an engine that runs on the database may be this very one
  start  ///< nobody else may
};

/// Each probe alone, for its test.
finding probe_token(const config::settings& s);
finding probe_keys(const config::settings& s);
finding probe_administrators(const config::settings& s);
finding probe_shop(const config::settings& s);
findings probe_addresses(const config::settings& s);
findings probe_proxy(const config::settings& s);
findings probe_database(const config::settings& s, machine& m, occasion why);
findings probe_senders(const config::settings& s);
findings probe_web(const config::settings& s, machine& m, occasion why);
findings probe_programs(machine& m);
findings probe_files(const config::settings& s, machine& m);

/// All of them.
findings probe_here(const config::settings& s, machine& m, occasion why);

} // namespace troupe::readiness
