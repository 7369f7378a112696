#include "net/tls_files.hpp"
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace troupe {

std::string why_not_certificate(const std::string& certificate, const std::string& key) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  if (!tls) return "TLS cannot be had on this machine";
  SSL_CTX_set_default_passwd_cb(tls.get(), [](char*, int, int, void*) { return 0; });
  std::string why;
  if (SSL_CTX_use_certificate_chain_file(tls.get(), certificate.c_str()) != 1)
    why = certificate + " holds no certificate in PEM";
  else if (SSL_CTX_use_PrivateKey_file(tls.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool another = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
    why = another ? "the key " + key + " is not that of the certificate " + certificate
                  : key + " holds no private key in PEM that opens without a passphrase";
  } else if (SSL_CTX_check_private_key(tls.get()) != 1)
    why = "the key " + key + " is not that of the certificate " + certificate;
  ERR_clear_error();
  return why;
}

} // namespace troupe
