#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::event {

// Standard alphabet (RFC 4648 §4), padding optional. Nothing when a character does not belong.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace tocsin::event
