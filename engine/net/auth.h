// Auth: who may do what. Tokens are compared in constant time, by their hashes; only hashes are
// kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "net/crypto.h"

namespace tocsin::net {

enum class Role : std::uint8_t {
  ingest = 1,  // send events
  read = 2,    // metrics, alerts, rules, status
  admin = 4,   // reload; includes read
};

struct TokenConfig {
  std::string name;  // shown in logs and counters, in place of the token
  Secret token;
  std::uint8_t roles = 0;  // Role bits
};

// Roles for clients that show a certificate with this subject common name.
struct CertificateConfig {
  std::string common_name;
  std::uint8_t roles = 0;
};

enum class Verdict : std::uint8_t { allowed, unauthenticated, forbidden };

class Auth {
 public:
  // Without tokens and certificates everybody may do everything.
  Auth(const std::vector<TokenConfig>& tokens, std::vector<CertificateConfig> certificates);

  bool is_open() const { return tokens_.empty() && certificates_.empty(); }
  // `token` as presented, "" when none was; `client`: common name of a verified certificate, or "".
  Verdict check(Role needed, std::string_view token, std::string_view client) const;

 private:
  struct Known {
    Sha256 hash;
    std::uint8_t roles;
  };
  std::vector<Known> tokens_;
  std::vector<CertificateConfig> certificates_;
};

// The token in an Authorization header: "Bearer TOKEN", or the password of "Basic …"; "" otherwise.
std::string presented_token(std::string_view authorization);

}  // namespace tocsin::net
