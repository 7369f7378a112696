#pragma once
/// What others on this machine get to see of us.

namespace troupe::process {

/// From here on nobody but our user may read what we write, whoever makes the file: SQLite, the log, ffmpeg.
void write_for_ourselves();

/// No picture of our memory is left behind when we fall, and no other program of our user looks into it: it holds
/// every secret.
void keep_memory_private();

} // namespace troupe::process
