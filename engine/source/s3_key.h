// S3Key: what the key of an object says about it. AWS's services write their logs below
//   [prefix/]AWSLogs/[o-ORG/]ACCOUNT/SERVICE/REGION/YYYY/MM/DD/FILE
// Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace tocsin::source {

struct S3Key {
  enum class Kind : std::uint8_t {
    log,      // a log file of CloudTrail, or an object that lies outside of AWSLogs/
    digest,   // CloudTrail's digest of log files
    insight,  // CloudTrail Insights
    config,   // AWS Config
    folder,   // a name that ends in a slash, as consoles make them
    other,    // of another service, or not a log at all
  };
  Kind kind = Kind::other;
  std::string_view account;  // whose events they are; "": not said
  std::string_view region;   // where they happened
  std::string_view day;      // "2026/11/30"
};

// The name as a metric label.
std::string_view name(S3Key::Kind kind);

// Views into `key`.
S3Key read_key(std::string_view key);

}  // namespace tocsin::source
