// Predicate: one question about one field, the leaf of every compiled condition. All values of a
// detection item that are linked by OR and are of one kind make one predicate, so that a list of
// 10,000 addresses is one leaf and one look-up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/network_table.h"
#include "base/number.h"
#include "base/string_table.h"
#include "base/time.h"
#include "event/event.h"
#include "program/pattern.h"
#include "program/pattern_filter.h"
#include "program/regex.h"
#include "program/work.h"

namespace tocsin::program {

// A string equals one of `exact` or matches one of `globs`.
struct MatchStrings {
  bool cased = false;  // otherwise all of it is folded
  StringTable exact;
  std::vector<Glob> globs;
  std::vector<std::string> glob_sources;   // the pattern of each glob, for people
  std::vector<std::string> glob_literals;  // the required literal of each, "" for none
  PatternFilter filter;                    // over the globs, when they are many
};
// A scalar's canonical text is one of these (numbers and booleans of the rule).
struct MatchScalars {
  StringTable exact;  // folded
};
struct MatchRegexes {
  std::vector<Regex> regexes;
  std::vector<std::vector<std::string>> literals;  // of each: one of them must occur; none: unknown
  PatternFilter filter;
};
struct MatchCidrs {
  NetworkTable networks;
};
enum class Order : std::uint8_t { less, less_or_equal, greater, greater_or_equal };
struct MatchOrder {
  Order order;
  Number bound;
};
enum class TimePart : std::uint8_t { minute, hour, day, week, month, year };
struct MatchTimePart {
  TimePart part;
  bool equals = true;  // otherwise `order`
  Order order = Order::less;
  std::vector<std::int64_t> values;  // any of them; exactly one with `order`
};
struct MatchExists {
  bool exists;
};
struct MatchNull {};
enum class Affix : std::uint8_t { whole, prefix, suffix, anywhere };
struct MatchField {
  event::FieldRef other;
  Affix affix;
  bool cased;
};

using Matcher = std::variant<MatchStrings, MatchScalars, MatchRegexes, MatchCidrs, MatchOrder,
                             MatchTimePart, MatchExists, MatchNull, MatchField>;

struct Predicate {
  event::FieldRef field;
  Matcher matcher;

  // For people: how the rule writes it, e.g. field "userAgent", matcher "contains",
  // patterns {"pacu", "kali"}.
  std::string field_name;  // "" for keywords
  std::string operation;
  std::vector<std::string> patterns;

  // Whether the field meets the question. Folds texts of `event` as needed. No I/O, no clock.
  Truth test(event::Event& event, Work& work) const;
  // The first value that meets it; nullptr when none does (`exists` and absent fields have none) or
  // `work` ran out.
  event::Value* witness(event::Event& event, Work& work) const;
  // The pattern that `value` meets, as the rule or the list writes it. Precondition: it meets one.
  // When `work` runs out, another pattern of the predicate.
  std::string met_pattern(event::Event& event, event::Value& value, Work& work) const;
};

// Whether one value meets the predicate (exists, null and absent fields are decided by test()).
Truth value_meets(const Matcher& matcher, event::Event& event, event::Value& value, Work& work);

}  // namespace tocsin::program
