#include "net/file_digest.hpp"
#include <fstream>
#include <openssl/evp.h>
#include <vector>

namespace troupe {

struct sha256_sum::state {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sum{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  bool good = sum && EVP_DigestInit_ex(sum.get(), EVP_sha256(), nullptr) == 1;
};

sha256_sum::sha256_sum() : state_{std::make_unique<state>()} {}
sha256_sum::~sha256_sum() = default;
sha256_sum::sha256_sum(sha256_sum&&) noexcept = default;
sha256_sum& sha256_sum::operator=(sha256_sum&&) noexcept = default;

void sha256_sum::add(const char* data, std::size_t size) {
  state_->good = state_->good && EVP_DigestUpdate(state_->sum.get(), data, size) == 1;
}

std::string sha256_sum::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!state_->good || EVP_DigestFinal_ex(state_->sum.get(), digest, &size) != 1) return {};
  state_->good = false;
  std::string all;
  for (unsigned i = 0; i < size; ++i) {
    all += "0123456789abcdef"[digest[i] >> 4];
    all += "0123456789abcdef"[digest[i] & 15];
  }
  return all;
}

std::string sha256_of(std::istream& in) {
  sha256_sum sum;
  std::vector<char> buffer(1u << 16);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (in.gcount() > 0) sum.add(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  const bool broken = in.bad();
  in.clear();
  in.seekg(0);
  return broken ? std::string{} : sum.hex();
}

std::string sha256_of_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return in ? sha256_of(in) : std::string{};
}

} // namespace troupe
