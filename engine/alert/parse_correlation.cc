#include <algorithm>
#include <cmath>

#include "alert/correlation.h"
#include "alert/json_members.h"
#include "base/time.h"

namespace tocsin::alert {
namespace {

// Tocsin writes far fewer; nobody is told more.
constexpr std::size_t kMostEvents = 100;
constexpr std::size_t kMostPairs = 100;
// Times that nanoseconds since 1970 can count.
constexpr std::int64_t kMostSeconds = 9'000'000'000;

// 0 for what is no time.
std::int64_t time_in(const bj::object& json, std::string_view name) {
  const auto time = parse_time(text(json, name));
  if (!time) return 0;
  const std::int64_t seconds = time->unix_seconds();
  if (seconds < -kMostSeconds || seconds > kMostSeconds) return 0;
  return seconds * kSecond + time->nanosecond;
}

double double_in(const bj::object& json, std::string_view name) {
  const bj::value* value = json.if_contains(name);
  if (value == nullptr || !value->is_number()) return 0;
  const double number = value->to_number<double>();
  return std::isfinite(number) ? number : 0;
}

std::vector<std::pair<std::string, std::string>> pairs_in(const bj::object& json,
                                                          std::string_view name) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const bj::key_value_pair& pair : object_in(json, name)) {
    if (out.size() == kMostPairs) break;
    const bj::string* value = pair.value().if_string();
    if (value != nullptr) out.emplace_back(std::string(pair.key()), std::string(*value));
  }
  return out;
}

CorrelatedEvent event_of(const bj::object& json) {
  CorrelatedEvent event;
  event.rule = text(json, "rule");
  read_facts(json, event);
  return event;
}

}  // namespace

CorrelationFacts correlation_of(const bj::object& json) {
  CorrelationFacts facts;
  facts.type = text(json, "type");
  facts.condition = text(json, "condition");
  facts.field = texts(json, "field");
  facts.group_by = pairs_in(json, "group_by");
  facts.values = pairs_in(json, "values");
  const bj::object& window = object_in(json, "window");
  facts.window_begin = time_in(window, "start");
  facts.window_end = time_in(window, "end");
  const std::uint64_t seconds = number(window, "timespan_seconds", 0);
  facts.timespan =
      static_cast<std::int64_t>(std::min(seconds, static_cast<std::uint64_t>(kMostSeconds))) *
      kSecond;
  facts.measure = double_in(json, "measure");
  facts.hits = number(json, "hits", 0);
  facts.firings = number(json, "firings", 1);
  facts.first = time_in(json, "first");
  facts.last = time_in(json, "last");
  for (const bj::value& event : array_in(json, "events")) {
    if (facts.events.size() == kMostEvents) break;
    if (event.is_object()) facts.events.push_back(event_of(event.get_object()));
  }
  return facts;
}

}  // namespace tocsin::alert
