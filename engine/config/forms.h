// Forms: how quantities are written. Strict: nothing around them, no fractions, no guessing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::config {

inline constexpr std::string_view kDurationForms =
    "a whole number and a unit: 250ms, 30s, 5m, 12h or 3d";
inline constexpr std::string_view kByteForms =
    "a whole number and a unit: 512B, 64KiB, 10MiB, 1GiB (or kB, MB, GB)";

// In milliseconds; "0" needs no unit.
std::optional<std::int64_t> parse_duration(std::string_view text);
// A number without a unit is bytes.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// In the same forms, with the largest unit that fits.
std::string show_duration(std::int64_t milliseconds);
std::string show_bytes(std::uint64_t bytes);

}  // namespace tocsin::config
