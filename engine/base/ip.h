// IP addresses and networks. IPv4 is kept as IPv4-mapped IPv6 (::ffff:0:0/96), so that both
// compare alike and ::ffff:10.0.0.1 is 10.0.0.1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin {

struct IpPrefix {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t length = 128;  // in bits of the 16 bytes: 10.0.0.0/8 has 104

  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

// An address, as a prefix of its full length. Dotted IPv4 without leading zeros, or RFC 4291 IPv6
// without a zone. Nothing else: no brackets, ports, spaces or shortened IPv4.
std::optional<IpPrefix> parse_ip(std::string_view text);

// "address/length" or a single address. Bits after the prefix must be zero; the error then names
// the network that was probably meant.
Result<IpPrefix> parse_cidr(std::string_view text);

// The network that `text` names once the bits after its prefix are cleared, as text; nullopt when
// `text` is not an address with a length.
std::optional<std::string> corrected_cidr(std::string_view text);

// An IPv6 network that is larger than the IPv4-mapped range does not contain IPv4 addresses:
// `::/0` is every IPv6 address and no other.
bool contains(const IpPrefix& network, const IpPrefix& address);

// "10.0.0.0/8", "2001:db8::/32"; a full-length prefix is written as an address.
std::string to_string(const IpPrefix& prefix);

}  // namespace tocsin
