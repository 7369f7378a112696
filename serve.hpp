#pragma once
/// The commands that concern an engine of one's own: serve · check.
#include <csignal>
#include <string>

namespace troupe {

/// Must run before the first thread, so that only the main thread hears signals.
sigset_t block_signals();
/// Runs the engine until a signal. @returns the exit code
int serve(const std::string& dir);
/// Says what is in force and whether it would work. @returns the exit code
int check(const std::string& dir, bool offline);

} // namespace troupe
