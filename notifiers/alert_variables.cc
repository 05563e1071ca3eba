#include "alert_variables.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "alert/correlation_words.h"
#include "alert/occurrences.h"
#include "alert/wording.h"

namespace tocsin::notifiers {
namespace {

using deliver::Item;

constexpr std::size_t kGroup = 1000;  // code points

// Of an alert about one event: nothing.
const alert::CorrelationFacts& facts(const Item& item) {
  static const alert::CorrelationFacts kNone;
  return item.alert.correlation != nullptr ? *item.alert.correlation : kNone;
}

std::string time(const Item& item, std::int64_t nanoseconds) {
  return item.alert.correlation != nullptr ? alert::nanosecond_text(nanoseconds) : std::string();
}

// The facts of the event have their JSON keys for names, in upper case.
constexpr std::size_t kFacts = std::size(alert::kEventFacts<std::string>);

template <std::size_t kIndex>
std::string fact(const Item& item) {
  return item.alert.*alert::kEventFacts<std::string>[kIndex].text;
}

template <std::size_t... kIndexes>
void add_facts(std::vector<Variable>& out, std::index_sequence<kIndexes...>) {
  static const auto kNames = [] {
    std::array<std::string, kFacts> names;
    for (std::size_t i = 0; i < kFacts; ++i) {
      for (const char c : alert::kEventFacts<std::string>[i].key) {
        names[i] += c == '_' ? c : static_cast<char>(c - 'a' + 'A');
      }
    }
    return names;
  }();
  (out.push_back({kNames[kIndexes], fact<kIndexes>}), ...);
}

constexpr Variable kOthers[] = {
    {"ALERT_ID", [](const Item& i) { return i.alert.id; }},
    {"FINGERPRINT", [](const Item& i) { return i.alert.fingerprint; }},
    {"STATUS", [](const Item& i) { return i.alert.status; }},
    {"SUMMARY", [](const Item& i) { return alert::summary(i.alert); }},
    {"NOTIFICATION_ID", [](const Item& i) { return i.key; }},
    {"RULE_ID", [](const Item& i) { return i.alert.rule->id; }},
    {"RULE_TITLE", [](const Item& i) { return i.alert.rule->title; }},
    {"RULE_LEVEL", [](const Item& i) { return i.alert.rule->level; }},
    {"RULE_FILE", [](const Item& i) { return i.alert.rule->file; }},
    {"RULE_DESCRIPTION", [](const Item& i) { return i.alert.rule->description; }},
    {"RUNBOOK", [](const Item& i) { return i.alert.rule->runbook; }},
    {"ACTOR", [](const Item& i) { return alert::actor_words(i.alert); }},
    {"RESOURCE", [](const Item& i) { return alert::resource_words(i.alert.resources, kGroup); }},
    {"RULE_AUTHOR", [](const Item& i) { return i.alert.rule->author; }},
    {"DETECTED_AT", [](const Item& i) { return i.alert.detected_at; }},
    {"SOURCE", [](const Item& i) { return i.alert.source; }},
    {"COUNT", [](const Item& i) { return std::to_string(i.alert.count); }},
    {"FIRST_SEEN", [](const Item& i) { return i.alert.first_seen; }},
    {"LAST_SEEN", [](const Item& i) { return i.alert.last_seen; }},
    {"CORRELATION_TYPE", [](const Item& i) { return facts(i).type; }},
    {"GROUP", [](const Item& i) { return alert::pairs_words(facts(i).group_by, kGroup); }},
    {"MEASURE",
     [](const Item& i) {
       return i.alert.correlation == nullptr ? std::string() : alert::measure_words(facts(i));
     }},
    {"WINDOW_START", [](const Item& i) { return time(i, facts(i).window_begin); }},
    {"WINDOW_END", [](const Item& i) { return time(i, facts(i).window_end); }},
    {"HITS", [](const Item& i) { return std::to_string(facts(i).hits); }},
    {"FIRINGS", [](const Item& i) { return std::to_string(facts(i).firings); }},
};

// JSON as it is.
constexpr Variable kJsonVariables[] = {
    {"ALERT_JSON", [](const Item& i) { return i.json; }},
    {"EVENT_JSON", [](const Item& i) { return i.alert.event; }},
};

std::vector<Round> one_each(const std::vector<std::string>& texts) {
  std::vector<Round> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.push_back({text});
  return out;
}

std::vector<Round> when(bool is_so) {
  return is_so ? std::vector<Round>(1) : std::vector<Round>();
}

const Section kSections[] = {
    {"TAGS", {"TAG"}, [](const Item& i) { return one_each(i.alert.rule->tags); }},
    {"REFERENCES", {"REFERENCE"}, [](const Item& i) { return one_each(i.alert.rule->references); }},
    {"MATCHED",
     {"FIELD", "VALUE", "MATCHER", "PATTERN"},
     [](const Item& i) {
       std::vector<Round> out;
       for (const auto& f : i.alert.matched.fields) {
         out.push_back({f.name, f.value, f.operation, f.pattern});
       }
       return out;
     }},
    {"RESOURCES",
     {"KIND", "NAME"},
     [](const Item& i) {
       std::vector<Round> out;
       for (const alert::Resource& r : i.alert.resources) out.push_back({r.kind, r.name});
       return out;
     }},
    {"HAS_ERROR", {}, [](const Item& i) { return when(!i.alert.error_code.empty()); }},
    {"REPEATED", {}, [](const Item& i) { return when(i.alert.count > 1); }},
    {"EVENTS",
     {"TIME", "CALL", "BY", "FROM"},
     [](const Item& i) {
       std::vector<Round> out;
       for (const alert::CorrelatedEvent& e : facts(i).events) {
         out.push_back({e.event_time, alert::call_words(e), e.principal, e.source_ip});
       }
       return out;
     }},
    {"CORRELATED", {}, [](const Item& i) { return when(i.alert.correlation != nullptr); }},
    {"WITHOUT_MFA", {}, [](const Item& i) { return when(i.alert.mfa == "false"); }},
};

}  // namespace

std::span<const Variable> text_variables() {
  static const auto kVariables = [] {
    std::vector<Variable> out(std::begin(kOthers), std::end(kOthers));
    add_facts(out, std::make_index_sequence<kFacts>());
    return out;
  }();
  return kVariables;
}

std::span<const Variable> json_variables() {
  return kJsonVariables;
}

std::span<const Section> sections() {
  return kSections;
}

const Section* find_section(std::string_view name) {
  const auto* found = std::find_if(std::begin(kSections), std::end(kSections),
                                   [&](const Section& section) { return section.name == name; });
  return found == std::end(kSections) ? nullptr : found;
}

}  // namespace tocsin::notifiers
