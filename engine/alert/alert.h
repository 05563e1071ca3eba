// Alert: the message to people and machines about a rule that an event fulfilled. One shape for all
// that follows: output, routing, delivery. It is made (alert_maker.h) as an AlertView, which shows
// texts where they are and copies nothing; whoever keeps it takes a copy, an Alert, which owns all
// its text. Data only: this header includes no rule and no event.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alert/event_facts.h"
#include "alert/resources.h"
#include "base/text_buffer.h"
#include "program/match_details.h"

namespace tocsin::sigma {
struct Meta;
}

namespace tocsin::alert {

struct RuleFacts {
  std::string id, title, level, status, author, file, hash;
  std::string description;
  std::string runbook;  // custom attribute `runbook`: a URL, or words
  std::vector<std::string> tags, references, falsepositives;
  std::string json;  // all of these as the member "rule" of an alert's JSON
};

// Of a document, whatever it is; `hash` is of its meaning.
RuleFacts facts_of(const sigma::Meta& meta, std::string hash);

struct CorrelationFacts;  // alert/correlation.h

// The facts are those of the event; of an alert about many events, of the one that closed the
// latest firing.
template <class Text>
struct BasicAlert : EventFacts<Text> {
  Text id;           // of this rule and this event; the same whenever it is computed again
  Text fingerprint;  // of this rule, principal, person and account: repetitions share it
  Text status = "firing";
  std::shared_ptr<const RuleFacts> rule;
  program::BasicMatchDetails<Text> matched;
  std::vector<BasicResource<Text>> resources;  // what the call was about
  Text detected_at;                            // RFC 3339 with milliseconds
  Text event;  // the record, JSON; of an Alert, compact and on one line
  // Of an alert about many events, which has no record: what they are.
  std::shared_ptr<const CorrelationFacts> correlation;

  // Of an alert that is kept: what became of it since (occurrences.h). Not part of append_json().
  Text source;              // where the event came in
  std::uint64_t count = 1;  // firings
  Text first_seen, last_seen;
};
using Alert = BasicAlert<std::string>;
using AlertView = BasicAlert<std::string_view>;

Alert copy_of(const AlertView& view);

inline constexpr std::size_t kNoNumber = static_cast<std::size_t>(-1);

// One JSON object on one line, without a line break. Field names are part of the interface. Returns
// where in `out` the digits of input.record begin, kNoNumber when there is no such member.
std::size_t append_json(const AlertView& alert, TextBuffer& out);
std::size_t append_json(const Alert& alert, TextBuffer& out);

// 0 informational … 4 critical. A rule without a level, or with an unknown one, counts as medium.
int severity_rank(std::string_view level);
// The level with that rank.
std::string_view severity_name(int rank);

}  // namespace tocsin::alert
