// Credentials: what requests are signed with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/secret.h"

namespace tocsin::aws {

struct Credentials {
  std::string access_key;
  Secret secret_key;
  Secret session_token;                    // empty: the key is a long-term one
  std::optional<std::int64_t> expires_ms;  // since 1970; nothing: never
  std::string origin;                      // for messages: "the environment"
};

}  // namespace tocsin::aws
