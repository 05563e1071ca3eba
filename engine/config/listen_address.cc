#include "config/listen_address.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/ip.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kForms =
    "127.0.0.1:8484, [::1]:8484 or, for all interfaces, 0.0.0.0:8484";

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, port);
  if (problem != std::errc{} || rest != end) return std::nullopt;
  return port;
}

bool is_loopback(const IpPrefix& address) {
  static const IpPrefix v4 = *parse_cidr("127.0.0.0/8");
  static const IpPrefix v6 = *parse_ip("::1");
  return contains(v4, address) || address == v6;
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t colon = bracketed ? text.find("]:") : text.rfind(':');
  const std::size_t skipped = bracketed ? 2 : 1;
  if (colon == std::string_view::npos) {
    return fail(Code::invalid_input, fmt::format("an address and a port are needed: {}", kForms));
  }
  std::string_view host = text.substr(bracketed ? 1 : 0, colon - (bracketed ? 1 : 0));
  const std::optional<std::uint16_t> port = parse_port(text.substr(colon + skipped));
  if (!port) {
    return fail(Code::invalid_input, "the port is a number from 0 (any free one) to 65535");
  }
  if (host == "localhost") host = "127.0.0.1";
  const std::optional<IpPrefix> address = parse_ip(host);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (address && is_v6 && !bracketed) {
    return fail(Code::invalid_input,
                fmt::format("an IPv6 address stands in brackets: [{}]:{}", host, *port));
  }
  if (!address || is_v6 != bracketed) {
    return fail(Code::invalid_input,
                fmt::format("an address is written in numbers, not as a name: {}", kForms));
  }
  return ListenAddress{std::string(host), *port, is_loopback(*address)};
}

}  // namespace tocsin::config
