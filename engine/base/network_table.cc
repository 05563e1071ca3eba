#include "base/network_table.h"

#include <algorithm>
#include <functional>

namespace tocsin {

std::uint32_t NetworkTable::insert(const IpPrefix& network) {
  IpPrefix key = network;
  cut(key, network.length);
  const std::uint32_t number = keys_.insert(key_of(key));
  if (number < networks_.size()) return number;
  networks_.push_back(key);
  const auto at = std::lower_bound(lengths_.begin(), lengths_.end(), key.length, std::greater<>());
  if (at == lengths_.end() || *at != key.length) lengths_.insert(at, key.length);
  return number;
}

void NetworkTable::cut(IpPrefix& prefix, std::uint8_t length) {
  const std::size_t whole = length / 8;
  if (whole < prefix.bytes.size()) {
    const auto kept = static_cast<std::uint8_t>(0xFF00u >> (length % 8));
    prefix.bytes[whole] &= kept;
    std::fill(prefix.bytes.begin() + static_cast<std::ptrdiff_t>(whole) + 1, prefix.bytes.end(),
              std::uint8_t{0});
  }
  prefix.length = length;
}

}  // namespace tocsin
