#include "net/auth.h"

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace tocsin::net {
namespace {

constexpr std::uint8_t bit(Role role) {
  return static_cast<std::uint8_t>(role);
}

bool grants(std::uint8_t roles, Role needed) {
  if ((roles & bit(Role::admin)) != 0) roles |= bit(Role::read);
  return (roles & bit(needed)) != 0;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[i]) return false;
  }
  return true;
}

// Strict: canonical alphabet, padding only where it belongs.
std::optional<std::string> from_base64(std::string_view text) {
  static constexpr auto kValues = [] {
    std::array<int, 256> values{};
    values.fill(-1);
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < kDigits.size(); ++i) {
      values[static_cast<unsigned char>(kDigits[i])] = static_cast<int>(i);
    }
    return values;
  }();
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t word = 0;
  unsigned bits = 0;
  for (const char digit : text) {
    const int value = kValues[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    word = word << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(word >> bits & 0xff);
    }
  }
  if ((word & ((1u << bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

Auth::Auth(const std::vector<TokenConfig>& tokens, std::vector<CertificateConfig> certificates)
    : certificates_(std::move(certificates)) {
  tokens_.reserve(tokens.size());
  for (const TokenConfig& config : tokens) {
    // An empty token (a variable that was not set) opens nothing: nobody can present it. It still
    // counts, so that the service is not open to all.
    tokens_.push_back(
        {sha256(config.token.reveal()), config.token.empty() ? std::uint8_t{0} : config.roles});
  }
}

Verdict Auth::check(Role needed, std::string_view token, std::string_view client) const {
  if (is_open()) return Verdict::allowed;
  std::uint8_t roles = 0;
  bool known = false;
  if (!token.empty()) {
    const Sha256 presented = sha256(token);
    // All are compared, whichever fits: the time tells nothing about their order.
    for (const Known& candidate : tokens_) {
      const bool same = same_digest(presented, candidate.hash);
      known |= same;
      roles = static_cast<std::uint8_t>(roles | (same ? candidate.roles : 0));
    }
  }
  if (!client.empty()) {
    for (const CertificateConfig& certificate : certificates_) {
      if (certificate.common_name != client) continue;
      known = true;
      roles = static_cast<std::uint8_t>(roles | certificate.roles);
    }
  }
  if (grants(roles, needed)) return Verdict::allowed;
  return known ? Verdict::forbidden : Verdict::unauthenticated;
}

std::string presented_token(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos) return "";
  const std::string_view scheme = authorization.substr(0, space);
  std::string_view rest = authorization.substr(space);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  if (equals_ignoring_case(scheme, "bearer")) return std::string(rest);
  if (!equals_ignoring_case(scheme, "basic")) return "";
  const std::optional<std::string> pair = from_base64(rest);
  if (!pair) return "";
  const std::size_t colon = pair->find(':');
  return colon == std::string::npos ? "" : pair->substr(colon + 1);
}

}  // namespace tocsin::net
