#include "base/time.h"

#include <array>
#include <catch2/catch.hpp>
#include <ctime>
#include <string>

namespace tocsin {
namespace {

TEST_CASE("times are read and brought to UTC") {
  struct Case {
    const char* text;
    const char* utc;  // nullptr: not a time
  };
  const Case kCases[] = {
      {"2024-01-31T12:00:00Z", "2024-01-31T12:00:00Z"},
      {"2024-01-31t12:00:00z", "2024-01-31T12:00:00Z"},
      {"2024-01-31 12:00:00", "2024-01-31T12:00:00Z"},
      {"2024-01-31T12:00Z", "2024-01-31T12:00:00Z"},
      {"20240131T120000Z", "2024-01-31T12:00:00Z"},
      {"20240131T1200", "2024-01-31T12:00:00Z"},
      {"2024-01-31T12:00:00.123456789Z", "2024-01-31T12:00:00Z"},
      {"2024-01-31T12:00:00,5Z", "2024-01-31T12:00:00Z"},
      {"2024-01-31T12:00:00.12345678901234567890Z", "2024-01-31T12:00:00Z"},
      {"2024-01-01T00:30:00+02:00", "2023-12-31T22:30:00Z"},
      {"2024-02-28T23:30:00-0100", "2024-02-29T00:30:00Z"},
      {"2024-01-31T12:00:00+02", "2024-01-31T10:00:00Z"},
      {"2024-02-29", "2024-02-29T00:00:00Z"},
      {"20240229", "2024-02-29T00:00:00Z"},
      {"2000-02-29", "2000-02-29T00:00:00Z"},
      {"1700000000", "2023-11-14T22:13:20Z"},
      {"1700000000123", "2023-11-14T22:13:20Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
      {"2023-02-29", nullptr},
      {"1900-02-29", nullptr},
      {"2024-13-01", nullptr},
      {"2024-00-10", nullptr},
      {"2024-01-00", nullptr},
      {"2024-04-31", nullptr},
      {"2024-01-31T24:00:00Z", nullptr},
      {"2024-01-31T12:60:00Z", nullptr},
      {"2024-01-31T12:00:61Z", nullptr},
      {"2024-01-31T12:00:00+15:00", nullptr},
      {"2024-01-31T12:00:00+02:60", nullptr},
      {"2024-01-31T12:00:00 Z", nullptr},
      {"2024-01-31T12:00:00Zx", nullptr},
      {"2024-01-31T12:00:00.Z", nullptr},
      {"2024-01-31T12", nullptr},
      {"2024-01-31T", nullptr},
      {"2024-0131", nullptr},
      {"202401-31", nullptr},
      {"2024-1-1", nullptr},
      {"2024", nullptr},
      {"", nullptr},
      {"yesterday", nullptr},
      {"17000000001", nullptr},
      {" 2024-01-31", nullptr},
  };
  for (const Case& c : kCases) {
    INFO(c.text);
    const auto time = parse_time(c.text);
    REQUIRE(time.has_value() == (c.utc != nullptr));
    if (time) CHECK(format_time(time->unix_seconds()) == c.utc);
  }
  CHECK(parse_time("2024-01-31T12:00:00.5Z")->nanosecond == 500'000'000);
  CHECK(parse_time("2024-01-31T12:00:00.000000001+01:00")->nanosecond == 1);
  CHECK(parse_time("1700000000123")->nanosecond == 123'000'000);
}

TEST_CASE("every day of 400 years agrees with the C library") {
  constexpr std::int64_t kDay = 86'400;
  for (std::int64_t day = -365 * 220; day < 365 * 220; ++day) {
    const std::int64_t seconds = day * kDay + (day & 0xFFFF);
    const std::time_t as_time = seconds;
    std::tm tm{};
    gmtime_r(&as_time, &tm);
    const CivilTime time = civil_from_unix(seconds);
    REQUIRE(time.year == tm.tm_year + 1900);
    REQUIRE(time.month == tm.tm_mon + 1);
    REQUIRE(time.day == tm.tm_mday);
    REQUIRE(time.hour == tm.tm_hour);
    REQUIRE(time.minute == tm.tm_min);
    REQUIRE(time.second == tm.tm_sec);
    REQUIRE(time.unix_seconds() == seconds);
    std::array<char, 8> week{};
    std::strftime(week.data(), week.size(), "%V", &tm);
    REQUIRE(time.iso_week() == std::stoi(week.data()));
  }
}

TEST_CASE("times are written with and without milliseconds") {
  CHECK(format_time(0) == "1970-01-01T00:00:00Z");
  CHECK(format_time(-1) == "1969-12-31T23:59:59Z");
  CHECK(format_time(1700000000, 7) == "2023-11-14T22:13:20.007Z");
  CHECK(format_time(1700000000, 0) == "2023-11-14T22:13:20.000Z");
}

}  // namespace
}  // namespace tocsin
