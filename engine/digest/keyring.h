// KeyRing: public keys by region and fingerprint, fetched once for each stretch of time that is
// asked for. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "digest/archive.h"

namespace tocsin::digest {

class KeyRing {
 public:
  explicit KeyRing(PublicKeys& keys) : keys_(keys) {}

  // The key as DER; nothing when [from, to] has none with the fingerprint.
  Result<std::optional<std::string>> find(const std::string& region, const std::string& fingerprint,
                                          std::int64_t from, std::int64_t to);

 private:
  PublicKeys& keys_;
  std::map<std::pair<std::string, std::string>, std::string> known_;
  std::set<std::tuple<std::string, std::int64_t, std::int64_t>> fetched_;
};

}  // namespace tocsin::digest
