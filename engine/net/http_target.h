// The target of a request: origin form only, decoded strictly (net/http_guard.h has the list).
#pragma once

#include <optional>
#include <string_view>

#include "net/http_server.h"

namespace tocsin::net {

// Sets path and query; what is wrong otherwise.
std::optional<std::string_view> read_target(std::string_view target, HttpHead& head);

}  // namespace tocsin::net
