// Signatures by a bare RSA key, and the hash of a text that comes in pieces. Over OpenSSL.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "net/crypto.h"

namespace tocsin::net {

// SHA-256 of all pieces. One thread. Aborts without memory, as sha256() does.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void add(std::string_view piece);
  // Once, after the last piece.
  Sha256 finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether `signature` (RSA PKCS #1 v1.5 with SHA-256) over `bytes` was made by the key `der`: a
// PKCS #1 RSAPublicKey or an X.509 SubjectPublicKeyInfo, in DER, with nothing after it.
// Code::invalid_input: `der` is no such key. Code::refused: the signature does not fit.
Status verify_rsa_key(std::string_view der, std::string_view bytes, std::string_view signature);

}  // namespace tocsin::net
