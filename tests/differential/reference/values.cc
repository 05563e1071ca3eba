#include "differential/reference/values.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/text.h"

namespace tocsin::reference {
namespace {

using sigma::Modifier;

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

bool fits(std::string_view text, const char* pattern) {
  return re2::RE2::FullMatch(piece(text), pattern);
}

std::string print(const char* format, int precision, double value) {
  std::array<char, 512> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), format, precision, value);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

// The shortest text that reads back as `value`; of two equally short ones the one without exponent.
std::string shortest(double value) {
  int precision = 0;
  while (std::strtod(print("%.*e", precision, value).c_str(), nullptr) != value) ++precision;
  const std::string scientific = print("%.*e", precision, value);
  const int exponent = std::atoi(scientific.substr(scientific.find('e') + 1).c_str());
  const std::string fixed = print("%.*f", std::max(0, precision - exponent), value);
  return fixed.size() <= scientific.size() ? fixed : scientific;
}

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t value = 0;
  if (!fits(text, "[+-]?[0-9]+")) return std::nullopt;
  if (!re2::RE2::FullMatch(piece(text), "\\+?(.*)", &value)) return std::nullopt;  // beyond 64 bits
  return value;
}

template <class T>
int order(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

// Seconds since 1970 in UTC, or nullopt.
std::optional<std::time_t> parse_time(std::string_view text) {
  if (fits(text, "[0-9]{10}")) return std::atoll(std::string(text).c_str());
  if (fits(text, "[0-9]{13}")) return std::atoll(std::string(text).c_str()) / 1000;
  static const re2::RE2 kForm(
      "(\\d{4})(?:-(\\d{2})-(\\d{2})|(\\d{2})(\\d{2}))"  // date
      "(?:[Tt ](\\d{2})(?::(\\d{2})(?::(\\d{2})(?:[.,]\\d+)?)?|(\\d{2})(?:(\\d{2})(?:[.,]\\d+)?)?)"
      "(?:[Zz]|([+-])(\\d{2}):?(\\d{2})?)?)?");
  std::string part[13];
  if (!re2::RE2::FullMatch(piece(text), kForm, &part[0], &part[1], &part[2], &part[3], &part[4],
                           &part[5], &part[6], &part[7], &part[8], &part[9], &part[10], &part[11],
                           &part[12])) {
    return std::nullopt;
  }
  if (text.back() == ':') return std::nullopt;  // an offset of hours and a colon
  const auto number = [&](std::size_t i, std::size_t or_else) {
    return std::atoi((part[i].empty() ? part[or_else] : part[i]).c_str());
  };
  std::tm tm{};
  tm.tm_year = number(0, 0) - 1900;
  tm.tm_mon = number(1, 3) - 1;
  tm.tm_mday = number(2, 4);
  tm.tm_hour = number(5, 5);
  tm.tm_min = number(6, 8);
  tm.tm_sec = number(7, 9);
  const int hours = number(11, 11), minutes = number(12, 12);
  if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 || hours > 14 || minutes > 59) {
    return std::nullopt;
  }
  const std::tm asked = tm;
  std::tm date{};
  date.tm_year = tm.tm_year, date.tm_mon = tm.tm_mon, date.tm_mday = tm.tm_mday;
  const std::time_t day = timegm(&date);  // an impossible date becomes another one
  if (date.tm_mon != asked.tm_mon || date.tm_mday != asked.tm_mday) return std::nullopt;
  const int offset = (hours * 60 + minutes) * 60;
  return day + asked.tm_hour * 3600 + asked.tm_min * 60 + asked.tm_sec -
         (part[10] == "-" ? -offset : offset);
}

// 16 bytes, IPv4 as ::ffff:a.b.c.d.
using Bytes = std::array<unsigned char, 16>;
std::optional<Bytes> address_bytes(const std::string& text) {
  if (text.find('\0') != std::string::npos) return std::nullopt;
  Bytes bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes[10] = bytes[11] = 0xFF;
  if (inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

bool is_mapped(const Bytes& bytes) {
  for (std::size_t i = 0; i < 12; ++i) {
    if (bytes[i] != (i < 10 ? 0 : 0xFF)) return false;
  }
  return true;
}

}  // namespace

std::string canonical(std::string_view number) {
  if (fits(number, "[+-]?[0-9]+")) {
    std::string sign, digits;
    re2::RE2::FullMatch(piece(number), "([+-]?)0*([0-9]+)", &sign, &digits);
    return (sign == "-" && digits != "0" ? "-" : "") + digits;
  }
  const double value = std::strtod(std::string(number).c_str(), nullptr);
  const bool underflow = value == 0 && !fits(number, "[+-]?[0.]*([eE].*)?");
  if (std::isinf(value) || underflow) return std::string(number);
  if (std::fabs(value) <= 9007199254740992.0 && std::floor(value) == value) {
    return std::to_string(static_cast<long long>(value));
  }
  return shortest(value);
}

std::optional<int> compare_numbers(std::string_view a, std::string_view b) {
  constexpr const char* kDecimal = "[+-]?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?";
  if (!fits(a, kDecimal) || !fits(b, kDecimal)) return std::nullopt;
  const auto exact_a = integer(a), exact_b = integer(b);
  if (exact_a && exact_b) return order(*exact_a, *exact_b);
  return order(std::strtod(std::string(a).c_str(), nullptr),
               std::strtod(std::string(b).c_str(), nullptr));
}

std::optional<std::int64_t> time_part(std::string_view text, Modifier modifier) {
  const auto seconds = parse_time(text);
  if (!seconds) return std::nullopt;
  const char* format = modifier == Modifier::minute  ? "%M"
                       : modifier == Modifier::hour  ? "%H"
                       : modifier == Modifier::day   ? "%d"
                       : modifier == Modifier::week  ? "%V"
                       : modifier == Modifier::month ? "%m"
                                                     : "%Y";
  std::tm tm{};
  gmtime_r(&*seconds, &tm);
  std::array<char, 16> out{};
  std::strftime(out.data(), out.size(), format, &tm);
  return std::atoll(out.data());
}

bool is_address(std::string_view text) {
  return address_bytes(std::string(text)).has_value();
}

bool in_network(std::string_view address, std::string_view network) {
  const std::size_t slash = network.find('/');
  const std::string base(network.substr(0, slash));
  const auto wanted = address_bytes(base);
  const auto given = address_bytes(std::string(address));
  if (!wanted || !given) return false;
  int bits = slash == std::string_view::npos
                 ? 128
                 : std::atoi(std::string(network.substr(slash + 1)).c_str());
  if (slash != std::string_view::npos && base.find(':') == std::string::npos) bits += 96;
  if (bits < 96 && is_mapped(*given)) return false;
  for (int i = 0; i < bits; ++i) {
    const auto bit = [&](const Bytes& b) {
      return b[static_cast<std::size_t>(i / 8)] >> (7 - i % 8) & 1;
    };
    if (bit(*wanted) != bit(*given)) return false;
  }
  return true;
}

std::string base64(std::string_view bytes) {
  std::string bits;
  for (const char c : bytes) {
    for (int i = 7; i >= 0; --i)
      bits.push_back((static_cast<unsigned char>(c) >> i & 1) != 0 ? '1' : '0');
  }
  while (bits.size() % 6 != 0) bits.push_back('0');
  std::string out;
  for (std::size_t i = 0; i < bits.size(); i += 6) {
    const auto value = std::strtoul(bits.substr(i, 6).c_str(), nullptr, 2);
    out.push_back("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[value]);
  }
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

std::u32string utf16_bytes(std::u32string_view code_points, Modifier form) {
  std::u32string units;
  if (form == Modifier::utf16) units.push_back(0xFEFF);
  for (const char32_t c : code_points) {
    if (c < 0x10000) {
      units.push_back(c);
    } else {
      units.push_back(0xD800 + (c - 0x10000) / 0x400);
      units.push_back(0xDC00 + (c - 0x10000) % 0x400);
    }
  }
  std::u32string bytes;
  for (const char32_t unit : units) {
    const bool big = form == Modifier::utf16be;
    bytes.push_back(big ? unit / 256 : unit % 256);
    bytes.push_back(big ? unit % 256 : unit / 256);
  }
  return bytes;
}

std::u32string fold(std::u32string_view code_points) {
  std::u32string out;
  for (const char32_t c : code_points) out.push_back(text::fold(c));
  return out;
}

}  // namespace tocsin::reference
