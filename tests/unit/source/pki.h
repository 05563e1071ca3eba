// A certificate authority for tests: RSA keys, certificates, signatures.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;
struct x509_st;

namespace tocsin::source {

struct Identity {
  std::shared_ptr<evp_pkey_st> key;
  std::shared_ptr<x509_st> certificate;

  std::string certificate_pem() const;
  std::string key_pem() const;
  // RSA PKCS #1 v1.5, in base64.
  std::string sign(std::string_view text, bool sha1) const;
};

// Signed by `issuer`, or by itself when there is none (then it is an authority). `valid_from` and
// `valid_to`: seconds from now. `host`: a DNS name in it, or "".
Identity make_identity(const std::string& common_name, const Identity* issuer,
                       const std::string& host = {}, long valid_from = -3600,
                       long valid_to = 24 * 3600);

}  // namespace tocsin::source
