#include "digest/keyring.h"

namespace tocsin::digest {

Result<std::optional<std::string>> KeyRing::find(const std::string& region,
                                                 const std::string& fingerprint, std::int64_t from,
                                                 std::int64_t to) {
  const std::pair name(region, fingerprint);
  if (!known_.contains(name) && !fetched_.contains({region, from, to})) {
    const auto keys = keys_.list(region, from, to);
    if (!keys) return tl::unexpected(keys.error());
    fetched_.emplace(region, from, to);
    for (const aws::PublicKey& key : *keys) known_[{region, key.fingerprint}] = key.der;
  }
  const auto found = known_.find(name);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

}  // namespace tocsin::digest
