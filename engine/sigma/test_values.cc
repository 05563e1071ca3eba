#include "sigma/test_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "base/text.h"
#include "base/time.h"
#include "sigma/moments.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::sigma {

std::string_view text_of(const YamlEntry& entry) {
  return entry.value.is_scalar() ? std::string_view(entry.value.scalar.text) : std::string_view();
}

std::uint64_t read_count(const YamlEntry& entry, std::uint64_t least, std::uint64_t most,
                         Reporter& report) {
  std::uint64_t count = 0;
  if (entry.value.is_scalar() && type_of(entry.value.scalar) == ScalarType::integer) {
    const std::string text = canonical_text(entry.value.scalar, ScalarType::integer);
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    if (whole && count >= least && count <= most) return count;
  }
  report.error(
      "S103", entry.value.at(),
      most == std::numeric_limits<std::uint64_t>::max()
          ? fmt::format("`{}` must be a whole number, {} or more", entry.key.text, least)
          : fmt::format("`{}` must be a whole number from {} to {}", entry.key.text, least, most));
  return least;
}

std::int64_t read_moment(const YamlEntry& entry, std::int64_t start, Reporter& report) {
  const auto offset = parse_offset(text_of(entry));
  if (!offset) {
    report.error("S507", entry.value.at(),
                 fmt::format("`{}` is an offset from the start: a plus and whole numbers with ns, "
                             "ms, s, m, h or d, for example +1h30m",
                             entry.key.text));
    return start;
  }
  if (*offset > kLatestMoment - start) {
    report.error("S507", entry.value.at(), "this is after the year 2200; events end before it");
    return start;
  }
  return start + *offset;
}

std::optional<std::int64_t> read_duration(const YamlEntry& entry, Reporter& report) {
  const auto duration = parse_duration(text_of(entry));
  if (!duration) {
    report.error("S507", entry.value.at(),
                 fmt::format("`{}` is a duration: whole numbers with ns, ms, s, m, h or d, for "
                             "example 15m",
                             entry.key.text));
  }
  return duration;
}

void check_test_keys(const YamlNode& map, const std::vector<std::string_view>& known,
                     std::string_view what, Reporter& report) {
  for (const YamlEntry& entry : map.entries) {
    if (std::find(known.begin(), known.end(), entry.key.text) != known.end()) continue;
    report.error("S502", entry.key.at,
                 fmt::format("`{}` is not a key of {}", text::printable(entry.key.text), what),
                 std::string(text::nearest(entry.key.text, known)));
  }
}

std::int64_t read_start(const YamlEntry& entry, Reporter& report) {
  const auto time = parse_time(text_of(entry));
  const std::int64_t seconds = time ? time->unix_seconds() : -1;
  if (seconds < 0 || seconds >= kLatestMoment / kSecond) {
    report.error("S507", entry.value.at(),
                 "`start` is a time from 1970 to 2199, for example 2026-01-05T08:00:00Z");
    return kDefaultStart;
  }
  return seconds * kSecond + time->nanosecond;
}

}  // namespace tocsin::sigma
