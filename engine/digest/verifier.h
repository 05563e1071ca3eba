// The verifier of CloudTrail's digest chains: which log files of a trail are those that CloudTrail
// delivered, and which times are not covered by any proof.
//
// What is proven: a digest is signed by a key of CloudTrail, stands where it was put, and names the
// digest before it; each log file that it lists has the hash that it gives, is one gzip member and
// ends there; and each log file in the bucket is listed by some digest. A digest that is not proven
// proves nothing: the walk goes on with the newest one before it.
//
// Log files are read by several threads, in constant memory; all else is one thread's. A file that
// cannot be read is `unreadable`, which is no verdict, and the walk goes on.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "digest/archive.h"
#include "digest/finding.h"

namespace tocsin::digest {

inline constexpr std::int64_t kHour = 3600;
// A log file may be listed by a digest of a later hour than that of its name. Nothing is said
// about a file whose following hours are not proven.
inline constexpr std::int64_t kGrace = 2 * kHour;
// One digest; with 400 bytes a log file it lists 160,000.
inline constexpr std::size_t kDigestBytes = std::size_t{64} << 20;

struct Query {
  std::string bucket;
  std::string prefix;  // a folder at, above or below AWSLogs/, with or without a slash at its end
  // Log files that were delivered in [since, until], and the digests up to kGrace later; nothing:
  // no bound. `until` must not be in the future: that no digest covers it is a gap.
  std::optional<std::int64_t> since, until;
  std::vector<std::string> accounts, regions;  // empty: all
  unsigned readers = 8;                        // log files that are read at once
};

struct Verified {
  std::uint64_t chains = 0;  // that were walked
  bool is_complete = true;   // `stop` did not end it
};

// Fails when the bucket cannot be listed, or holds no account's digests below the prefix; what was
// reported before stands.
Result<Verified> verify(Archive& archive, PublicKeys& keys, const Query& query,
                        const Report& report, const std::atomic<bool>& stop);

}  // namespace tocsin::digest
