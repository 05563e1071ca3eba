#include "slack_correlation.h"

#include <fmt/format.h>

#include "alert/correlation_words.h"
#include "alert/wording.h"
#include "slack_joined.h"
#include "slack_text.h"

namespace tocsin::notifiers::slack {
namespace {

using alert::CorrelatedEvent;
using alert::CorrelationFacts;

constexpr std::size_t kGroup = 900;    // all fields of a group
constexpr std::size_t kValue = 200;    // one value
constexpr std::size_t kMeasure = 160;  // what was counted
constexpr std::size_t kEvents = 2400;  // all lines of events
constexpr std::size_t kFirst = 4, kLast = 4;

std::string pairs(std::string_view head,
                  const std::vector<std::pair<std::string, std::string>>& pairs) {
  Joined lines(std::string(head), "\n", kGroup);
  for (const auto& [field, value] : pairs) {
    lines.add(fmt::format("{} {}", code(alert::field_words(field), 80), code(value, kValue)));
  }
  return std::move(lines).take();
}

std::string measured(const CorrelationFacts& facts) {
  std::string out = "*Measured*\n" + code(alert::measure_words(facts), kMeasure);
  if (!facts.condition.empty()) out += "\nasked for: " + code(facts.condition, kMeasure);
  return out;
}

std::string window(const CorrelationFacts& facts) {
  std::string out =
      fmt::format("*Window*\n{}\nto {}", date(alert::nanosecond_text(facts.window_begin)),
                  date(alert::nanosecond_text(facts.window_end)));
  if (facts.timespan > 0) {
    out += fmt::format("\ntime span {}", alert::span_words(facts.timespan / 1'000'000));
  }
  return out;
}

std::string repeated(const CorrelationFacts& facts) {
  if (facts.firings < 2) return {};
  return fmt::format("*How often*\n{} times\nfirst {}\nlast {}", facts.firings,
                     date(alert::nanosecond_text(facts.first)),
                     date(alert::nanosecond_text(facts.last)));
}

std::string line_of(const CorrelatedEvent& event) {
  const std::string what = alert::call_words(event);
  std::string out =
      fmt::format("• {} {}", date(event.event_time), code(what.empty() ? event.rule : what, 110));
  if (!event.principal.empty()) {
    out += " by " + code(event.person.empty() ? event.principal : event.person, 120);
  }
  if (!event.source_ip.empty()) out += " from " + code(event.source_ip, 45);
  return out;
}

}  // namespace

std::vector<std::string> correlation_fields(const CorrelationFacts& facts) {
  return {pairs("*Group*\n", facts.group_by), measured(facts), pairs("*New*\n", facts.values),
          window(facts), repeated(facts)};
}

std::string correlation_events(const CorrelationFacts& facts) {
  const auto shown = alert::shown_events(facts, kFirst, kLast);
  const std::string head =
      facts.hits > facts.events.size() || facts.events.size() > kFirst + kLast
          ? fmt::format("*Events* (the first and the last of {})\n", facts.hits)
          : std::string("*Events*\n");
  Joined lines(head, "\n", kEvents);
  for (const CorrelatedEvent* event : shown) lines.add(event == nullptr ? "…" : line_of(*event));
  return std::move(lines).take();
}

std::string correlation_entry(const CorrelationFacts& facts, std::size_t limit) {
  const std::string measure = alert::measure_words(facts);
  const std::string group = alert::pairs_words(facts.group_by, 200);
  if (group.empty()) return code(measure, limit);
  constexpr std::string_view kOf = " of ";
  const std::size_t half = (limit - kOf.size()) / 2;
  return code(measure, half) + std::string(kOf) + code(group, half);
}

}  // namespace tocsin::notifiers::slack
