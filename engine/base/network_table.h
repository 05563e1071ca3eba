// NetworkTable: which of many networks an address lies in. One look-up for each length of prefix
// among them, however many networks there are.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/string_table.h"

namespace tocsin {

class NetworkTable {
 public:
  // The number of `network`: 0, 1, 2, … in the order of first insertion.
  std::uint32_t insert(const IpPrefix& network);

  bool empty() const { return networks_.empty(); }
  const std::vector<IpPrefix>& networks() const { return networks_; }

  // Calls visit(number) for every network that contains `address`, as contains() in base/ip.h has
  // it, until it returns true; returns whether it did.
  template <class Visit>
  bool find(const IpPrefix& address, Visit visit) const {
    IpPrefix network = address;
    for (const std::uint8_t length : lengths_) {
      if (length > address.length) continue;
      cut(network, length);
      const std::uint32_t number = keys_.find(key_of(network));
      if (number != StringTable::kMissing && tocsin::contains(networks_[number], address) &&
          visit(number)) {
        return true;
      }
    }
    return false;
  }

 private:
  // Shortens the prefix and clears the bits behind it.
  static void cut(IpPrefix& prefix, std::uint8_t length);
  static std::string_view key_of(const IpPrefix& prefix) {
    return {reinterpret_cast<const char*>(&prefix), sizeof prefix};
  }
  static_assert(sizeof(IpPrefix) == 17);  // no padding: its bytes are its value

  StringTable keys_;
  std::vector<IpPrefix> networks_;
  std::vector<std::uint8_t> lengths_;  // longest first
};

}  // namespace tocsin
