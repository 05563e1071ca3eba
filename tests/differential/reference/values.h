// What single values mean, the long way round: numbers, times, addresses, encodings.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sigma/ast.h"

namespace tocsin::reference {

// base/number.h: canonical_number.
std::string canonical(std::string_view number);

// <0, 0, >0; nullopt when one of them is not a decimal number.
std::optional<int> compare_numbers(std::string_view a, std::string_view b);

// The part of a time that `modifier` (minute … year) names; nullopt when `text` is no time.
std::optional<std::int64_t> time_part(std::string_view text, sigma::Modifier modifier);

// Is `address` in `network`? False when it is no address.
bool in_network(std::string_view address, std::string_view network);
bool is_address(std::string_view text);

std::string base64(std::string_view bytes);

// `code_points` in UTF-16, one char32_t for each byte.
std::u32string utf16_bytes(std::u32string_view code_points, sigma::Modifier form);

std::u32string fold(std::u32string_view code_points);

}  // namespace tocsin::reference
