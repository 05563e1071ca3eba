// Values of test files, read with an error at their place.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sigma/reporter.h"
#include "sigma/yaml_node.h"

namespace tocsin::sigma {

// Nanoseconds since 1970.
inline constexpr std::int64_t kDefaultStart = 1'767'225'600'000'000'000;  // 2026-01-01T00:00:00Z

// The text of a plain value, "" of anything else.
std::string_view text_of(const YamlEntry& entry);

// A whole number from `least` to `most`; `least` after an error.
std::uint64_t read_count(const YamlEntry& entry, std::uint64_t least, std::uint64_t most,
                         Reporter& report);
// The moment of an offset from `start`, such as +1h30m; `start` itself after an error.
std::int64_t read_moment(const YamlEntry& entry, std::int64_t start, Reporter& report);
// Nanoseconds of a duration such as 15m.
std::optional<std::int64_t> read_duration(const YamlEntry& entry, Reporter& report);
// A date, with or without a time; kDefaultStart after an error.
std::int64_t read_start(const YamlEntry& entry, Reporter& report);

// Reports the keys that are not `known`; `what` has the others, for example "test files".
void check_test_keys(const YamlNode& map, const std::vector<std::string_view>& known,
                     std::string_view what, Reporter& report);

}  // namespace tocsin::sigma
