#include "sigma/formats.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

namespace tocsin::sigma {
namespace {

struct Unit {
  char letter;
  std::uint64_t seconds;
};

constexpr Unit kUnits[] = {{'s', 1},       {'m', 60},        {'h', 3600},      {'d', 86'400},
                           {'w', 604'800}, {'M', 2'629'746}, {'y', 31'556'952}};

}  // namespace

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit =
        std::string_view("0123456789abcdefABCDEF").find(text[i]) != std::string_view::npos;
    if (hyphen ? text[i] != '-' : !digit) return false;
  }
  return true;
}

DateShape shape_of_date(std::string_view text) {
  const char separator = text.size() > 4 ? text[4] : '\0';
  if (separator != '-' && separator != '/') return DateShape::invalid;
  const auto number = [&](std::size_t digits_least, std::size_t digits_most) {
    int value = 0;
    std::size_t i = 0;
    for (; i < digits_most && i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(i);
    return i >= digits_least ? value : -1;
  };
  const std::size_t least = separator == '-' ? 2 : 1;
  const int year = number(4, 4);
  if (!text.empty()) text.remove_prefix(1);
  const int month = number(least, 2);
  if (!text.starts_with(separator)) return DateShape::invalid;
  text.remove_prefix(1);
  const int day = number(least, 2);
  if (year < 1000 || month < 1 || month > 12 || day < 1) return DateShape::invalid;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (day > kDays[month - 1] + (leap && month == 2 ? 1 : 0)) return DateShape::invalid;
  if (separator == '/') return text.empty() ? DateShape::other : DateShape::invalid;
  if (text.empty() || text[0] == 'T' || text[0] == 't' || text[0] == ' ') return DateShape::iso;
  return DateShape::invalid;
}

std::optional<std::uint64_t> parse_timespan_text(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const Unit* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                  [&](const Unit& u) { return u.letter == text.back(); });
  if (unit == std::end(kUnits)) return std::nullopt;
  std::uint64_t count = 0;
  const char* end = text.data() + text.size() - 1;
  const auto read = std::from_chars(text.data(), end, count);
  if (read.ec != std::errc() || read.ptr != end || count == 0) return std::nullopt;
  if (count > std::numeric_limits<std::uint32_t>::max() / unit->seconds) return std::nullopt;
  return count * unit->seconds;
}

}  // namespace tocsin::sigma
