#pragma once
#include "tests/catch.hpp"
#include <cstdio>
#include <filesystem>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string>
#include <unistd.h>

namespace troupe::test {

/// What is odd about a certificate.
struct certificate_oddity {
  std::string names = {};    ///< instead of the host's: "DNS:a.test,IP:127.0.0.1"
  bool only_subject = false; ///< names nothing but its subject
  bool is_over = false;
};

/// A certificate of its own for a host's name or address, with its key.
struct own_certificate {
  std::string folder = (std::filesystem::temp_directory_path() / "troupe-tls-XXXXXX").string();
  std::string certificate, key;
  explicit own_certificate(const std::string& host = "127.0.0.1", const certificate_oddity& odd = {}) {
    REQUIRE(::mkdtemp(folder.data()));
    certificate = folder + "/certificate.pem", key = folder + "/key.pem";
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* x = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_set_version(x, 2); // only these have more than a subject
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), odd.is_over ? -60 : 3600);
    X509_set_pubkey(x, pair);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    const bool is_name = host.find_first_not_of("0123456789.") != std::string::npos;
    const auto san = !odd.names.empty() ? odd.names : (is_name ? "DNS:" : "IP:") + host;
    if (!odd.only_subject) {
      X509_EXTENSION* name = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, san.c_str());
      X509_add_ext(x, name, -1);
      X509_EXTENSION_free(name);
    }
    X509_sign(x, pair, EVP_sha256());
    FILE* f = std::fopen(certificate.c_str(), "w");
    PEM_write_X509(f, x);
    std::fclose(f);
    f = std::fopen(key.c_str(), "w");
    PEM_write_PrivateKey(f, pair, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(f);
    X509_free(x);
    EVP_PKEY_free(pair);
  }
  own_certificate(const own_certificate&) = delete;
  own_certificate& operator=(const own_certificate&) = delete;
  ~own_certificate() { std::filesystem::remove_all(folder); }
};

} // namespace troupe::test
