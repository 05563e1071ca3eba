// Numbers as rules and events compare them: by canonical text for equality, by value for order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// The canonical text of a JSON (or YAML) number token: integers without sign of zero or leading
// zeros, integral floats as integers ("1.0", "1e0" → "1"), other floats in the shortest form that
// reads back the same. Integers of any length keep their digits. A token beyond double's range
// stays as it is.
std::string canonical_number(std::string_view token);

// A number that compares exactly: integers up to 64 bits as such, everything else as double.
class Number {
 public:
  // nullopt unless all of `text` is a JSON-style decimal number (an optional sign is allowed).
  static std::optional<Number> parse(std::string_view text);

  // <0, 0, >0 as a is less than, equal to or greater than b.
  static int compare(const Number& a, const Number& b);

 private:
  bool integral_ = false;
  std::int64_t integer_ = 0;
  double value_ = 0;
};

}  // namespace tocsin
