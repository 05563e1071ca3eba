#include "net/egress.h"

#include <algorithm>

namespace tocsin::net {
namespace {

// IPv6 is refused by default: only what is assigned as global unicast can be a receiver. What is in
// there for other purposes is listed below.
constexpr const char* kGlobalUnicast = "2000::/3";
// NAT64 (RFC 6052): an IPv4 address in the last four bytes, which is judged in its place. Networks
// without IPv4 reach all IPv4 servers this way.
constexpr const char* kNat64 = "64:ff9b::/96";

constexpr const char* kRefused[] = {
    "0.0.0.0/8",        // this network
    "10.0.0.0/8",       // private
    "100.64.0.0/10",    // shared, behind carrier-grade NAT; Alibaba's metadata service
    "127.0.0.0/8",      // loopback
    "169.254.0.0/16",   // link-local; metadata services
    "172.16.0.0/12",    // private
    "192.0.0.0/24",     // protocol assignments; Oracle's metadata service
    "192.0.2.0/24",     // documentation
    "192.88.99.0/24",   // 6to4 relays
    "192.168.0.0/16",   // private
    "198.18.0.0/15",    // benchmarks
    "198.51.100.0/24",  // documentation
    "203.0.113.0/24",   // documentation
    "224.0.0.0/4",      // multicast
    "240.0.0.0/4",      // reserved, broadcast
    "168.63.129.16",    // Azure's platform service: public by number, local by routing
    "2001::/23",        // protocol assignments: Teredo, ORCHID, benchmarks
    "2001:db8::/32",    // documentation
    "2002::/16",        // 6to4
    "3ffe::/16",        // the returned 6bone
    "3fff::/20",        // documentation
};

IpPrefix network(const char* text) {
  return parse_cidr(text).value_or(IpPrefix{});
}

bool is_ipv4(const IpPrefix& address) {
  static const IpPrefix kMapped = [] {
    IpPrefix mapped;
    mapped.bytes[10] = mapped.bytes[11] = 0xFF;
    mapped.length = 96;
    return mapped;
  }();
  return contains(kMapped, address);
}

IpPrefix embedded_ipv4(const IpPrefix& address) {
  IpPrefix ipv4;
  ipv4.bytes[10] = ipv4.bytes[11] = 0xFF;
  std::copy_n(address.bytes.begin() + 12, 4, ipv4.bytes.begin() + 12);
  return ipv4;
}

bool is_public(const IpPrefix& address) {
  static const std::vector<IpPrefix> kNetworks = [] {
    std::vector<IpPrefix> networks;
    for (const char* text : kRefused) networks.push_back(network(text));
    return networks;
  }();
  static const IpPrefix kUnicast = network(kGlobalUnicast), kTranslated = network(kNat64);

  if (!is_ipv4(address)) {
    if (contains(kTranslated, address)) return is_public(embedded_ipv4(address));
    if (!contains(kUnicast, address)) return false;
  }
  return std::none_of(kNetworks.begin(), kNetworks.end(),
                      [&](const IpPrefix& refused) { return contains(refused, address); });
}

}  // namespace

bool may_connect(const EgressPolicy& policy, const IpPrefix& address) {
  const auto contains_address = [&](const IpPrefix& allowed) { return contains(allowed, address); };
  return std::any_of(policy.allowed.begin(), policy.allowed.end(), contains_address) ||
         is_public(address);
}

}  // namespace tocsin::net
