#include "source/s3_key.h"

#include <algorithm>
#include <cstddef>

namespace tocsin::source {
namespace {

using KeyKind = S3Key::Kind;

constexpr std::string_view kRoot = "AWSLogs/";

bool is_digits(std::string_view text, std::size_t size) {
  return text.size() == size &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Takes the segment up to the next slash off `rest`; "": there is none.
std::string_view take_segment(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view segment = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  return segment;
}

KeyKind kind_of_service(std::string_view service) {
  if (service == "CloudTrail") return KeyKind::log;
  if (service == "CloudTrail-Digest") return KeyKind::digest;
  if (service == "CloudTrail-Insight") return KeyKind::insight;
  if (service == "Config") return KeyKind::config;
  return KeyKind::other;
}

// "2026/11/30" at the beginning of `rest`; "": it is not there.
std::string_view day_at(std::string_view rest) {
  const std::string_view day = rest.substr(0, 10);
  const bool is_day = rest.size() > 10 && rest[10] == '/' && is_digits(day.substr(0, 4), 4) &&
                      day[4] == '/' && is_digits(day.substr(5, 2), 2) && day[7] == '/' &&
                      is_digits(day.substr(8), 2);
  return is_day ? day : std::string_view();
}

// Where AWSLogs/ begins as a segment; npos: nowhere.
std::size_t find_root(std::string_view key) {
  if (key.starts_with(kRoot)) return 0;
  const std::size_t at = key.find("/AWSLogs/");
  return at == std::string_view::npos ? at : at + 1;
}

}  // namespace

std::string_view name(KeyKind kind) {
  static constexpr std::string_view kNames[] = {"log",    "digest", "insight",
                                                "config", "folder", "other"};
  return kNames[static_cast<std::size_t>(kind)];
}

S3Key read_key(std::string_view key) {
  S3Key out;
  const std::size_t root = find_root(key);
  const bool is_folder = key.ends_with('/');
  if (root == std::string_view::npos) {
    out.kind = is_folder ? KeyKind::folder : KeyKind::log;
    return out;
  }
  std::string_view rest = key.substr(root + kRoot.size());
  std::string_view account = take_segment(rest);
  if (account.starts_with("o-")) account = take_segment(rest);
  const std::string_view service = take_segment(rest);
  out.kind = is_folder ? KeyKind::folder : kind_of_service(service);
  if (is_digits(account, 12)) out.account = account;
  std::string_view after = rest;
  const std::string_view region = take_segment(after);
  if (!region.empty() && !day_at(after).empty()) {
    out.region = region;
    out.day = day_at(after);
  }
  return out;
}

}  // namespace tocsin::source
