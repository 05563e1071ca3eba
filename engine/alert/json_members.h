// Members of JSON objects that may or may not be there, or be of another type.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alert/event_facts.h"

namespace tocsin::alert {

namespace bj = boost::json;
struct CorrelationFacts;

// "" when `object` has no text of that name.
inline std::string text(const bj::object& object, std::string_view name) {
  const bj::value* value = object.if_contains(name);
  const bj::string* string = value != nullptr ? value->if_string() : nullptr;
  return string != nullptr ? std::string(*string) : std::string();
}

inline std::vector<std::string> texts(const bj::object& object, std::string_view name) {
  std::vector<std::string> out;
  const bj::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return out;
  for (const bj::value& item : value->get_array()) {
    if (const bj::string* string = item.if_string()) out.emplace_back(*string);
  }
  return out;
}

inline std::uint64_t number(const bj::object& object, std::string_view name,
                            std::uint64_t otherwise) {
  const bj::value* value = object.if_contains(name);
  if (value == nullptr) return otherwise;
  if (const std::int64_t* integer = value->if_int64()) {
    return *integer >= 0 ? static_cast<std::uint64_t>(*integer) : otherwise;
  }
  const std::uint64_t* integer = value->if_uint64();
  return integer != nullptr ? *integer : otherwise;
}

inline const bj::object& object_in(const bj::object& object, std::string_view name) {
  static const bj::object kNone;
  const bj::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

inline const bj::array& array_in(const bj::object& object, std::string_view name) {
  static const bj::array kNone;
  const bj::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

// The facts of an event, and where it was read.
inline void read_facts(const bj::object& json, EventFacts<std::string>& out) {
  for (const EventFact<std::string>& fact : kEventFacts<std::string>) {
    out.*fact.text = text(json, fact.key);
  }
  const bj::object& input = object_in(json, "input");
  out.input_path = text(input, "path");
  out.input_record = number(input, "record", 0);
}

// What facts_json() wrote.
CorrelationFacts correlation_of(const bj::object& json);

}  // namespace tocsin::alert
