// Egress guard: which addresses outbound connections may go to. It judges the address that is about
// to be connected to, after name resolution, so that no spelling and no DNS answer gets around it.
#pragma once

#include <string_view>
#include <vector>

#include "base/ip.h"

namespace tocsin::net {

struct EgressPolicy {
  // Networks that may be reached although the guard refuses them.
  std::vector<IpPrefix> allowed;
};

// Refused unless allowed: loopback, private (RFC 1918, fc00::/7), link-local and metadata services,
// shared (100.64.0.0/10), unspecified and "this network", multicast, broadcast, reserved and
// documentation ranges, and IPv6 forms that embed such an IPv4 address (mapped, NAT64, 6to4,
// Teredo).
bool may_connect(const EgressPolicy& policy, const IpPrefix& address);

}  // namespace tocsin::net
