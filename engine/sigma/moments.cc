#include "sigma/moments.h"

#include <fmt/format.h>

#include <charconv>

#include "base/time.h"

namespace tocsin::sigma {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// A name stands before those that it begins with.
constexpr Unit kUnits[] = {{"ns", 1},           {"ms", kMillisecond},   {"s", kSecond},
                           {"m", 60 * kSecond}, {"h", 3'600 * kSecond}, {"d", 86'400 * kSecond}};

const Unit* unit_at(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) return &unit;
  }
  return nullptr;
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    if (text[0] < '0' || text[0] > '9') return std::nullopt;
    std::int64_t count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    if (read.ec != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    const Unit* unit = unit_at(text);
    if (unit == nullptr || count > (kLatestMoment - total) / unit->nanoseconds) return std::nullopt;
    total += count * unit->nanoseconds;
    text.remove_prefix(unit->name.size());
  }
  return total;
}

std::optional<std::int64_t> parse_offset(std::string_view text) {
  if (!text.starts_with('+')) return std::nullopt;
  return parse_duration(text.substr(1));
}

std::string format_moment(std::int64_t nanoseconds) {
  std::string text = format_time(nanoseconds / kSecond);
  const std::int64_t fraction = nanoseconds % kSecond;
  if (fraction == 0) return text;
  std::string digits = fmt::format(".{:09}", fraction);
  digits.erase(digits.find_last_not_of('0') + 1);
  return text.insert(text.size() - 1, digits);
}

}  // namespace tocsin::sigma
