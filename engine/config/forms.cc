#include "config/forms.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <span>

namespace tocsin::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr Unit kDurations[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1},
};
constexpr std::uint64_t kBinary = 1024, kDecimal = 1000;
constexpr Unit kSizes[] = {
    {"TiB", kBinary* kBinary* kBinary* kBinary},
    {"GiB", kBinary* kBinary* kBinary},
    {"MiB", kBinary* kBinary},
    {"KiB", kBinary},
    {"TB", kDecimal* kDecimal* kDecimal* kDecimal},
    {"GB", kDecimal* kDecimal* kDecimal},
    {"MB", kDecimal* kDecimal},
    {"kB", kDecimal},
    {"B", 1},
};

// Digits and a unit; `bare`: what a number without one is counted in, 0: none may be missing.
std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                                   std::uint64_t bare) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || rest == text.data()) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  std::uint64_t size = name.empty() ? bare : 0;
  for (const Unit& unit : units) {
    if (unit.name == name) size = unit.size;
  }
  if (name.empty() && number == 0) return 0;
  if (size == 0 || number > std::numeric_limits<std::uint64_t>::max() / size) return std::nullopt;
  return number * size;
}

std::string show(std::uint64_t number, std::span<const Unit> units) {
  if (number == 0) return "0";
  for (const Unit& unit : units) {
    if (number % unit.size == 0) return fmt::format("{}{}", number / unit.size, unit.name);
  }
  return fmt::format("{}", number);
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  const std::optional<std::uint64_t> found = parse(text, kDurations, 0);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!found || *found > kMost) return std::nullopt;
  return static_cast<std::int64_t>(*found);
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  return parse(text, kSizes, 1);
}

std::string show_duration(std::int64_t milliseconds) {
  return show(static_cast<std::uint64_t>(milliseconds), kDurations);
}

std::string show_bytes(std::uint64_t bytes) {
  return show(bytes, kSizes);
}

}  // namespace tocsin::config
