// The formats of single attributes: ids, dates, time spans.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::sigma {

bool is_uuid(std::string_view text);

// ISO: YYYY-MM-DD, with or without a time. Other: YYYY/M/D, which older rules have.
enum class DateShape : std::uint8_t { iso, other, invalid };
DateShape shape_of_date(std::string_view text);

// Seconds of "15m": a whole number, not 0, and one of s, m, h, d of the specification or w, M, y,
// which are common in real rules (a month and a year are those of the Gregorian calendar on
// average). nullopt for anything else, and for more than 2^32 seconds.
std::optional<std::uint64_t> parse_timespan_text(std::string_view text);

}  // namespace tocsin::sigma
