// Reading answers in JSON: members by name, with what stands for absent ones. For sources of this
// folder only: it brings in Boost.JSON.
#pragma once

#include <boost/json.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/failure.h"

namespace tocsin::aws {

// The answer's object, or a failure that names the call.
inline Outcome<boost::json::object> parse_object(std::string_view text, const Subject& subject) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) {
    return tl::unexpected(Failure{Kind::invalid,
                                  false,
                                  0,
                                  {},
                                  std::string(subject.action) + " on " +
                                      std::string(subject.resource) + ": the answer is not JSON"});
  }
  return std::move(value.get_object());
}

inline std::string_view text_of(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

// A number, also one that is written as a text or as a fraction; 0 when it is neither.
inline std::int64_t number_of(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  if (value->is_double() && value->get_double() > -1e18 && value->get_double() < 1e18) {
    return static_cast<std::int64_t>(value->get_double());
  }
  const std::string_view text = text_of(object, key);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The objects of an array member; what is no object is left out.
template <class Each>
void for_each_object(const boost::json::object& object, std::string_view key, Each each) {
  const boost::json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_array()) return;
  for (const boost::json::value& item : value->get_array()) {
    if (item.is_object()) each(item.get_object());
  }
}

}  // namespace tocsin::aws
