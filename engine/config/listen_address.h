// Listen address: "127.0.0.1:8484", "[::1]:8484", "localhost:8484".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::config {

struct ListenAddress {
  std::string address;  // numeric, without brackets
  std::uint16_t port = 0;
  bool loopback = false;  // only this machine can reach it
};

// Addresses, not names: what a name means can change, and with it who can connect. The exception is
// localhost, which is 127.0.0.1.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace tocsin::config
