// Rule tests: the file `<name>.test.yml` beside a rule `<name>.yml`, as data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "sigma/lists.h"

namespace tocsin::sigma {

// Moments are nanoseconds since 1970, UTC: the file's `start` and an offset.

// An event that arrives, or silence: the clock goes on.
struct TimelineStep {
  enum class Kind : std::uint8_t { event, until } kind = Kind::event;
  std::int64_t arrives_ns = 0;  // the clock; of `until`: goes on to here
  std::int64_t at_ns = 0;       // the event's time, as `at` says it (the event may say otherwise)
  std::string event_json;       // compact JSON, with eventTime and eventID
  std::string source;           // name of the source
  std::uint32_t again = 0;      // it arrives so many further times, right after the first
  Span at;
};

// An alert as it is when the timeline is at its end.
struct ExpectedAlert {
  std::string rule;        // id, name or title; "" = the only correlation of the file
  std::int64_t at_ns = 0;  // of the first firing
  std::optional<std::int64_t> raised_ns;                   // the clock when it was raised first
  std::vector<std::pair<std::string, std::string>> group;  // field → value; may be a part of them
  std::optional<std::uint64_t> hits;                       // of the latest firing's window
  std::optional<std::uint64_t> firings;
  Span at;
};

struct RuleTestCase {
  std::string name;
  bool fires = true;
  std::string event_json;  // compact JSON of base ⊕ event ⊖ without; "" with event_file
  std::string event_file;  // path relative to the test file; "" with an inline event
  std::vector<std::string> matched;  // fields that must be among the matched ones
  // Instead of all that: what arrives, in the order of arrival, and all that is raised by it, in
  // the order of time.
  std::vector<TimelineStep> timeline;
  std::vector<ExpectedAlert> alerts;
  Span at;

  bool is_timeline() const { return !timeline.empty(); }
};

struct RuleTestFile {
  std::string file;
  std::string rule;  // id, name or title when the rule file holds several; "" = all its rules
  Lists lists;       // overrides for this file
  std::int64_t start_ns = 0;     // the moment +0s
  std::int64_t lateness_ns = 0;  // allowed lateness
  std::vector<RuleTestCase> tests;
};

// Parses the text of a test file. Keys: `rule`, `base`, `lists`, `start`, `lateness`, `tests` (each
// test: `name`, `fires`, `event` or `event_file`, `without`, `matched`; or `name`, `timeline`,
// `alerts`). `event` is merged over `base`: maps merge key by key, anything else replaces. Steps
// with `times` are unrolled. nullopt when there was an error (all reported).
std::optional<RuleTestFile> parse_rule_tests(std::string_view text, const std::string& file,
                                             Diagnostics& diagnostics);

}  // namespace tocsin::sigma
