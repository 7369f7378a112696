#pragma once
/// A server's certificate and key, looked at before anybody connects.
#include <string>

namespace troupe {

/// Why a server could not use these PEM files; "" when it can. Nobody is asked for a passphrase.
std::string why_not_certificate(const std::string& certificate, const std::string& key);

} // namespace troupe
