#include "digest/finding.h"

#include <fmt/format.h>

#include <array>

namespace tocsin::digest {
namespace {

struct Words {
  std::string_view name, log, digest;
};
constexpr std::array<Words, kStates> kWords = {{
    {"valid", "", ""},
    {"modified",
     "The log file is not the one that CloudTrail delivered: {}. Do not trust its events; find out "
     "who wrote the object (S3 data events, access logs) and restore its earlier version.",
     "The digest is not the one that CloudTrail delivered here: {}. The log files of its hour are "
     "not proven; find out who wrote the object (S3 data events, access logs) and restore its "
     "earlier version."},
    {"missing_log",
     "CloudTrail delivered this log file, and it is not there any more: {}. See whether a "
     "lifecycle "
     "rule of the bucket expired it; if none did, find out who deleted it (S3 data events, "
     "versions).",
     ""},
    {"missing_digest", "",
     "A digest is not there: {}. The log files of that time are not proven. See whether a "
     "lifecycle "
     "rule of the bucket expired it; if none did, find out who deleted it (S3 data events, "
     "versions)."},
    {"bad_signature", "",
     "The digest was not signed by CloudTrail: {}. The log files of its hour are not proven; find "
     "out who wrote the object (S3 data events, access logs) and restore its earlier version."},
    {"unlisted",
     "No digest lists this log file: {}. Either another trail, one without log file validation, "
     "delivers to the same place, or somebody put it there; do not trust its events before you "
     "know which.",
     ""},
    {"gap", "",
     "This is a gap, which is not by itself tampering: {}. Logging or log file validation was off, "
     "or the trail was deleted: look for StopLogging, UpdateTrail and DeleteTrail at its "
     "beginning. "
     "Log files of that time cannot be proven genuine."},
    {"appended",
     "Bytes were appended to the log file: {}. What is before them is genuine; readers that "
     "inflate "
     "every gzip member take what is behind for events of CloudTrail. Find out who wrote the "
     "object "
     "and restore its earlier version.",
     "Bytes were appended to the digest: {}. What is before them is genuine. Find out who wrote "
     "the "
     "object and restore its earlier version."},
    {"unreadable", "The log file could not be verified: {}.", "Digests could not be verified: {}."},
}};

}  // namespace

std::string_view name(State state) {
  return kWords[static_cast<std::size_t>(state)].name;
}

std::string explain(State state, bool is_digest, std::string_view detail) {
  const Words& words = kWords[static_cast<std::size_t>(state)];
  return fmt::format(fmt::runtime(is_digest ? words.digest : words.log), detail);
}

}  // namespace tocsin::digest
