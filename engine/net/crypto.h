// Hashes, signatures and random bytes, over OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::net {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
// Lower-case hexadecimal, and base64 with padding.
std::string hex(std::string_view bytes);
std::string base64(std::string_view bytes);
inline std::string_view as_text(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
std::string random_bytes(std::size_t size);

// Compares all bytes, in a time that does not depend on them.
bool same_digest(const Sha256& a, const Sha256& b);
// Compares without telling by its time how much is the same: both are hashed first.
bool same_secret(std::string_view a, std::string_view b);

enum class RsaHash : std::uint8_t { sha1, sha256 };
// Whether `signature` (RSA PKCS #1 v1.5) over `bytes` was made by the key of a certificate (PEM)
// that is valid at `now` (Unix seconds) and leads to a trusted root: those in `ca_file`, or the
// system's when it is "". The PEM text may hold intermediate certificates after the first one.
Status verify_rsa(std::string_view certificate_pem, RsaHash hash, std::string_view bytes,
                  std::string_view signature, const std::string& ca_file, std::int64_t now);

}  // namespace tocsin::net
