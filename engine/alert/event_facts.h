// EventFacts: the texts that an alert shows of an event. An alert about one event has them, and so
// has each event of a correlation. One table lists them with their JSON keys; whatever writes,
// reads, copies or shows all of them goes through the table. Absent: "".
//
// A new fact is a member and a row here, and a line in shown_fields.cc, which reads it; if the
// events of a correlation show it too, one in correlate/hit.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace tocsin::alert {

template <class Text>
struct EventFacts {
  Text principal;
  Text person, session_name;  // event/cloudtrail.h
  Text source_identity, invoked_by;
  Text identity_kind, mfa;
  Text access_key;  // the key id that signed the call
  Text source_ip, source_ip_kind, user_agent;
  Text account, region;
  Text event_source, event_name, error_code, error_message;
  Text event_id, event_time;

  Text input_path;  // "" when not from a file
  std::uint64_t input_record = 0;

  bool operator==(const EventFacts&) const = default;
};

template <class Text>
struct EventFact {
  std::string_view key;  // in JSON; in upper case, the name of a template's variable
  Text EventFacts<Text>::*text;
  bool is_word = false;    // one of a few words, which need no escaping
  bool is_always = false;  // an alert's JSON has it even if it is empty
};

// In the order in which an alert's JSON has them.
template <class Text>
inline constexpr EventFact<Text> kEventFacts[] = {
    {"principal", &EventFacts<Text>::principal, false, true},
    {"person", &EventFacts<Text>::person},
    {"session_name", &EventFacts<Text>::session_name},
    {"source_identity", &EventFacts<Text>::source_identity},
    {"invoked_by", &EventFacts<Text>::invoked_by},
    {"identity_kind", &EventFacts<Text>::identity_kind, true, true},
    {"mfa", &EventFacts<Text>::mfa, true, true},
    {"access_key_id", &EventFacts<Text>::access_key},
    {"source_ip", &EventFacts<Text>::source_ip, false, true},
    {"source_ip_kind", &EventFacts<Text>::source_ip_kind, true, true},
    {"user_agent", &EventFacts<Text>::user_agent, false, true},
    {"account", &EventFacts<Text>::account, false, true},
    {"region", &EventFacts<Text>::region, false, true},
    {"event_source", &EventFacts<Text>::event_source, false, true},
    {"event_name", &EventFacts<Text>::event_name, false, true},
    {"error_code", &EventFacts<Text>::error_code},
    {"error_message", &EventFacts<Text>::error_message},
    {"event_id", &EventFacts<Text>::event_id, false, true},
    {"event_time", &EventFacts<Text>::event_time, false, true},
};

template <class From, class To>
void copy_facts(const EventFacts<From>& from, EventFacts<To>& to) {
  for (std::size_t i = 0; i < std::size(kEventFacts<From>); ++i) {
    to.*kEventFacts<To>[i].text = To(from.*kEventFacts<From>[i].text);
  }
  to.input_path = To(from.input_path);
  to.input_record = from.input_record;
}

}  // namespace tocsin::alert
