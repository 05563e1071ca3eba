// Alert: what a person or a machine is told about a rule that an event fulfilled. One shape for all
// that follows: output, routing, delivery. It is made as an AlertView, which shows texts where they
// are and copies nothing; whoever keeps it takes a copy, an Alert, which owns all its text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/text_buffer.h"
#include "event/batch.h"
#include "event/cloudtrail.h"
#include "event/event_reader.h"
#include "program/evidence.h"
#include "program/program.h"
#include "sigma/ast.h"

namespace tocsin::alert {

struct RuleFacts {
  std::string id, title, level, status, author, file, hash;
  std::vector<std::string> tags, references, falsepositives;
  std::string json;  // all of these as the member "rule" of an alert's JSON
};

// Of a document, whatever it is; `hash` is of its meaning.
RuleFacts facts_of(const sigma::Meta& meta, std::string hash);

struct CorrelationFacts;  // alert/correlation.h

template <class Text>
struct BasicAlert {
  Text id;           // of this rule and this event; the same whenever it is computed again
  Text fingerprint;  // of this rule, principal and account: repetitions share it
  Text status = "firing";
  std::shared_ptr<const RuleFacts> rule;
  program::BasicMatchDetails<Text> matched;

  Text principal, identity_kind, mfa;
  Text access_key;  // the key id that signed the call, "" when none
  Text source_ip, source_ip_kind, user_agent;
  Text account, region;
  Text event_name, event_source, error_code, error_message;
  Text event_id, event_time;
  Text detected_at;  // RFC 3339 with milliseconds

  Text event;  // the record, JSON; of an Alert, compact and on one line
  // Of an alert about many events: what they are. It has no record, and the members above are of
  // the event that closed the latest firing.
  std::shared_ptr<const CorrelationFacts> correlation;
  Text input_path;  // "" when not from a file
  std::uint64_t input_record = 0;

  // Of an alert that is kept: what became of it since (occurrences.h). Not part of append_json().
  Text source;              // where the event came in
  std::uint64_t count = 1;  // firings
  Text first_seen, last_seen;
};
using Alert = BasicAlert<std::string>;
using AlertView = BasicAlert<std::string_view>;

Alert copy_of(const AlertView& view);

// Makes alerts. One per thread. The Program must outlive it.
//
// Every alert shows certain fields, whatever the rule: they are read from the record a second time,
// once for all rules that it fulfils.
class AlertMaker {
 public:
  // `clock`: program/work.h.
  explicit AlertMaker(const program::Program& program, program::Work::Clock clock = nullptr);
  ~AlertMaker();
  AlertMaker(const AlertMaker&) = delete;
  AlertMaker& operator=(const AlertMaker&) = delete;

  // `event` was read with the program's fields; `detected_at` is Unix time in milliseconds.
  // `read_shown(reader, out)` reads the same record with `reader` into `out`.
  template <class ReadShown>
  void begin(event::Event& event, const event::Origin& origin, std::int64_t detected_at,
             ReadShown read_shown) {
    read_shown(shown_reader(), shown());
    begin(event, origin, detected_at);
  }
  struct Keys {
    KeyHash id, fingerprint;
  };
  // Those of the alert about the event that was begun and a rule that it fulfils. Cheaper than the
  // alert itself.
  Keys keys(program::RuleIndex rule);
  // That alert. Valid until the next call, and as long as that event.
  const AlertView& view(program::RuleIndex rule);
  // What the alerts of this event have in common: everything but rule, keys and evidence.
  const AlertView& shared() const { return view_; }

  // Both, for one rule.
  Alert make(program::RuleIndex rule, event::Event& event, const event::Origin& origin,
             std::int64_t detected_at);

 private:
  struct Shown;  // the fields that every alert shows
  struct Rule {
    std::shared_ptr<const RuleFacts> facts;
    KeyHash key;  // with what stands for the rule in keys
  };

  event::EventReader& shown_reader();
  event::Event& shown();
  void begin(event::Event& event, const event::Origin& origin, std::int64_t detected_at);
  void begin_record(event::Event& event);
  const Rule& rule_of(program::RuleIndex index);

  const program::Program& program_;
  const std::unique_ptr<Shown> shown_;
  std::vector<Rule> rules_;  // by RuleIndex; made when first needed
  program::Evidence evidence_;
  event::Event* event_ = nullptr;

  // What view_ points to.
  AlertView view_;
  std::string principal_, compact_event_, detected_text_;
  std::int64_t detected_at_ = -1;
  char id_[KeyHash::kDigits], fingerprint_[KeyHash::kDigits];
};

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
