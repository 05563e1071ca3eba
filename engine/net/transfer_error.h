// What went wrong with a request, in words: without the URL, headers, or the library's own texts,
// which contain both.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ip.h"
#include "base/result.h"

namespace tocsin::net {

struct TransferFailure {
  int code = 0;            // CURLcode
  int os_error = 0;        // errno of the last connection, 0: none
  long certificate = 0;    // X509_V_ERR_…, 0: none
  bool connected = false;  // the server (or proxy) was reached, TLS included
  std::int64_t timeout_ms = 0, connect_timeout_ms = 0;
  std::int64_t idle_timeout_ms = 0;  // not 0: it was this one that ended
  std::optional<IpPrefix> refused;   // address that the guard refused, when there was no other
};

Error transfer_error(const TransferFailure& failure);

}  // namespace tocsin::net
