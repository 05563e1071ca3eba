// Alert: what a person or a machine is told about a rule that an event fulfilled. One type for all
// that follows: output, routing, delivery. Owns all its text; independent of the event's memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.h"
#include "event/cloudtrail.h"
#include "event/event_reader.h"
#include "program/explain.h"
#include "program/program.h"

namespace tocsin::alert {

struct RuleFacts {
  std::string id, title, level, status, author, file, hash;
  std::vector<std::string> tags, references, falsepositives;
};

struct Alert {
  std::string id;           // of this rule and this event; the same whenever it is computed again
  std::string fingerprint;  // of this rule, principal and account: repetitions share it
  std::string status = "firing";
  RuleFacts rule;
  program::MatchDetails matched;

  std::string principal, identity_kind, mfa;
  std::string access_key;  // the key id that signed the call, "" when none
  std::string source_ip, source_ip_kind, user_agent;
  std::string account, region;
  std::string event_name, event_source, error_code, error_message;
  std::string event_id, event_time;
  std::string detected_at;  // RFC 3339 with milliseconds

  std::string event;       // the record, compact JSON on one line
  std::string input_path;  // "" when not from a file
  std::uint64_t input_record = 0;
};

// Makes alerts. One per thread. The Program must outlive it.
class AlertMaker {
 public:
  explicit AlertMaker(const program::Program& program);
  ~AlertMaker();
  AlertMaker(const AlertMaker&) = delete;
  AlertMaker& operator=(const AlertMaker&) = delete;

  // `event` was read with the program's fields and fulfils `rule`; `detected_at` is Unix time in
  // milliseconds.
  Alert make(program::RuleIndex rule, event::Event& event, const event::Origin& origin,
             std::int64_t detected_at);

 private:
  struct Context;  // the fields that every alert shows, read from the record a second time

  const program::Program& program_;
  std::unique_ptr<Context> context_;
};

// One JSON object on one line, without a line break. Field names are part of the interface.
void append_json(const Alert& alert, std::string& out);

// 0 informational … 4 critical. A rule without a level, or with an unknown one, counts as medium.
int severity_rank(std::string_view level);
// The level with that rank.
std::string_view severity_name(int rank);

}  // namespace tocsin::alert
