#include "alert/correlation_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "alert/wording.h"
#include "base/time.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t kShownPoints = 90;  // of a value
constexpr std::size_t kCalls = 4;         // more say nothing more

std::string span_of(const CorrelationFacts& facts) {
  return span_words(facts.timespan / kMillisecond);
}

std::string fields_words(const CorrelationFacts& facts) {
  std::string out;
  for (const std::string& field : facts.field) {
    if (!out.empty()) out += " and ";
    out += field_words(field);
  }
  return out.empty() ? "a field" : shown(out, kShownPoints);
}

// What `part` gives for all events; "" when they differ.
template <class Part>
std::string common(const CorrelationFacts& facts, Part part) {
  if (facts.events.empty()) return {};
  const std::string first = part(facts.events.front());
  const bool same = std::all_of(facts.events.begin(), facts.events.end(),
                                [&](const CorrelatedEvent& event) { return part(event) == first; });
  return same ? first : std::string();
}

// "s3:GetObject (AccessDenied)", "AccessDenied", "s3:GetObject" or "events".
std::string counted(const CorrelationFacts& facts) {
  std::string all = common(facts, call_words);
  if (!all.empty()) return all;
  std::string error =
      common(facts, [](const CorrelatedEvent& event) { return shown(event.error_code, 40); });
  if (!error.empty()) return error;
  const std::string name = common(facts, [](const CorrelatedEvent& event) {
    return call(event.event_source, event.event_name);
  });
  return name.empty() ? "events" : name;
}

// The different calls in the order in which they came, or what the rules say when there are none.
std::string chain(const CorrelationFacts& facts, std::string_view arrow) {
  std::vector<std::string> seen;
  for (const CorrelatedEvent& event : facts.events) {
    const std::string one = event.event_name.empty() ? shown(event.rule, 40)
                                                     : call(event.event_source, event.event_name);
    if (one.empty() || std::find(seen.begin(), seen.end(), one) != seen.end()) continue;
    seen.push_back(one);
  }
  std::string out;
  for (std::size_t i = 0; i < std::min(seen.size(), kCalls); ++i) {
    if (!out.empty()) out += arrow;
    out += seen[i];
  }
  return seen.size() > kCalls ? out + std::string(arrow) + "…" : out;
}

std::string happened(const CorrelationFacts& facts) {
  const std::string within = " within " + span_of(facts);
  if (facts.type == "event_count") {
    return fmt::format("{} × {}", number_words(facts.measure), counted(facts)) + within;
  }
  if (facts.type == "temporal" || facts.type == "temporal_ordered") {
    const std::string calls = chain(facts, facts.type == "temporal" ? ", " : " → ");
    return (calls.empty() ? measure_words(facts) : calls) + within;
  }
  if (facts.type == "new_value") {
    return facts.values.empty() ? "First use of a value of " + fields_words(facts)
                                : "First use of " + pairs_words(facts.values, 2 * kShownPoints);
  }
  if (facts.type == "silent_source") {
    return fmt::format("Nothing was heard for {} since {}", span_of(facts),
                       nanosecond_text(facts.window_begin));
  }
  std::string out = measure_words(facts);
  if (out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out + within;
}

// " by X from Y in Z, account A, other = value".
std::string of_group(const CorrelationFacts& facts) {
  std::string by, from, in, account, others;
  for (const auto& [field, value] : facts.group_by) {
    const std::string name = field_words(field), text = shown(value, kShownPoints);
    if (name == "principal" && by.empty()) {
      by = " by " + text;
    } else if (name == "source address" && from.empty()) {
      from = " from " + text;
    } else if (name == "region" && in.empty()) {
      in = " in " + text;
    } else if (name == "account" && account.empty()) {
      account = ", account " + text;
    } else {
      others += fmt::format(", {} = {}", name, text);
    }
  }
  if (by.empty()) {
    const std::string principal = only_principal(facts);
    if (!principal.empty()) by = " by " + principal;
  }
  return by + from + in + account + others;
}

}  // namespace

std::string field_words(std::string_view field) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"tocsin.principal", "principal"},
      {"tocsin.person", "person"},
      {"userIdentity.arn", "principal"},
      {"userIdentity.sessionContext.sessionIssuer.arn", "principal"},
      {"userIdentity.principalId", "principal"},
      {"userIdentity.userName", "user"},
      {"userIdentity.accessKeyId", "access key"},
      {"tocsin.account", "account"},
      {"recipientAccountId", "account"},
      {"userIdentity.accountId", "account of the identity"},
      {"tocsin.source", "source"},
      {"tocsin.identity_kind", "kind of identity"},
      {"tocsin.source_ip_kind", "kind of address"},
      {"sourceIPAddress", "source address"},
      {"awsRegion", "region"},
      {"userAgent", "user agent"},
      {"eventName", "call"},
      {"eventSource", "service"},
      {"errorCode", "error"},
  };
  for (const auto& [path, name] : kNames) {
    if (path == field) return std::string(name);
  }
  return shown(field, 60);
}

std::string pairs_words(const std::vector<std::pair<std::string, std::string>>& pairs,
                        std::size_t code_points) {
  std::string out;
  for (const auto& [field, value] : pairs) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{} = {}", field_words(field), shown(value, code_points));
    if (out.size() > 4 * code_points) break;  // more is not shown
  }
  return shown(out, code_points);
}

std::string number_words(double number) {
  if (!std::isfinite(number)) return "0";
  if (std::abs(number) >= 1e15) return fmt::format("{:g}", number);
  std::string text = fmt::format("{:.6f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string measure_words(const CorrelationFacts& facts) {
  const std::string number = number_words(facts.measure);
  const std::string_view type = facts.type;
  if (type == "value_count") {
    return fmt::format("{} different values of {}", number, fields_words(facts));
  }
  if (type == "value_sum") return fmt::format("{} adds up to {}", fields_words(facts), number);
  if (type == "value_avg") return fmt::format("{} averages {}", fields_words(facts), number);
  if (type == "value_median") {
    return fmt::format("the median of {} is {}", fields_words(facts), number);
  }
  if (type == "value_percentile") {
    return fmt::format("the percentile of {} is {}", fields_words(facts), number);
  }
  if (type == "temporal") return number + " kinds of events";
  if (type == "temporal_ordered") return number + " kinds of events in order";
  if (type == "new_value") {
    const std::string what =
        facts.values.empty() ? fields_words(facts) : pairs_words(facts.values, kShownPoints);
    return fmt::format("first use of {}, {} known before", what, number);
  }
  if (type == "silent_source") return "nothing for " + span_of(facts);
  return number + (number == "1" ? " event" : " events");
}

std::string actor_or_principal(const CorrelatedEvent& event) {
  return shown(event.person.empty() ? event.principal : event.person, kShownPoints);
}

std::string only_principal(const CorrelationFacts& facts) {
  return common(facts,
                [](const CorrelatedEvent& event) { return shown(event.principal, kShownPoints); });
}

std::string call_words(const CorrelatedEvent& event) {
  std::string out = call(event.event_source, event.event_name);
  if (event.error_code.empty()) return out;
  const std::string error = shown(event.error_code, 40);
  return out.empty() ? error : fmt::format("{} ({})", out, error);
}

std::string event_words(const CorrelatedEvent& event) {
  std::string out = call_words(event);
  if (out.empty()) out = event.rule.empty() ? "an event" : shown(event.rule, kShownPoints);
  if (!event.principal.empty()) out += " by " + actor_or_principal(event);
  if (!event.source_ip.empty()) out += " from " + shown(event.source_ip, 60);
  if (!event.region.empty()) out += " in " + shown(event.region, 30);
  return out;
}

std::vector<const CorrelatedEvent*> shown_events(const CorrelationFacts& facts, std::size_t first,
                                                 std::size_t last) {
  std::vector<const CorrelatedEvent*> out;
  const std::size_t count = facts.events.size();
  const bool all = count <= first + last && facts.hits <= count;
  for (std::size_t i = 0; i < count; ++i) {
    if (!all && i == std::min(first, count)) out.push_back(nullptr);
    if (count <= first + last || i < first || i + last >= count) out.push_back(&facts.events[i]);
  }
  return out;
}

std::string correlation_summary(const CorrelationFacts& facts, std::size_t bytes) {
  std::string out = happened(facts) + of_group(facts);
  if (facts.firings > 1) {
    out += fmt::format(", {} times since {}", facts.firings, nanosecond_text(facts.first));
  }
  return cut_bytes(std::move(out), bytes);
}

}  // namespace tocsin::alert
