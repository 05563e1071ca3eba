#include "differential/reference/envelopes.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <set>

#include "differential/reference/json_dom.h"

namespace tocsin::reference {
namespace {

using Kind = Json::Kind;

// What an object is an element of.
enum class Parent { none, records, firehose, log_events, control };

bool is_one_of(const std::set<std::string_view>& keys, std::string_view key) {
  return keys.count(key) != 0;
}

bool holds_records(const Member& member) {
  return is_one_of({"Records", "records", "logEvents"}, member.key) &&
         member.value.kind == Kind::array;
}

bool is_transport_member(std::string_view key) {
  return is_one_of({"messageType", "owner", "logGroup", "logStream", "subscriptionFilters",
                    "policyLevel", "requestId", "timestamp", "invocationId", "deliveryStreamArn",
                    "sourceKinesisStreamArn", "region"},
                   key);
}

// The values of all members of that name.
std::vector<const Json*> all(const Json& object, std::string_view key) {
  std::vector<const Json*> values;
  for (const Member& member : object.members) {
    if (member.key == key) values.push_back(&member.value);
  }
  return values;
}
bool any(const std::vector<const Json*>& values, Kind kind) {
  return std::any_of(values.begin(), values.end(), [&](const Json* v) { return v->kind == kind; });
}
bool any(const std::vector<const Json*>& values, std::string_view text) {
  return std::any_of(values.begin(), values.end(),
                     [&](const Json* v) { return v->kind == Kind::string && v->text == text; });
}

std::optional<std::string> from_base64(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned long bits = 0;
  std::size_t count = 0;
  text = text.substr(0, text.find('='));
  if (text.size() % 4 == 1) return std::nullopt;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    bits = (bits << 6 | value) & 0xFFFF;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return bytes;
}

// Of one member.
std::string from_gzip(std::string bytes) {
  std::string text(std::size_t{1} << 20, '\0');
  z_stream stream{};
  ::inflateInit2(&stream, 16 + MAX_WBITS);
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  ::inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  ::inflateEnd(&stream);
  return text;
}

class Reading {
 public:
  void text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto value = parse_json_at(text, at);
      if (!value && std::string_view(", \t\r\n").find(text[at]) != std::string_view::npos) {
        ++at;
      } else if (!value) {
        ++found.rejected;  // no JSON: nothing is sought behind it
        return;
      } else if (value->kind == Kind::array) {
        array(*value);
      } else {
        object(*value, Parent::none);
      }
    }
  }

  Holdings found;

 private:
  // An array that is in no object.
  void array(const Json& array) {
    for (const Json& element : array.elements) {
      if (element.kind == Kind::object) {
        object(element, Parent::none);
      } else if (element.kind == Kind::array) {
        this->array(element);
      } else {
        ++found.rejected;
      }
    }
  }

  // The elements of a container's array.
  void records(const Json& array, Parent parent) {
    for (const Json& element : array.elements) {
      if (element.kind == Kind::object) {
        object(element, parent);
        continue;
      }
      ++found.rejected;
      if (element.kind == Kind::array) records(element, parent);
    }
  }

  void object(const Json& object, Parent parent) {
    bool is_container = false, is_event = false, says_control = false, says_other = false;
    for (const Member& member : object.members) {
      if (holds_records(member)) {
        is_container = true;
        const bool control = says_control && !says_other;
        records(member.value, member.key == "Records"   ? Parent::records
                              : member.key == "records" ? Parent::firehose
                              : control                 ? Parent::control
                                                        : Parent::log_events);
      } else if (member.key == "messageType") {
        const bool control =
            member.value.kind == Kind::string && member.value.text == "CONTROL_MESSAGE";
        (control ? says_control : says_other) = true;
      } else if (!is_transport_member(member.key)) {
        is_event = true;
      }
    }
    if (!is_container || is_event) alone(object, parent);
  }

  // An object without regard to the arrays of records in it.
  void alone(const Json& object, Parent parent) {
    if (parent == Parent::control) {
      ++found.control;
    } else if (is_cloudtrail(object) || !is_envelope(object, parent)) {
      found.events.push_back(to_text(object));
    }
  }

  static bool is_cloudtrail(const Json& object) {
    for (const Member& member : object.members) {
      if (is_one_of({"eventID", "eventCategory", "sourceIPAddress", "eventType", "userAgent",
                     "requestID"},
                    member.key)) {
        return true;
      }
      if (member.key == "eventVersion" && member.value.kind == Kind::string &&
          member.value.text.starts_with("1.")) {
        return true;
      }
    }
    return false;
  }

  // Reads the payloads; false when there is none.
  bool is_envelope(const Json& object, Parent parent) {
    const auto data = all(object, "data");
    if (parent == Parent::firehose && any(data, Kind::string)) return payloads(data, true);
    const auto log_message = all(object, "message");
    if (parent == Parent::log_events && any(log_message, Kind::string)) {
      return payloads(log_message, false);
    }
    const bool sns = !all(object, "TopicArn").empty();
    const auto message = all(object, "Message"), type = all(object, "Type");
    if (sns && any(type, "Notification") && any(message, Kind::string)) {
      return payloads(message, false);
    }
    if (sns && (any(type, "SubscriptionConfirmation") || any(type, "UnsubscribeConfirmation"))) {
      ++found.control;
      return true;
    }
    std::vector<const Json*> logs;
    for (const Json* awslogs : all(object, "awslogs")) {
      for (const Json* value : all(*awslogs, "data")) logs.push_back(value);
    }
    if (any(logs, Kind::string)) return payloads(logs, true);
    const auto detail = all(object, "detail");
    if (!all(object, "detail-type").empty() && !all(object, "source").empty() &&
        any(detail, Kind::object)) {
      return nested(detail, false);
    }
    if (all(object, "specversion").empty()) return false;
    const auto encoded = all(object, "data_base64");
    const bool has_data =
        !all(object, "type").empty() &&
        (any(data, Kind::string) || any(data, Kind::object) || any(data, Kind::array));
    if (!has_data && !any(encoded, Kind::string)) return false;
    return nested(data, true) && payloads(encoded, true);
  }

  // Payloads that are values. CloudEvents may hold text and arrays, too.
  bool nested(const std::vector<const Json*>& values, bool cloud_event) {
    for (const Json* value : values) {
      if (value->kind == Kind::object) {
        object(*value, Parent::none);
      } else if (cloud_event && value->kind == Kind::array) {
        array(*value);
      } else if (cloud_event && value->kind == Kind::string) {
        payloads({value}, false);
      } else if (value->kind != Kind::null) {
        ++found.rejected;
      }
    }
    return true;
  }

  // Payloads that are text.
  bool payloads(const std::vector<const Json*>& values, bool base64) {
    for (const Json* value : values) {
      if (value->kind == Kind::null) continue;
      const auto bytes = base64 ? from_base64(value->text) : std::optional(value->text);
      if (value->kind != Kind::string || !bytes) {
        ++found.rejected;
      } else if (bytes->starts_with("CWL CONTROL MESSAGE")) {
        ++found.control;
      } else {
        text(bytes->starts_with("\x1f\x8b") ? from_gzip(*bytes) : *bytes);
      }
    }
    return true;
  }
};

}  // namespace

Holdings holdings(std::string_view text) {
  Reading reading;
  reading.text(text);
  return std::move(reading.found);
}

}  // namespace tocsin::reference
