#pragma once
/// A bot that stores nothing and decides nothing: how fast the load generator is by itself.

namespace troupe::bench {

/// Polls and answers until the process is ended.
[[noreturn]] void run_null_bot(int port);

} // namespace troupe::bench
