#include "net/file_digest.hpp"
#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <vector>

namespace troupe {

std::string sha256_of(std::istream& in) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sum{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  if (!sum || EVP_DigestInit_ex(sum.get(), EVP_sha256(), nullptr) != 1) return {};
  std::vector<char> buffer(1u << 16);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (in.gcount() > 0) EVP_DigestUpdate(sum.get(), buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  const bool broken = in.bad();
  in.clear();
  in.seekg(0);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (broken || EVP_DigestFinal_ex(sum.get(), digest, &size) != 1) return {};
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

std::string sha256_of_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return in ? sha256_of(in) : std::string{};
}

} // namespace troupe
