#include "event/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "event/base64.h"
#include "event/byte_source.h"
#include "event/gzip.h"
#include "event/json_text.h"
#include "event/raw_json.h"

namespace tocsin::event {
namespace {

using Values = std::vector<std::string_view>;  // as spelled

// The members that tell envelopes from records: all their values, in order.
struct Marks {
  Values type, topic_arn, message;               // SNS
  Values log_message;                            // CloudWatch Logs
  Values detail_type, detail, source;            // EventBridge
  Values awslogs, data, data_base64;             // Lambda, Firehose, CloudEvents
  Values spec_version, event_type;               // CloudEvents
  Values event_source, s3, bucket, object_keys;  // pointers to S3 objects
  Values service, event, digest;                 // S3 test messages, digest files
};

struct MarkKey {
  std::string_view key;
  Values Marks::*slot;
};

constexpr MarkKey kMarkKeys[] = {
    {"Type", &Marks::type},
    {"TopicArn", &Marks::topic_arn},
    {"Message", &Marks::message},
    {"message", &Marks::log_message},
    {"detail-type", &Marks::detail_type},
    {"detail", &Marks::detail},
    {"source", &Marks::source},
    {"awslogs", &Marks::awslogs},
    {"data", &Marks::data},
    {"data_base64", &Marks::data_base64},
    {"specversion", &Marks::spec_version},
    {"type", &Marks::event_type},
    {"eventSource", &Marks::event_source},
    {"s3", &Marks::s3},
    {"s3Bucket", &Marks::bucket},
    {"s3ObjectKey", &Marks::object_keys},
    {"Service", &Marks::service},
    {"Event", &Marks::event},
    {"digestS3Object", &Marks::digest},
};

// Members that CloudTrail records have and envelopes have not.
constexpr std::string_view kRecordKeys[] = {"eventID",   "eventCategory", "sourceIPAddress",
                                            "eventType", "userAgent",     "requestID"};

// The inside of a JSON string, unescaped; `scratch` holds it where it must.
std::string_view plain(std::string_view inside, std::string& scratch) {
  if (inside.find('\\') == inside.npos) return inside;
  scratch.resize(inside.size());
  scratch.resize(unescape(inside, scratch.data()).size);
  return scratch;
}

bool is_string(std::string_view value) {
  return value.size() >= 2 && value.front() == '"';
}
bool is_object(std::string_view value) {
  return value.starts_with('{');
}

// The string's inside, unescaped; "" for other values.
std::string text_of(std::string_view value) {
  if (!is_string(value)) return {};
  const std::string_view text = value.substr(1, value.size() - 2);
  std::string out(text.size(), '\0');
  out.resize(unescape(text, out.data()).size);
  return out;
}

// Nothing when the object is a CloudTrail record. Most begin with their version, which differs from
// that of S3 notifications; otherwise the first members show it.
std::optional<Marks> find_marks(std::string_view json) {
  if (json.starts_with(R"({"eventVersion":"1.)")) return std::nullopt;
  Marks marks;
  std::string scratch;
  Members members(json);
  while (const auto member = members.next()) {
    const std::string_view key = plain(member->key, scratch);
    if (key == "eventVersion" && text_of(member->value).starts_with("1.")) return std::nullopt;
    for (const std::string_view record_key : kRecordKeys) {
      if (key == record_key) return std::nullopt;
    }
    for (const MarkKey& mark : kMarkKeys) {
      if (key == mark.key) (marks.*mark.slot).push_back(member->value);
    }
  }
  return marks;
}

// The values of all members `key` of the objects among `values`.
Values members_of(const Values& values, std::string_view wanted) {
  Values found;
  std::string scratch;
  for (const std::string_view object : values) {
    if (!is_object(object)) continue;
    Members members(object);
    while (const auto member = members.next()) {
      if (plain(member->key, scratch) == wanted) found.push_back(member->value);
    }
  }
  return found;
}

// The text of the first of them.
std::string text_of_first(const Values& values) {
  return values.empty() ? std::string() : text_of(values.front());
}

bool any_string(const Values& values) {
  return std::any_of(values.begin(), values.end(), is_string);
}
bool any_object(const Values& values) {
  return std::any_of(values.begin(), values.end(), is_object);
}
bool any_says(const Values& values, std::string_view text) {
  return std::any_of(values.begin(), values.end(),
                     [&](std::string_view value) { return begins_with_string(value, text); });
}

// A CloudEvent whose payload is in it.
bool is_cloud_event(const Marks& marks) {
  if (marks.spec_version.empty()) return false;
  const bool has_data = any_string(marks.data) || any_object(marks.data) ||
                        std::any_of(marks.data.begin(), marks.data.end(),
                                    [](std::string_view value) { return value.starts_with('['); });
  return (has_data && !marks.event_type.empty()) || any_string(marks.data_base64);
}

// S3 notifications spell keys as HTML forms do.
std::string form_decoded(std::string_view text) {
  const auto digit = [](char c) {
    const std::size_t value = std::string_view("0123456789abcdefABCDEF").find(c);
    return value > 15 && value < 22 ? value - 6 : value;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) < 16 &&
        digit(text[i + 2]) < 16) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

class Unwrapping {
 public:
  Unwrapping(Origin& origin, Batch& batch)
      : origin_(origin), batch_(batch), records_before_(origin.record) {}

  // Of `frame`, only what kind of frame it is counts.
  void object(std::string_view json, const Framer::Frame& frame, std::size_t depth);

 private:
  enum class Coding : std::uint8_t { text, base64 };

  void envelope(std::string_view json, const Marks& marks, Container container, std::size_t depth);
  void record(std::string_view json);
  void payloads(std::string_view name, const Values& values, Coding coding, std::size_t depth);
  void payload(std::string_view name, std::string text, std::size_t depth);
  void nested(std::string_view name, std::string_view json, std::size_t depth);
  void odd_payload(std::string_view name, std::string_view value);
  void read(std::string_view name, std::string_view text, Container container, std::size_t depth,
            bool is_cut = false);
  void event_bridge(const Marks& marks, std::size_t depth);
  void cloud_event(const Marks& marks, std::size_t depth);
  void pointer(std::string_view bucket, std::string_view key);
  void pointers(std::string_view bucket, std::string_view keys);

  // True when the text holds more than it may; the rest of it is then not read.
  bool is_full() {
    if (full_) return true;
    const std::uint64_t items = origin_.record - records_before_ + payloads_;
    if (items < limits::kEnvelopeItems) return false;
    full_ = true;
    add_error(
        {Code::limit, fmt::format("more than {} records in one envelope; the rest is not read",
                                  limits::kEnvelopeItems)},
        origin_, batch_);
    return true;
  }

  bool too_deep(std::string_view name, std::size_t depth) {
    if (depth < limits::kEnvelopeDepth) return false;
    error(name, {Code::limit, fmt::format("more than {} envelopes in one another", depth)});
    return true;
  }

  void error(std::string_view name, Error error) {
    error.message = fmt::format("in the {}: {}", name, error.message);
    add_error(std::move(error), origin_, batch_);
  }

  Origin& origin_;
  Batch& batch_;
  std::uint64_t records_before_;
  std::uint64_t payloads_ = 0;
  std::size_t inflated_ = 0;
  bool full_ = false;
};

void Unwrapping::object(std::string_view json, const Framer::Frame& frame, std::size_t depth) {
  if (frame.container == Container::control) {
    ++batch_.control_messages;
  } else if (frame.closed) {
    read("object", json, frame.container, depth);
  } else if (const auto marks = find_marks(json)) {
    envelope(json, *marks, frame.container, depth);
  } else {
    record(json);
  }
}

void Unwrapping::record(std::string_view json) {
  ++origin_.record;
  batch_.records.push_back({json, origin_});
}

void Unwrapping::envelope(std::string_view json, const Marks& marks, Container container,
                          std::size_t depth) {
  const bool is_sns = !marks.topic_arn.empty();
  const bool is_event_bridge = !marks.detail_type.empty() && !marks.source.empty();
  if (container == Container::firehose && any_string(marks.data)) {
    payloads("Firehose record", marks.data, Coding::base64, depth);
  } else if (container == Container::log_events && any_string(marks.log_message)) {
    payloads("CloudWatch Logs message", marks.log_message, Coding::text, depth);
  } else if (is_sns && any_says(marks.type, "Notification") && any_string(marks.message)) {
    payloads("SNS message", marks.message, Coding::text, depth);
  } else if (is_sns && (any_says(marks.type, "SubscriptionConfirmation") ||
                        any_says(marks.type, "UnsubscribeConfirmation"))) {
    ++batch_.control_messages;
  } else if (const Values data = members_of(marks.awslogs, "data"); any_string(data)) {
    payloads("CloudWatch Logs data", data, Coding::base64, depth);
  } else if (is_event_bridge && any_object(marks.detail)) {
    event_bridge(marks, depth);
  } else if (is_cloud_event(marks)) {
    cloud_event(marks, depth);
  } else if (any_says(marks.event_source, "aws:s3") && any_object(marks.s3)) {
    pointer(text_of_first(members_of(members_of(marks.s3, "bucket"), "name")),
            form_decoded(text_of_first(members_of(members_of(marks.s3, "object"), "key"))));
  } else if (!marks.bucket.empty() && !marks.object_keys.empty()) {
    for (const std::string_view keys : marks.object_keys) {
      pointers(text_of_first(marks.bucket), keys);
    }
  } else if (!marks.digest.empty()) {
    add_error({Code::unsupported, "CloudTrail digest file, not events"}, origin_, batch_);
  } else if (any_says(marks.service, "Amazon S3") && any_says(marks.event, "s3:TestEvent")) {
    ++batch_.control_messages;
  } else {
    record(json);
  }
}

void Unwrapping::event_bridge(const Marks& marks, std::size_t depth) {
  constexpr std::string_view kName = "EventBridge event";
  if (any_says(marks.source, "aws.s3") && any_says(marks.detail_type, "Object Created")) {
    return pointer(text_of_first(members_of(members_of(marks.detail, "bucket"), "name")),
                   text_of_first(members_of(members_of(marks.detail, "object"), "key")));
  }
  for (const std::string_view detail : marks.detail) {
    if (is_object(detail)) {
      nested(kName, detail, depth);
    } else {
      odd_payload(kName, detail);
    }
  }
}

void Unwrapping::cloud_event(const Marks& marks, std::size_t depth) {
  constexpr std::string_view kName = "CloudEvent";
  for (const std::string_view data : marks.data) {
    if (is_object(data) || data.starts_with('[')) {
      nested(kName, data, depth);
    } else {
      payloads(kName, {data}, Coding::text, depth);
    }
  }
  payloads(kName, marks.data_base64, Coding::base64, depth);
}

// Each that is not null: it says that there is no payload.
void Unwrapping::payloads(std::string_view name, const Values& values, Coding coding,
                          std::size_t depth) {
  for (const std::string_view value : values) {
    if (!is_string(value)) {
      odd_payload(name, value);
    } else if (coding == Coding::text) {
      payload(name, text_of(value), depth);
    } else if (auto bytes = decode_base64(text_of(value))) {
      payload(name, std::move(*bytes), depth);
    } else {
      error(name, {Code::invalid_input, "not base64"});
    }
  }
}

void Unwrapping::odd_payload(std::string_view name, std::string_view value) {
  if (value == "null") return;
  error(name, {Code::invalid_input, "the payload has another type than it should have"});
}

void Unwrapping::nested(std::string_view name, std::string_view json, std::size_t depth) {
  if (!too_deep(name, depth)) read(name, json, Container::none, depth + 1);
}

void Unwrapping::payload(std::string_view name, std::string text, std::size_t depth) {
  if (text.starts_with("CWL CONTROL MESSAGE")) {
    ++batch_.control_messages;
    return;
  }
  if (too_deep(name, depth) || is_full()) return;
  ++payloads_;
  Status inflated;
  if (is_gzip(text)) {
    std::string plain;
    const auto source = decompress(memory_source(text));
    inflated = read_all(*source, limits::kInflatedPayloadBytes - inflated_, plain);
    inflated_ += plain.size();
    text = std::move(plain);
  }
  const std::size_t size = text.size();
  text.resize(size + kPadding);
  batch_.unwrapped.push_back(std::make_unique<std::string>(std::move(text)));
  const std::string_view window = std::string_view(*batch_.unwrapped.back()).substr(0, size);
  read(name, window, Container::none, depth + 1, !inflated);
  if (!inflated) error(name, std::move(inflated.error()));
}

// The frames of `text`. `container` is what an object is an element of that is all of `text`.
// `is_cut`: another error says that the text ends early.
void Unwrapping::read(std::string_view name, std::string_view text, Container container,
                      std::size_t depth, bool is_cut) {
  Framer framer;
  for (;;) {
    const Framer::Step step = framer.next(text, true);
    if (step == Framer::Step::end || is_full()) break;
    Framer::Frame frame = framer.frame();
    if (step == Framer::Step::error) {
      if (frame.is_record || !is_cut) error(name, framer.error());
      continue;
    }
    if (frame.container == Container::none) frame.container = container;
    object(text.substr(frame.begin, frame.end - frame.begin), frame, depth);
  }
}

void Unwrapping::pointer(std::string_view bucket, std::string_view key) {
  add_error({Code::unsupported,
             fmt::format("points to S3 object s3://{}/{}; fetch it or configure the SQS source",
                         bucket, key)},
            origin_, batch_);
}

// `keys`: one string or an array of strings.
void Unwrapping::pointers(std::string_view bucket, std::string_view keys) {
  if (is_string(keys)) return pointer(bucket, text_of(keys));
  for (std::size_t pos = 1; pos < keys.size(); ++pos) {
    if (keys[pos] != '"') continue;
    if (is_full()) return;
    const std::size_t end = value_end(keys, pos);
    pointer(bucket, text_of(keys.substr(pos, end - pos)));
    pos = end;
  }
}

}  // namespace

void unwrap(std::string_view text, const Framer::Frame& frame, Origin& origin, Batch& batch) {
  Unwrapping(origin, batch).object(text, frame, 0);
}

void add_error(Error error, Origin& origin, Batch& batch) {
  ++origin.record;
  batch.errors.push_back({std::move(error), origin, false});
}

}  // namespace tocsin::event
