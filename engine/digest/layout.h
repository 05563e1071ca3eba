// The names of CloudTrail's objects: what the key of a digest and of a log file says. Pure.
//
//   [prefix/]AWSLogs/[o-ORG/]ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/
//       ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME_20260131T120131Z[_backfill].json.gz
//   [prefix/]AWSLogs/[o-ORG/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/
//       ACCOUNT_CloudTrail_REGION_20260131T1205Z_SUFFIX.json.gz
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace tocsin::digest {

// One account's region in one bucket: where digests and log files of its trails lie together.
struct Place {
  std::string bucket;
  std::string root;  // "[prefix/]AWSLogs/[o-ORG/]ACCOUNT/"
  std::string account, region;

  std::string digests() const { return root + "CloudTrail-Digest/" + region + '/'; }
  std::string logs() const { return root + "CloudTrail/" + region + '/'; }
};

// Digests that refer to each other: those of a trail, and apart from them its backfill digests.
struct ChainName {
  std::string trail, home_region;
  bool is_backfill = false;

  friend bool operator<(const ChainName& a, const ChainName& b) {
    return std::tie(a.trail, a.home_region, a.is_backfill) <
           std::tie(b.trail, b.home_region, b.is_backfill);
  }
  friend bool operator==(const ChainName&, const ChainName&) = default;
};

struct DigestName {
  std::string root, account, region;
  ChainName chain;
  std::int64_t end = 0;  // of its hour, seconds since 1970
};
// Nothing when `key` is not named as a digest.
std::optional<DigestName> parse_digest_name(std::string_view key);

// The key of the digest of another hour in the same chain.
std::string digest_key(const DigestName& name, std::int64_t end);

// When a log file was delivered, to the minute, by its key; nothing when it is not named as one.
std::optional<std::int64_t> parse_log_time(std::string_view key);

// "YYYY/MM/DD" of a time.
std::string day_folder(std::int64_t seconds);

}  // namespace tocsin::digest
