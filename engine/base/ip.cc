#include "base/ip.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tocsin {
namespace {

constexpr std::size_t kMappedBytes = 12;
constexpr std::uint8_t kMappedBits = 96;

// All of `text` as a number of at most `digits` digits, without leading zeros in base 10.
std::optional<unsigned> parse_unsigned(std::string_view text, int base, std::size_t digits) {
  if (text.empty() || text.size() > digits) return std::nullopt;
  if (base == 10 && text.size() > 1 && text[0] == '0') return std::nullopt;
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

bool parse_v4(std::string_view text, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    const auto octet = parse_unsigned(text.substr(0, dot), 10, 3);
    if (!octet || *octet > 255) return false;
    out[i] = static_cast<std::uint8_t>(*octet);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return text.empty();
}

// Writes the groups of `text` (no "::" in it) to out, returns the count of bytes, 0 for an error.
std::size_t parse_groups(std::string_view text, bool may_end_in_v4, std::uint8_t* out) {
  std::size_t count = 0;
  while (true) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && may_end_in_v4 && count <= kMappedBytes &&
        group.find('.') != std::string_view::npos) {
      return parse_v4(group, out + count) ? count + 4 : 0;
    }
    const auto value = parse_unsigned(group, 16, 4);
    if (!value || count == 16) return 0;
    out[count++] = static_cast<std::uint8_t>(*value >> 8);
    out[count++] = static_cast<std::uint8_t>(*value & 0xFF);
    if (last) return count;
    text.remove_prefix(colon + 1);
  }
}

bool parse_v6(std::string_view text, std::array<std::uint8_t, 16>& out) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return parse_groups(text, true, out.data()) == 16;
  const std::string_view head = text.substr(0, gap);
  const std::string_view tail = text.substr(gap + 2);
  std::array<std::uint8_t, 16> first{}, second{};
  const std::size_t first_size = head.empty() ? 0 : parse_groups(head, false, first.data());
  const std::size_t second_size = tail.empty() ? 0 : parse_groups(tail, true, second.data());
  if ((first_size == 0 && !head.empty()) || (second_size == 0 && !tail.empty())) return false;
  if (first_size + second_size > 14) return false;
  std::copy_n(first.begin(), first_size, out.begin());
  std::copy_n(second.begin(), second_size, out.end() - static_cast<std::ptrdiff_t>(second_size));
  return true;
}

bool is_mapped_v4(const IpPrefix& ip) {
  constexpr std::array<std::uint8_t, kMappedBytes> kMapped{0, 0, 0, 0, 0,    0,
                                                           0, 0, 0, 0, 0xFF, 0xFF};
  return ip.length >= kMappedBits && std::equal(kMapped.begin(), kMapped.end(), ip.bytes.begin());
}

IpPrefix masked(IpPrefix prefix) {
  for (std::size_t i = 0; i < prefix.bytes.size(); ++i) {
    const int kept = std::clamp(static_cast<int>(prefix.length) - static_cast<int>(i) * 8, 0, 8);
    prefix.bytes[i] = static_cast<std::uint8_t>(prefix.bytes[i] & (0xFF00u >> kept));
  }
  return prefix;
}

// "address/length" without looking at the bits after the prefix.
std::optional<IpPrefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto ip = parse_ip(text.substr(0, slash));
  if (!ip || slash == std::string_view::npos) return ip;
  const bool v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  const auto length = parse_unsigned(text.substr(slash + 1), 10, 3);
  if (!length || *length > (v4 ? 32u : 128u)) return std::nullopt;
  ip->length = static_cast<std::uint8_t>(*length + (v4 ? kMappedBits : 0u));
  return ip;
}

std::string v6_text(const std::array<std::uint8_t, 16>& bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = bytes[2 * i] * 256u + bytes[2 * i + 1];
  // RFC 5952: the first longest run of at least two zero groups becomes "::".
  std::size_t best = 8, best_length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) best = i, best_length = end - i;
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    out += fmt::format("{:x}", groups[i]);
  }
  return out;
}

}  // namespace

std::optional<IpPrefix> parse_ip(std::string_view text) {
  IpPrefix ip;
  if (text.find(':') != std::string_view::npos) {
    if (!parse_v6(text, ip.bytes)) return std::nullopt;
    return ip;
  }
  ip.bytes[10] = ip.bytes[11] = 0xFF;
  if (!parse_v4(text, ip.bytes.data() + kMappedBytes)) return std::nullopt;
  return ip;
}

Result<IpPrefix> parse_cidr(std::string_view text) {
  const auto prefix = parse_prefix(text);
  if (!prefix) {
    return fail(
        Code::invalid_input,
        fmt::format("`{}` is not an IP network; write it as 10.0.0.0/8 or 2001:db8::/32", text));
  }
  if (const IpPrefix network = masked(*prefix); network != *prefix) {
    return fail(Code::invalid_input,
                fmt::format("`{}` has bits set after its prefix; the network is {}", text,
                            to_string(network)));
  }
  return *prefix;
}

std::optional<std::string> corrected_cidr(std::string_view text) {
  const auto prefix = parse_prefix(text);
  if (!prefix) return std::nullopt;
  return to_string(masked(*prefix));
}

bool contains(const IpPrefix& network, const IpPrefix& address) {
  if (address.length < network.length) return false;
  if (network.length < kMappedBits && is_mapped_v4(address)) return false;
  IpPrefix cut = address;
  cut.length = network.length;
  return masked(cut) == network;
}

std::string to_string(const IpPrefix& prefix) {
  const bool v4 = is_mapped_v4(prefix);
  const auto& b = prefix.bytes;
  std::string out = v4 ? fmt::format("{}.{}.{}.{}", b[12], b[13], b[14], b[15]) : v6_text(b);
  if (prefix.length == 128) return out;
  return out + fmt::format("/{}", v4 ? prefix.length - kMappedBits : int{prefix.length});
}

}  // namespace tocsin
