// CloudTrail: the keys that digest files are signed with, and the events of the last 90 days.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "aws/failure.h"
#include "aws/session.h"

namespace tocsin::aws {

struct PublicKey {
  std::string fingerprint;                    // hexadecimal
  std::string der;                            // bytes: PKCS #1 RSAPublicKey, as a rule
  std::int64_t valid_from = 0, valid_to = 0;  // seconds since 1970
};

// The keys that were valid at some time of [from, to], seconds since 1970. `region`: the one whose
// digests are verified.
Outcome<std::vector<PublicKey>> list_public_keys(Session& session, const std::string& region,
                                                 std::int64_t from, std::int64_t to,
                                                 const std::atomic<bool>& stop);

struct EventPage {
  std::vector<std::string> events;  // CloudTrail records as JSON, the newest first
  std::string next_token;           // "": this was the last page
};
// A page of management events of [from, to]. AWS allows two requests a second for each account and
// region; throttled ones are tried again.
Outcome<EventPage> lookup_events(Session& session, const std::string& region, std::int64_t from,
                                 std::int64_t to, const std::string& next_token,
                                 const std::atomic<bool>& stop);

}  // namespace tocsin::aws
