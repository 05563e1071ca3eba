#include "program/predicate.h"

#include <re2/re2.h>

#include <algorithm>

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

bool has_affix(std::string_view text, std::string_view part, Affix affix) {
  switch (affix) {
    case Affix::whole:
      return text == part;
    case Affix::prefix:
      return text.starts_with(part);
    case Affix::suffix:
      return text.ends_with(part);
    case Affix::anywhere:
      return text.find(part) != std::string_view::npos;
  }
  return false;
}

// Answers for one non-null value.
struct Meets {
  Event& event;
  Value& value;

  bool operator()(const MatchStrings& m) const {
    if (m.globs.empty() && !m.cased && event.is_spelled_out()) {  // need not be folded
      return m.exact.find_caseless(value.text) != StringTable::kMissing;
    }
    const std::string_view text = m.cased ? value.text : event.folded(value);
    if (m.exact.contains(text)) return true;
    return m.filter.any(text, m.globs.size(),
                        [&](std::size_t i) { return m.globs[i].matches(text); });
  }
  bool operator()(const MatchScalars& m) const {
    return !value.nested && m.exact.contains(event.folded(value));
  }
  bool operator()(const MatchRegexes& m) const {
    const std::string_view text = value.text.substr(0, limits::kRegexSubjectBytes);
    const re2::StringPiece subject(text.data(), text.size());
    const std::string_view folded = m.filter.tries_all() ? std::string_view() : event.folded(value);
    return m.filter.any(folded, m.regexes.size(), [&](std::size_t i) {
      return re2::RE2::PartialMatch(subject, *m.regexes[i]);
    });
  }
  bool operator()(const MatchCidrs& m) const {
    if (value.nested || value.kind != Kind::string) return false;
    const auto address = parse_ip(value.text);
    return address && m.networks.find(*address, [](std::uint32_t) { return true; });
  }
  bool operator()(const MatchOrder& m) const {
    if (value.nested || value.kind == Kind::boolean) return false;
    const auto number = Number::parse(value.text);
    return number && in_order(m.order, Number::compare(*number, m.bound));
  }
  bool operator()(const MatchTimePart& m) const {
    if (value.nested || value.kind == Kind::boolean) return false;
    const auto time = parse_time(value.text);
    if (!time) return false;
    const std::int64_t part = part_of(*time, m.part);
    return std::any_of(m.values.begin(), m.values.end(), [&](std::int64_t wanted) {
      return m.equals ? part == wanted
                      : in_order(m.order, part < wanted   ? -1
                                          : part > wanted ? 1
                                                          : 0);
    });
  }
  bool operator()(const MatchField& m) const {
    if (value.nested) return false;
    const std::string_view text = m.cased ? value.text : event.folded(value);
    for (Value* other = event.first(m.other); other != nullptr; other = event.next(*other)) {
      if (other->nested || other->kind == Kind::null) continue;
      if (has_affix(text, m.cased ? other->text : event.folded(*other), m.affix)) return true;
    }
    return false;
  }
  bool operator()(const MatchExists&) const { return false; }
  bool operator()(const MatchNull&) const { return false; }
};

}  // namespace

bool value_meets(const Matcher& matcher, Event& event, Value& value) {
  if (value.kind == Kind::null) {
    return std::holds_alternative<MatchNull>(matcher) && !value.nested;
  }
  return std::visit(Meets{event, value}, matcher);
}

bool Predicate::test(Event& event) const {
  if (const auto* exists = std::get_if<MatchExists>(&matcher)) {
    return event.present(field) == exists->exists;
  }
  if (std::holds_alternative<MatchNull>(matcher) && !event.present(field)) return true;
  for (Value* value = event.first(field); value != nullptr; value = event.next(*value)) {
    if (value_meets(matcher, event, *value)) return true;
  }
  return false;
}

Value* Predicate::witness(Event& event) const {
  for (Value* value = event.first(field); value != nullptr; value = event.next(*value)) {
    if (value_meets(matcher, event, *value)) return value;
  }
  return nullptr;
}

bool Predicate::cuts_subject(Event& event) const {
  if (!std::holds_alternative<MatchRegexes>(matcher)) return false;
  for (const Value* value = event.first(field); value != nullptr; value = event.next(*value)) {
    if (value->text.size() > limits::kRegexSubjectBytes) return true;
  }
  return false;
}

std::string Predicate::met_pattern(Event& event, Value& value) const {
  if (const auto* strings = std::get_if<MatchStrings>(&matcher)) {
    const std::string_view text = strings->cased ? value.text : event.folded(value);
    for (std::size_t i = 0; i < strings->globs.size(); ++i) {
      if (strings->globs[i].matches(text)) return strings->glob_sources[i];
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
      if (value_meets(MatchTimePart{part->part, part->equals, part->order, {wanted}}, event,
                      value)) {
        return std::to_string(wanted);
      }
    }
  }
  if (const auto* regexes = std::get_if<MatchRegexes>(&matcher)) {
    for (const auto& regex : regexes->regexes) {
      if (value_meets(MatchRegexes{{regex}, {}, {}}, event, value)) return regex->pattern();
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
