// Standard Webhooks: the headers by which a receiver knows who sent a body, when, and whether it
// has seen it before. https://www.standardwebhooks.com, wire formats B4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace tocsin::notifiers {

// The key in "whsec_…", 24 to 64 bytes of base64. The error does not show it.
Result<Secret> webhook_key(const Secret& text);

// webhook-signature: one "v1,…" for each key, in their order.
std::string webhook_signature(const std::vector<Secret>& keys, std::string_view id,
                              std::int64_t timestamp, std::string_view body);

}  // namespace tocsin::notifiers
