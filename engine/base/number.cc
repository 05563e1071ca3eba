#include "base/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tocsin {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// sign? digits (. digits)? ([eE] sign? digits)?
bool is_decimal(std::string_view text) {
  const auto digits = [&] {
    const std::size_t end = text.find_first_not_of("0123456789");
    const std::size_t count = end == std::string_view::npos ? text.size() : end;
    text.remove_prefix(count);
    return count > 0;
  };
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (!digits()) return false;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    if (!digits()) return false;
  }
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    if (!digits()) return false;
  }
  return text.empty();
}

// The power of ten of the first digit that is not zero. Precondition: is_decimal(text), and there
// is such a digit.
std::int64_t decimal_magnitude(std::string_view text) {
  constexpr std::int64_t kBeyondAnyDouble = 1'000'000;
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, e);
  const auto point = static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto first = static_cast<std::int64_t>(mantissa.find_first_of("123456789"));
  std::int64_t exponent = 0;
  if (e < text.size()) {
    std::string_view digits = text.substr(e + 1);
    const bool negative = digits[0] == '-';
    if (negative || digits[0] == '+') digits.remove_prefix(1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (read.ec != std::errc() || exponent > kBeyondAnyDouble) exponent = kBeyondAnyDouble;
    if (negative) exponent = -exponent;
  }
  return (first < point ? point - first - 1 : point - first) + exponent;
}

}  // namespace

std::string canonical_number(std::string_view token) {
  std::string_view digits = token;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  if (all_digits(digits)) {
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string_view::npos) return "0";
    return (negative ? "-" : "") + std::string(digits.substr(first));
  }
  if (!is_decimal(token)) return std::string(token);
  if (token[0] == '+') token.remove_prefix(1);
  double value = 0;
  const auto parsed = std::from_chars(token.data(), token.data() + token.size(), value);
  if (parsed.ec != std::errc() || !std::isfinite(value)) return std::string(token);

  std::array<char, 64> buffer{};
  const bool integral = std::trunc(value) == value && std::abs(value) <= kExactIntegers;
  const auto written = integral
                           ? std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                           static_cast<std::int64_t>(value))
                           : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), written.ptr);
}

std::optional<Number> Number::parse(std::string_view text) {
  if (text.size() > 512 || !is_decimal(text)) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  Number number;
  const auto as_integer = std::from_chars(text.data(), end, number.integer_);
  if (as_integer.ec == std::errc() && as_integer.ptr == end) {
    number.integral_ = true;
    number.value_ = static_cast<double>(number.integer_);
    return number;
  }
  const auto as_double = std::from_chars(text.data(), end, number.value_);
  if (as_double.ec == std::errc::result_out_of_range) {
    // from_chars leaves the value alone: too small is zero, too large is infinity.
    number.value_ = decimal_magnitude(text) < 0 ? 0.0 : HUGE_VAL;
    if (text[0] == '-') number.value_ = -number.value_;
  }
  return number;
}

int Number::compare(const Number& a, const Number& b) {
  if (a.integral_ && b.integral_) {
    return a.integer_ < b.integer_ ? -1 : a.integer_ > b.integer_ ? 1 : 0;
  }
  return a.value_ < b.value_ ? -1 : a.value_ > b.value_ ? 1 : 0;
}

}  // namespace tocsin
