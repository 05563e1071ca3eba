// Digest: what a CloudTrail digest file says, and the text that its signature is over. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::digest {

inline constexpr std::string_view kHashAlgorithm = "SHA-256";
inline constexpr std::string_view kSignatureAlgorithm = "SHA256withRSA";

// A log file as its digest lists it. `hash`: of the inflated content, in hexadecimal.
struct ListedFile {
  std::string bucket, key, hash, algorithm;
};

// What a digest says about the one before it.
struct Link {
  std::string bucket, key;
  std::string hash;       // of its inflated content, in hexadecimal; "": not given as SHA-256
  std::string signature;  // in hexadecimal; "": not given
};

struct Digest {
  std::string bucket, key;          // where CloudTrail put it
  std::int64_t start = 0, end = 0;  // the hour whose deliveries it lists, seconds since 1970
  std::string end_text;             // as it is signed
  std::string fingerprint;          // of the key that signed it
  std::optional<std::string> previous_signature;
  std::optional<Link> previous;  // nothing: the chain begins here
  std::vector<ListedFile> files;
};

// Reads the inflated content of a digest file. Fails when a member that the signature or the chain
// needs is absent or of another type.
Result<Digest> parse_digest(std::string_view json);

// The text that is signed. `content` is the inflated file that `digest` was read from.
std::string signed_text(const Digest& digest, std::string_view content);

}  // namespace tocsin::digest
