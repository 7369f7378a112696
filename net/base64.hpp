#pragma once
/// Base64 with padding and without line breaks: credentials of HTTP, signatures.
#include <openssl/evp.h>
#include <string>

namespace troupe {

inline std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0'); // and the 0 that the function adds
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

} // namespace troupe
