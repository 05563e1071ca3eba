#include "event/envelope.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "base/limits.h"
#include "event/base64.h"
#include "event/byte_source.h"
#include "event/gzip.h"
#include "event/json_text.h"
#include "event/raw_json.h"

namespace tocsin::event {
namespace {

// The members that tell envelopes from records, as spelled; empty when absent.
struct Marks {
  std::string_view type, topic_arn, message;               // SNS; CloudWatch Logs: message
  std::string_view detail_type, detail, source;            // EventBridge
  std::string_view awslogs, data, data_base64;             // Lambda, Firehose, CloudEvents
  std::string_view spec_version, event_type;               // CloudEvents
  std::string_view event_source, s3, bucket, object_keys;  // pointers to S3 objects
  std::string_view service, event, digest;                 // S3 test messages, digest files
};

struct MarkKey {
  std::string_view key;
  std::string_view Marks::*slot;
};

constexpr MarkKey kMarkKeys[] = {
    {"Type", &Marks::type},
    {"TopicArn", &Marks::topic_arn},
    {"Message", &Marks::message},
    {"message", &Marks::message},
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

// Nothing when the object is a CloudTrail record. Most begin with their version, which differs from
// that of S3 notifications; otherwise the first members show it.
std::optional<Marks> find_marks(std::string_view json) {
  if (json.starts_with(R"({"eventVersion":"1.)")) return std::nullopt;
  Marks marks;
  Members members(json);
  while (const auto member = members.next()) {
    for (const std::string_view key : kRecordKeys) {
      if (member->key == key) return std::nullopt;
    }
    for (const MarkKey& mark : kMarkKeys) {
      if (member->key == mark.key) marks.*mark.slot = member->value;
    }
  }
  return marks;
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

std::string_view member_of(std::string_view object, std::string_view key) {
  if (!is_object(object)) return {};
  Members members(object);
  while (const auto member = members.next()) {
    if (member->key == key) return member->value;
  }
  return {};
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

  void object(std::string_view json, Container container, std::size_t depth);

 private:
  void envelope(std::string_view json, const Marks& marks, Container container, std::size_t depth);
  void payload(std::string_view name, std::string text, std::size_t depth);
  void base64_payload(std::string_view name, std::string_view value, std::size_t depth);
  void nested(std::string_view name, std::string_view json, std::size_t depth);
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

void Unwrapping::object(std::string_view json, Container container, std::size_t depth) {
  if (container == Container::control) {
    ++batch_.control_messages;
  } else if (const auto marks = find_marks(json)) {
    envelope(json, *marks, container, depth);
  } else {
    ++origin_.record;
    batch_.records.push_back({json, origin_});
  }
}

void Unwrapping::envelope(std::string_view json, const Marks& marks, Container container,
                          std::size_t depth) {
  if (container == Container::firehose && is_string(marks.data)) {
    base64_payload("Firehose record", marks.data, depth);
  } else if (container == Container::log_events && is_string(marks.message)) {
    payload("CloudWatch Logs message", text_of(marks.message), depth);
  } else if (!marks.topic_arn.empty() && marks.type == R"("Notification")" &&
             is_string(marks.message)) {
    payload("SNS message", text_of(marks.message), depth);
  } else if (!marks.topic_arn.empty() && (marks.type == R"("SubscriptionConfirmation")" ||
                                          marks.type == R"("UnsubscribeConfirmation")")) {
    ++batch_.control_messages;
  } else if (const auto data = member_of(marks.awslogs, "data"); is_string(data)) {
    base64_payload("CloudWatch Logs data", data, depth);
  } else if (!marks.detail_type.empty() && !marks.source.empty() && is_object(marks.detail)) {
    if (marks.source == R"("aws.s3")" && marks.detail_type == R"("Object Created")") {
      pointer(text_of(member_of(member_of(marks.detail, "bucket"), "name")),
              text_of(member_of(member_of(marks.detail, "object"), "key")));
    } else {
      nested("EventBridge event", marks.detail, depth);
    }
  } else if (!marks.spec_version.empty() && !marks.event_type.empty() && is_object(marks.data)) {
    nested("CloudEvent", marks.data, depth);
  } else if (!marks.spec_version.empty() && !marks.event_type.empty() &&
             marks.data.starts_with('[')) {
    payload("CloudEvent", std::string(marks.data), depth);
  } else if (!marks.spec_version.empty() && !marks.event_type.empty() && is_string(marks.data)) {
    payload("CloudEvent", text_of(marks.data), depth);
  } else if (!marks.spec_version.empty() && is_string(marks.data_base64)) {
    base64_payload("CloudEvent", marks.data_base64, depth);
  } else if (marks.event_source == R"("aws:s3")" && is_object(marks.s3)) {
    pointer(text_of(member_of(member_of(marks.s3, "bucket"), "name")),
            form_decoded(text_of(member_of(member_of(marks.s3, "object"), "key"))));
  } else if (!marks.bucket.empty() && !marks.object_keys.empty()) {
    pointers(text_of(marks.bucket), marks.object_keys);
  } else if (!marks.digest.empty()) {
    add_error({Code::unsupported, "CloudTrail digest file, not events"}, origin_, batch_);
  } else if (marks.service == R"("Amazon S3")" && marks.event == R"("s3:TestEvent")") {
    ++batch_.control_messages;
  } else {
    ++origin_.record;
    batch_.records.push_back({json, origin_});
  }
}

void Unwrapping::nested(std::string_view name, std::string_view json, std::size_t depth) {
  if (!too_deep(name, depth)) object(json, Container::none, depth + 1);
}

void Unwrapping::base64_payload(std::string_view name, std::string_view value, std::size_t depth) {
  if (auto bytes = decode_base64(text_of(value))) return payload(name, std::move(*bytes), depth);
  error(name, {Code::invalid_input, "not base64"});
}

void Unwrapping::payload(std::string_view name, std::string text, std::size_t depth) {
  if (text.starts_with("CWL CONTROL MESSAGE")) {
    ++batch_.control_messages;
    return;
  }
  if (too_deep(name, depth)) return;
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

  Framer framer;
  for (;;) {
    const Framer::Step step = framer.next(window, true);
    if (step == Framer::Step::end || is_full()) break;
    const Framer::Frame& frame = framer.frame();
    if (step == Framer::Step::error) {
      if (frame.is_record || inflated) error(name, framer.error());
    } else {
      object(window.substr(frame.begin, frame.end - frame.begin), frame.container, depth + 1);
    }
  }
  if (!inflated) error(name, std::move(inflated.error()));
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

void unwrap(std::string_view frame, Container container, Origin& origin, Batch& batch) {
  Unwrapping(origin, batch).object(frame, container, 0);
}

void add_error(Error error, Origin& origin, Batch& batch) {
  ++origin.record;
  batch.errors.push_back({std::move(error), origin, false});
}

}  // namespace tocsin::event
