// Certificates made for a test: roots, what they sign, and what they should not have.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tocsin::net {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct Identity {
  std::unique_ptr<X509, FreeCertificate> certificate;
  std::unique_ptr<EVP_PKEY, FreeCertificate> key;

  std::string certificate_pem() const;
  std::string key_pem() const;
};

struct IdentityOptions {
  std::string_view name = "localhost";
  std::string_view second_name = {};  // a second common name
  const Identity* issuer = nullptr;   // nullptr: signs itself
  bool authority = false;
  bool rsa = false;
  std::int64_t valid_from_s = -3600;  // relative to now
  std::int64_t valid_to_s = 3600;
};

Identity make_identity(const IdentityOptions& options);

// An RSA signature over `bytes` with the identity's key.
std::string sign(const Identity& identity, const char* digest, std::string_view bytes);

// A folder that is removed with what is in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  // Writes a file (anew) and returns its path.
  std::string write(std::string_view name, std::string_view text) const;
  std::string path(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace tocsin::net
