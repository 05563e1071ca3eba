#include "base/time.h"

#include <fmt/format.h>

namespace tocsin {
namespace {

// Days since 1970-01-01 of a proleptic Gregorian date, and back. Era arithmetic: a year that
// starts in March makes the leap day the last day, and 400 years have 146,097 days.
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Reads fixed-width numbers and single characters from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool digits(std::size_t count, int& value) {
    if (text_.size() < count) return false;
    int result = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      result = result * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    value = result;
    return true;
  }
  bool accept(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_[0]) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  char peek() const { return text_.empty() ? '\0' : text_[0]; }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

bool is_valid(const CivilTime& t) {
  return t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= days_in_month(t.year, t.month) &&
         t.hour <= 23 && t.minute <= 59 && t.second <= 60;
}

// "Z", "+hh:mm", "+hhmm", "+hh" or nothing; the offset in seconds.
bool scan_offset(Scanner& in, int& seconds) {
  seconds = 0;
  if (in.done() || (in.accept("Zz") && in.done())) return true;
  const bool west = in.peek() == '-';
  int hours = 0, minutes = 0;
  if (!in.accept("+-") || !in.digits(2, hours)) return false;
  if (!in.done()) {
    in.accept(":");
    if (!in.digits(2, minutes)) return false;
  }
  seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
  return in.done() && hours <= 14 && minutes <= 59;
}

bool scan_clock(Scanner& in, CivilTime& t) {
  if (!in.digits(2, t.hour)) return false;
  const bool extended = in.accept(":");
  if (!in.digits(2, t.minute)) return false;
  if (extended ? in.accept(":") : (in.peek() >= '0' && in.peek() <= '9')) {
    if (!in.digits(2, t.second)) return false;
    if (in.accept(".,")) {
      int digit = 0, scale = 100'000'000;
      if (!in.digits(1, digit)) return false;
      do {
        t.nanosecond += digit * scale;
        scale /= 10;
      } while (in.digits(1, digit));
    }
  }
  return true;
}

std::optional<CivilTime> parse_unix(std::string_view text) {
  std::int64_t value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  const bool milliseconds = text.size() == 13;
  CivilTime t = civil_from_unix(milliseconds ? value / 1000 : value);
  if (milliseconds) t.nanosecond = static_cast<int>(value % 1000) * 1'000'000;
  return t;
}

}  // namespace

int CivilTime::iso_week() const {
  // The ISO week belongs to the year that contains its Thursday.
  const std::int64_t days = days_from_civil(year, month, day);
  const std::int64_t weekday = ((days + 3) % 7 + 7) % 7;  // 0 = Monday
  const CivilTime thursday = civil_from_unix((days - weekday + 3) * 86'400);
  const std::int64_t first = days_from_civil(thursday.year, 1, 1);
  return static_cast<int>((days - weekday + 3 - first) / 7 + 1);
}

std::int64_t CivilTime::unix_seconds() const {
  return days_from_civil(year, month, day) * 86'400 + hour * 3600LL + minute * 60LL + second;
}

std::optional<CivilTime> parse_time(std::string_view text) {
  if ((text.size() == 10 || text.size() == 13) &&
      text.find_first_not_of("0123456789") == std::string_view::npos) {
    return parse_unix(text);
  }
  Scanner in(text);
  CivilTime t;
  if (!in.digits(4, t.year)) return std::nullopt;
  const bool extended = in.accept("-");
  if (!in.digits(2, t.month) || (extended && !in.accept("-")) || !in.digits(2, t.day)) {
    return std::nullopt;
  }
  if (in.done()) return is_valid(t) ? std::optional(t) : std::nullopt;
  int offset = 0;
  if (!in.accept("Tt ") || !scan_clock(in, t) || !scan_offset(in, offset) || !is_valid(t)) {
    return std::nullopt;
  }
  if (offset == 0) return t;
  CivilTime utc = civil_from_unix(t.unix_seconds() - offset);
  utc.nanosecond = t.nanosecond;
  return utc;
}

CivilTime civil_from_unix(std::int64_t seconds) {
  std::int64_t days = seconds / 86'400;
  std::int64_t rest = seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  CivilTime t;
  t.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  t.month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  t.year = static_cast<int>(year_of_era + era * 400 + (t.month <= 2 ? 1 : 0));
  t.hour = static_cast<int>(rest / 3600);
  t.minute = static_cast<int>(rest / 60 % 60);
  t.second = static_cast<int>(rest % 60);
  return t;
}

std::string format_time(std::int64_t unix_seconds, int milliseconds) {
  const CivilTime t = civil_from_unix(unix_seconds);
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year, t.month, t.day,
                                t.hour, t.minute, t.second);
  if (milliseconds >= 0) out += fmt::format(".{:03}", milliseconds);
  return out + "Z";
}

}  // namespace tocsin
