// Moments and durations of rule tests, to the nanosecond.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::sigma {

// Times that events may have: 1970 to 2200.
inline constexpr std::int64_t kLatestMoment = 7'258'118'400'000'000'000;

// "1h30m": whole numbers with ns, ms, s, m, h or d, added up, at most kLatestMoment.
std::optional<std::int64_t> parse_duration(std::string_view text);
// A duration behind a plus sign: "+1h30m".
std::optional<std::int64_t> parse_offset(std::string_view text);

// RFC 3339 in UTC with as many digits of the second as there are.
std::string format_moment(std::int64_t nanoseconds);

}  // namespace tocsin::sigma
