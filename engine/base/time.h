// Civil time: the timestamps that events and rules carry. No time zone database; an offset in the
// text is applied, none means UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// In nanoseconds.
inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMillisecond = 1'000'000;

struct CivilTime {
  int year = 1970, month = 1, day = 1;
  int hour = 0, minute = 0, second = 0;
  int nanosecond = 0;

  // ISO 8601 week number (1–53).
  int iso_week() const;
  // Seconds since 1970-01-01T00:00:00Z.
  std::int64_t unix_seconds() const;
};

// RFC 3339 and ISO 8601 basic forms ("2024-01-31T12:00:00.5Z", "20131102T010628Z", a space for the
// T, offsets "+02:00"), a date alone, or a Unix time of 10 digits (seconds) or 13 (milliseconds).
// The result is in UTC. nullopt for anything else and for impossible dates.
std::optional<CivilTime> parse_time(std::string_view text);

CivilTime civil_from_unix(std::int64_t seconds);
// "2024-01-31T12:00:00Z", with milliseconds when `milliseconds` ≥ 0.
std::string format_time(std::int64_t unix_seconds, int milliseconds = -1);

}  // namespace tocsin
