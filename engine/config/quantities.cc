// Settings that are one of a few words, or a quantity.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "config/forms.h"
#include "config/settings.h"
#include "sigma/yaml_scalar.h"

namespace tocsin::config {
namespace {

constexpr sigma::DiagnosticCode kForm = "C906", kRange = "C907";

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || rest != end) return std::nullopt;
  return value;
}

}  // namespace

std::string Settings::choice(std::string_view key, std::initializer_list<std::string_view> allowed,
                             std::string_view otherwise) {
  const std::optional<PlacedText> found = scalar(key);
  if (!found) return std::string(otherwise);
  const std::vector<std::string_view> names(allowed);
  if (std::find(names.begin(), names.end(), found->text) != names.end()) return found->text;
  report(Severity::error, "C905", found->at,
         fmt::format("{} is one of {}; it cannot be `{}`", name_of(key), fmt::join(names, ", "),
                     find(key)->scalar.text),
         std::string(text::nearest(found->text, names)));
  return std::string(otherwise);
}

bool Settings::boolean(std::string_view key, bool otherwise) {
  const std::optional<PlacedText> found = scalar(key);
  if (!found) return otherwise;
  // Quotes do not matter here: a variable often cannot be written without them.
  sigma::YamlScalar plain;
  plain.text = found->text;
  if (sigma::type_of(plain) == sigma::ScalarType::boolean) {
    return sigma::canonical_text(plain, sigma::ScalarType::boolean) == "true";
  }
  report(Severity::error, kForm, found->at,
         fmt::format("{} is true or false, not `{}`", name_of(key), find(key)->scalar.text));
  return otherwise;
}

std::int64_t Settings::integer(std::string_view key, std::int64_t otherwise, std::int64_t least,
                               std::int64_t most) {
  const std::optional<PlacedText> found = scalar(key);
  if (!found) return otherwise;
  const auto value = parse_number<std::int64_t>(found->text);
  if (value && *value >= least && *value <= most) return *value;
  const bool open = most == std::numeric_limits<std::int64_t>::max();
  report(Severity::error, value ? kRange : kForm, found->at,
         fmt::format("{} is a whole number {}, not `{}`", name_of(key),
                     open ? fmt::format("of at least {}", least)
                          : fmt::format("from {} to {}", least, most),
                     find(key)->scalar.text));
  return otherwise;
}

double Settings::number(std::string_view key, double otherwise, double least, double most) {
  const std::optional<PlacedText> found = scalar(key);
  if (!found) return otherwise;
  std::optional<double> value = parse_number<double>(found->text);
  if (value && !std::isfinite(*value)) value.reset();
  if (value && *value >= least && *value <= most) return *value;
  report(Severity::error, value ? kRange : kForm, found->at,
         fmt::format("{} is a number from {} to {}, not `{}`", name_of(key), least, most,
                     find(key)->scalar.text));
  return otherwise;
}

std::int64_t Settings::duration_ms(std::string_view key, std::int64_t otherwise, std::int64_t least,
                                   std::int64_t most) {
  const std::optional<PlacedText> found = scalar(key);
  if (!found) return otherwise;
  const std::optional<std::int64_t> value = parse_duration(found->text);
  if (!value) {
    report(Severity::error, kForm, found->at,
           fmt::format("{} is a duration, {}; not `{}`", name_of(key), kDurationForms,
                       find(key)->scalar.text));
    return otherwise;
  }
  if (*value >= least && *value <= most) return *value;
  report(Severity::error, kRange, found->at,
         fmt::format("{} is a duration from {} to {}, not `{}`", name_of(key), show_duration(least),
                     show_duration(most), find(key)->scalar.text));
  return otherwise;
}

std::uint64_t Settings::bytes(std::string_view key, std::uint64_t otherwise, std::uint64_t least,
                              std::uint64_t most) {
  const std::optional<PlacedText> found = scalar(key);
  if (!found) return otherwise;
  const std::optional<std::uint64_t> value = parse_bytes(found->text);
  if (!value) {
    report(Severity::error, kForm, found->at,
           fmt::format("{} is a number of bytes, {}; not `{}`", name_of(key), kByteForms,
                       find(key)->scalar.text));
    return otherwise;
  }
  if (*value >= least && *value <= most) return *value;
  report(Severity::error, kRange, found->at,
         fmt::format("{} is a size from {} to {}, not `{}`", name_of(key), show_bytes(least),
                     show_bytes(most), find(key)->scalar.text));
  return otherwise;
}

}  // namespace tocsin::config
