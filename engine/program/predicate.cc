#include "program/predicate.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "base/text.h"

namespace tocsin::program {
namespace {

using event::Event;
using event::Value;
using Kind = event::Value::Kind;

bool in_order(Order order, int comparison) {
  switch (order) {
    case Order::less:
      return comparison < 0;
    case Order::less_or_equal:
      return comparison <= 0;
    case Order::greater:
      return comparison > 0;
    case Order::greater_or_equal:
      return comparison >= 0;
  }
  return false;
}

std::int64_t part_of(const CivilTime& time, TimePart part) {
  switch (part) {
    case TimePart::minute:
      return time.minute;
    case TimePart::hour:
      return time.hour;
    case TimePart::day:
      return time.day;
    case TimePart::week:
      return time.iso_week();
    case TimePart::month:
      return time.month;
    case TimePart::year:
      return time.year;
  }
  return 0;
}

Truth truth_of(bool holds) {
  return holds ? Truth::yes : Truth::no;
}

// Units (work.h).
constexpr std::uint64_t kValueUnits = 8;   // a value of an event, whatever is asked
constexpr std::uint64_t kReadPerUnit = 2;  // of a text that is read as a number or a time
constexpr std::uint64_t kSearchUnits = 6;  // a byte that is searched

// A folded text may be longer than the text: up to three bytes for two.
constexpr std::size_t kFoldedSubjectBytes = 2 * limits::kRegexSubjectBytes;

bool has_affix(std::string_view text, std::string_view part, Affix affix) {
  switch (affix) {
    case Affix::whole:
      return text == part;
    case Affix::prefix:
      return text.starts_with(part);
    case Affix::suffix:
      return text.ends_with(part);
    case Affix::anywhere:
      return part.empty() || memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
  }
  return false;
}

// What has_affix() takes.
std::uint64_t affix_units(std::string_view text, std::string_view part, Affix affix) {
  return kValueUnits +
         (affix == Affix::anywhere ? text.size() * kSearchUnits : part.size() / kValueUnits);
}

// Answers for one non-null value.
struct Meets {
  Event& event;
  Value& value;
  Work& work;

  Truth operator()(const MatchStrings& m) const {
    if (m.globs.empty() && !m.cased && event.is_spelled_out()) {  // need not be folded
      return truth_of(m.exact.find_caseless(value.text) != StringTable::kMissing);
    }
    const std::string_view text = m.cased ? value.text : event.folded(value);
    if (m.exact.contains(text)) return Truth::yes;
    return m.filter.any(text, m.globs.size(), work,
                        [&](std::size_t i) { return m.globs[i].matches(text, work); });
  }
  Truth operator()(const MatchScalars& m) const {
    return truth_of(!value.nested && m.exact.contains(event.folded(value)));
  }
  Truth operator()(const MatchRegexes& m) const {
    const std::string_view folded = m.filter.tries_all()
                                        ? std::string_view()
                                        : event.folded(value).substr(0, kFoldedSubjectBytes);
    return m.filter.any(folded, m.regexes.size(), work,
                        [&](std::size_t i) { return m.regexes[i].matches(value.text, work); });
  }
  Truth operator()(const MatchCidrs& m) const {
    if (value.nested || value.kind != Kind::string) return Truth::no;
    const auto address = parse_ip(value.text);
    return truth_of(address && m.networks.find(*address, [](std::uint32_t) { return true; }));
  }
  Truth operator()(const MatchOrder& m) const {
    if (value.nested || value.kind == Kind::boolean) return Truth::no;
    if (!work.spend(value.text.size() / kReadPerUnit)) return Truth::unknown;
    const auto number = Number::parse(value.text);
    return truth_of(number && in_order(m.order, Number::compare(*number, m.bound)));
  }
  Truth operator()(const MatchTimePart& m) const {
    if (value.nested || value.kind == Kind::boolean) return Truth::no;
    if (!work.spend(value.text.size() / kReadPerUnit)) return Truth::unknown;
    const auto time = parse_time(value.text);
    if (!time) return Truth::no;
    const std::int64_t part = part_of(*time, m.part);
    return truth_of(std::any_of(m.values.begin(), m.values.end(), [&](std::int64_t wanted) {
      return m.equals ? part == wanted
                      : in_order(m.order, part < wanted   ? -1
                                          : part > wanted ? 1
                                                          : 0);
    }));
  }
  Truth operator()(const MatchField& m) const {
    if (value.nested) return Truth::no;
    const std::string_view text = m.cased ? value.text : event.folded(value);
    for (Value* other = event.first(m.other); other != nullptr; other = event.next(*other)) {
      if (other->nested || other->kind == Kind::null) continue;
      const std::string_view part = m.cased ? other->text : event.folded(*other);
      if (!work.spend(affix_units(text, part, m.affix))) return Truth::unknown;
      if (has_affix(text, part, m.affix)) return Truth::yes;
    }
    return Truth::no;
  }
  Truth operator()(const MatchExists&) const { return Truth::no; }
  Truth operator()(const MatchNull&) const { return Truth::no; }
};

}  // namespace

Truth value_meets(const Matcher& matcher, Event& event, Value& value, Work& work) {
  work.charge(kValueUnits);
  if (value.kind == Kind::null) {
    return truth_of(std::holds_alternative<MatchNull>(matcher) && !value.nested);
  }
  return std::visit(Meets{event, value, work}, matcher);
}

Truth Predicate::test(Event& event, Work& work) const {
  if (const auto* exists = std::get_if<MatchExists>(&matcher)) {
    return truth_of(event.present(field) == exists->exists);
  }
  if (std::holds_alternative<MatchNull>(matcher) && !event.present(field)) return Truth::yes;
  Truth found = Truth::no;
  std::uint64_t units = 0;
  for (Value* value = event.first(field); value != nullptr; value = event.next(*value)) {
    units += kValueUnits;
    if (units > Work::kSmall && work.is_spent()) return Truth::unknown;
    const Truth truth = value_meets(matcher, event, *value, work);
    if (truth == Truth::yes) return truth;
    if (truth == Truth::unknown) found = truth;
  }
  return found;
}

Value* Predicate::witness(Event& event, Work& work) const {
  for (Value* value = event.first(field); value != nullptr && !work.is_spent();
       value = event.next(*value)) {
    if (value_meets(matcher, event, *value, work) == Truth::yes) return value;
  }
  return nullptr;
}

std::string Predicate::met_pattern(Event& event, Value& value, Work& work) const {
  if (const auto* strings = std::get_if<MatchStrings>(&matcher)) {
    if (strings->globs.size() == 1 && strings->exact.empty()) return strings->glob_sources.front();
    const std::string_view text = strings->cased ? value.text : event.folded(value);
    for (std::size_t i = 0; i < strings->globs.size(); ++i) {
      if (strings->globs[i].matches(text, work) == Truth::yes) return strings->glob_sources[i];
    }
    for (const std::string& written : patterns) {
      const std::string plain = Pattern::parse(written).plain();
      if ((strings->cased ? plain : text::folded(plain)) == text) return written;
    }
    return std::string(value.text);
  }
  if (std::holds_alternative<MatchScalars>(matcher)) {
    for (const std::string& written : patterns) {
      if (text::folded(written) == event.folded(value)) return written;
    }
  }
  if (const auto* part = std::get_if<MatchTimePart>(&matcher)) {
    for (const std::int64_t wanted : part->values) {
      if (value_meets(MatchTimePart{part->part, part->equals, part->order, {wanted}}, event, value,
                      work) == Truth::yes) {
        return std::to_string(wanted);
      }
    }
  }
  if (const auto* regexes = std::get_if<MatchRegexes>(&matcher)) {
    if (regexes->regexes.size() == 1) return regexes->regexes.front().pattern();
    for (const Regex& regex : regexes->regexes) {
      if (regex.matches(value.text, work) == Truth::yes) return regex.pattern();
    }
  }
  if (const auto* cidrs = std::get_if<MatchCidrs>(&matcher)) {
    for (const IpPrefix& network : cidrs->networks.networks()) {
      const auto address = parse_ip(value.text);
      if (address && contains(network, *address)) return to_string(network);
    }
  }
  return patterns.empty() ? std::string() : patterns.front();
}

}  // namespace tocsin::program
