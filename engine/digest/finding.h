// Finding: the verdict about one file or one stretch of time, with the sentence that says what it
// means and what to do. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tocsin::digest {

enum class State : std::uint8_t {
  valid,
  modified,        // not what CloudTrail wrote there
  missing_log,     // a digest lists it, and it is gone
  missing_digest,  // the chain refers to it, and it is gone
  bad_signature,   // a digest that no key of CloudTrail signed
  unlisted,        // a log file that no digest lists
  gap,             // a time for which there are no digests, and the chain itself says so
  appended,        // genuine content with bytes behind it
  unreadable,      // could not be verified: no verdict
};
inline constexpr std::size_t kStates = 9;
// "missing_log".
std::string_view name(State state);

struct Finding {
  State state = State::valid;
  bool is_digest = false;    // or a log file
  bool is_backfill = false;  // it is, or is listed by, a backfill digest
  std::string bucket, key;
  std::string account, region;
  std::string trail;              // "": not known (unlisted)
  std::int64_t from = 0, to = 0;  // the hour, or the stretch of time; seconds since 1970
  std::string message{};          // "" for valid files
};

// What is called for each file, in the order of the walk, by one thread at a time.
using Report = std::function<void(const Finding&)>;

// The sentences. `detail` says what was seen.
std::string explain(State state, bool is_digest, std::string_view detail);

}  // namespace tocsin::digest
