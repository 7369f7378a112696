#pragma once
/// `troupe sandbox --script FILE`: a conversation from a file, played with the real engine against the
/// sandbox.
#include "net/sandbox/sandbox.hpp"
#include <string>

namespace troupe::scripted {

struct options {
  std::string file;     ///< "-": the standard input
  std::string database; ///< "": one that is thrown away with everything else
  std::string attach; ///< http://host:port of a sandbox that runs, with its engine; "": both are started here
  int limit_s = 30;   ///< of each wait that names none
};

/// `world.engine.words` says how the engine is started. The transcript goes to the standard output. Not
/// thread-safe: it listens for SIGINT and SIGTERM.
/// @returns 0: all held; 1: something did not, its line is named; 2: the script cannot be read or nothing can
/// be started
int play(sandbox::settings world, const options& o);

} // namespace troupe::scripted
