#include "sigma/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_writer.h"
#include "base/number.h"

namespace tocsin::sigma {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_null_text(std::string_view text) {
  return any_of(text, {"", "~", "null", "Null", "NULL"});
}

bool is_true(std::string_view text) {
  return any_of(text, {"true", "True", "TRUE"});
}

bool is_false(std::string_view text) {
  return any_of(text, {"false", "False", "FALSE"});
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

bool only(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

std::string without_underscores(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c != '_'; });
  return out;
}

struct Radix {
  int base;
  std::string digits;  // without prefix and underscores
};

// [-+]?0b[01_]+ | [-+]?0x[0-9a-fA-F_]+ | [-+]?0[0-7_]+, where the value fits 64 bits; base 0 when
// `text` is none of them.
Radix radix_of(std::string_view text) {
  text = without_sign(text);
  Radix radix{0, {}};
  if (text.size() < 2 || text[0] != '0') return radix;
  if (text[1] == 'b' && only(text.substr(2), "01_")) {
    radix = {2, without_underscores(text.substr(2))};
  } else if (text[1] == 'x' && only(text.substr(2), "0123456789abcdefABCDEF_")) {
    radix = {16, without_underscores(text.substr(2))};
  } else if (only(text.substr(1), "01234567_")) {
    radix = {8, without_underscores(text.substr(1))};
  } else {
    return radix;
  }
  std::uint64_t value = 0;
  const char* end = radix.digits.data() + radix.digits.size();
  const auto read = std::from_chars(radix.digits.data(), end, value, radix.base);
  if (read.ec != std::errc() || read.ptr != end) radix.base = 0;
  return radix;
}

// [-+]?(0|[1-9][0-9_]*)
bool is_decimal_integer(std::string_view text) {
  text = without_sign(text);
  if (text == "0") return true;
  return !text.empty() && text[0] >= '1' && text[0] <= '9' && only(text, "0123456789_");
}

// [-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)? | \.[0-9][0-9_]*([eE][-+][0-9]+)?
bool is_float(std::string_view text) {
  const bool bare_point = text.starts_with('.');
  text = without_sign(text);
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return false;
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction = text.substr(point + 1);
  if (const std::size_t e = fraction.find_first_of("eE"); e != std::string_view::npos) {
    const std::string_view exponent = fraction.substr(e + 1);
    if (exponent.size() < 2 || (exponent[0] != '-' && exponent[0] != '+')) return false;
    if (!only(exponent.substr(1), kDigits)) return false;
    fraction = fraction.substr(0, e);
  }
  const auto starts_with_digit = [](std::string_view part) {
    return !part.empty() && kDigits.find(part[0]) != std::string_view::npos;
  };
  if (!fraction.empty() && !only(fraction, "0123456789_")) return false;
  if (whole.empty()) return bare_point && starts_with_digit(fraction);
  return starts_with_digit(whole) && only(whole, "0123456789_");
}

std::string canonical_integer(std::string_view text) {
  const Radix radix = radix_of(text);
  if (radix.base == 0) return canonical_number(without_underscores(text));
  std::uint64_t value = 0;
  std::from_chars(radix.digits.data(), radix.digits.data() + radix.digits.size(), value,
                  radix.base);
  return (text[0] == '-' && value != 0 ? "-" : "") + std::to_string(value);
}

std::string canonical_float(std::string_view text) {
  std::string number = without_underscores(text);
  const std::size_t digits = number[0] == '-' || number[0] == '+' ? 1 : 0;
  if (number[digits] == '.') number.insert(digits, 1, '0');
  const std::size_t after_point = number.find('.') + 1;
  if (after_point == number.size() || kDigits.find(number[after_point]) == std::string::npos) {
    number.insert(after_point, 1, '0');
  }
  return canonical_number(number);
}

}  // namespace

bool is_old_boolean(const YamlScalar& scalar) {
  return scalar.style == YamlScalar::Style::plain &&
         any_of(scalar.text,
                {"yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"});
}

ScalarType type_of(const YamlScalar& scalar) {
  if (scalar.style != YamlScalar::Style::plain) return ScalarType::text;
  const std::string_view text = scalar.text;
  if (is_null_text(text)) return ScalarType::null;
  const char first = text[0];
  if (kDigits.find(first) != std::string_view::npos || first == '-' || first == '+' ||
      first == '.') {
    if (is_decimal_integer(text) || radix_of(text).base != 0) return ScalarType::integer;
    if (is_float(text)) return ScalarType::floating;
    return ScalarType::text;
  }
  return is_true(text) || is_false(text) ? ScalarType::boolean : ScalarType::text;
}

std::string canonical_text(const YamlScalar& scalar, ScalarType type) {
  switch (type) {
    case ScalarType::null:
      return {};
    case ScalarType::boolean:
      return is_true(scalar.text) ? "true" : "false";
    case ScalarType::integer:
      return canonical_integer(scalar.text);
    case ScalarType::floating:
      return canonical_float(scalar.text);
    case ScalarType::text:
      break;
  }
  return scalar.text;
}

void write_json(const YamlNode& node, JsonWriter& out) {
  switch (node.kind) {
    case YamlNode::Kind::sequence:
      out.begin_array();
      for (const YamlNode& item : node.items) write_json(item, out);
      out.end_array();
      return;
    case YamlNode::Kind::map:
      out.begin_object();
      for (const YamlEntry& entry : node.entries) {
        out.key(entry.key.text);
        write_json(entry.value, out);
      }
      out.end_object();
      return;
    case YamlNode::Kind::scalar:
      break;
  }
  const ScalarType type = type_of(node.scalar);
  const std::string text = canonical_text(node.scalar, type);
  switch (type) {
    case ScalarType::null:
      out.null();
      break;
    case ScalarType::boolean:
      out.boolean(text == "true");
      break;
    case ScalarType::integer:
    case ScalarType::floating:
      out.raw(text);
      break;
    case ScalarType::text:
      out.string(text);
      break;
  }
}

std::string to_json(const YamlNode& node) {
  std::string json;
  JsonWriter writer(json);
  write_json(node, writer);
  return json;
}

Span YamlScalar::within(std::size_t offset, std::size_t length) const {
  const std::size_t quotes = style == Style::quoted ? 1 : 0;
  if (style == Style::block || at.length != text.size() + 2 * quotes) return at;
  return {at.line, static_cast<std::uint32_t>(at.column + quotes + offset),
          static_cast<std::uint32_t>(length)};
}

bool YamlNode::is_null() const {
  return is_scalar() && type_of(scalar) == ScalarType::null;
}

bool YamlNode::is_text() const {
  return is_scalar() && type_of(scalar) == ScalarType::text;
}

const YamlEntry* YamlNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const YamlEntry& entry) { return entry.key.text == key; });
  return found == entries.end() ? nullptr : &*found;
}

bool operator==(const YamlNode& a, const YamlNode& b) {
  if (a.kind != b.kind) return false;
  const auto same_entry = [](const YamlEntry& x, const YamlEntry& y) {
    return x.key.text == y.key.text && x.value == y.value;
  };
  switch (a.kind) {
    case YamlNode::Kind::sequence:
      return a.items == b.items;
    case YamlNode::Kind::map:
      return std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                        same_entry);
    case YamlNode::Kind::scalar:
      break;
  }
  return a.scalar.text == b.scalar.text && type_of(a.scalar) == type_of(b.scalar);
}

}  // namespace tocsin::sigma
