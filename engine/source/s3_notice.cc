#include "source/s3_notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "aws/canonical.h"
#include "base/text.h"
#include "base/time.h"

namespace tocsin::source {
namespace {

namespace json = boost::json;
using NoticeKind = S3Notice::Kind;

// An SNS envelope holds a message, which holds no other one.
constexpr int kEnvelopes = 1;
constexpr std::string_view kValidation = "CloudTrail validation message.";

// The member's text; "": there is none, or it is no string.
std::string_view member(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains({key.data(), key.size()});
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

const json::object* child(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains({key.data(), key.size()});
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* list(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains({key.data(), key.size()});
  return value == nullptr ? nullptr : value->if_array();
}

bool has(const json::object& object, std::string_view key) {
  return object.contains({key.data(), key.size()});
}

bool is_zero(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains({key.data(), key.size()});
  return value != nullptr && value->is_number() && value->to_number<double>() == 0;
}

std::int64_t milliseconds_at(std::string_view time) {
  const std::optional<CivilTime> parsed = parse_time(time);
  return parsed ? parsed->unix_seconds() * 1000 : 0;
}

S3Notice unreadable(std::string problem) {
  S3Notice notice;
  notice.problem = std::move(problem);
  return notice;
}

S3Notice of_kind(NoticeKind kind) {
  S3Notice notice;
  notice.kind = kind;
  return notice;
}

// --- the shapes ----------------------------------------------------------------------------------

bool is_s3_record(const json::value& value) {
  const json::object* const record = value.if_object();
  return record != nullptr && member(*record, "eventSource") == "aws:s3";
}

// One record of S3's notification into `notice`. Returns what is wrong with it, or "".
std::string add_s3_record(const json::object& record, S3Notice& notice) {
  if (!member(record, "eventVersion").starts_with("2.")) {
    return fmt::format("a notification of S3 has the version `{}`, and 2 is understood",
                       text::printable(member(record, "eventVersion")));
  }
  if (!member(record, "eventName").starts_with("ObjectCreated:")) {
    ++notice.ignored;
    return {};
  }
  const json::object* const s3 = child(record, "s3");
  const json::object* const bucket = s3 == nullptr ? nullptr : child(*s3, "bucket");
  const json::object* const object = s3 == nullptr ? nullptr : child(*s3, "object");
  S3Pointer pointer;
  if (bucket != nullptr) pointer.bucket = member(*bucket, "name");
  if (object != nullptr) {
    pointer.key = aws::percent_decode(member(*object, "key"));
    pointer.is_empty = is_zero(*object, "size");
  }
  if (pointer.bucket.empty() || pointer.key.empty()) {
    return "a notification of S3 names no bucket or no key";
  }
  pointer.region = member(record, "awsRegion");
  pointer.event_time_ms = milliseconds_at(member(record, "eventTime"));
  notice.objects.push_back(std::move(pointer));
  return {};
}

S3Notice read_s3(const json::array& records) {
  S3Notice notice = of_kind(NoticeKind::s3);
  for (const json::value& value : records) {
    if (!is_s3_record(value)) {
      return unreadable("a notification of S3 holds a record that is none of S3");
    }
    if (std::string problem = add_s3_record(value.get_object(), notice); !problem.empty()) {
      return unreadable(std::move(problem));
    }
  }
  if (notice.objects.empty()) notice.kind = NoticeKind::other;
  return notice;
}

S3Notice read_eventbridge(const json::object& event) {
  S3Notice notice = of_kind(NoticeKind::other);
  notice.ignored = 1;
  if (member(event, "detail-type") != "Object Created") return notice;
  const json::object* const detail = child(event, "detail");
  const json::object* const bucket = detail == nullptr ? nullptr : child(*detail, "bucket");
  const json::object* const object = detail == nullptr ? nullptr : child(*detail, "object");
  S3Pointer pointer;
  if (bucket != nullptr) pointer.bucket = member(*bucket, "name");
  if (object != nullptr) {
    pointer.key = member(*object, "key");  // not encoded
    pointer.is_empty = is_zero(*object, "size");
  }
  if (pointer.bucket.empty() || pointer.key.empty()) {
    return unreadable("an object event of EventBridge names no bucket or no key");
  }
  pointer.region = member(event, "region");
  pointer.account = member(event, "account");
  pointer.event_time_ms = milliseconds_at(member(event, "time"));
  notice.kind = NoticeKind::eventbridge;
  notice.ignored = 0;
  notice.objects.push_back(std::move(pointer));
  return notice;
}

// {"s3Bucket":"b","s3ObjectKey":["k",…]}, or one key as a string. Keys are not encoded.
S3Notice read_cloudtrail(const json::object& message) {
  S3Notice notice = of_kind(NoticeKind::cloudtrail);
  const std::string_view bucket = member(message, "s3Bucket");
  const auto add = [&](std::string_view key) {
    S3Pointer pointer;
    pointer.bucket = bucket;
    pointer.key = key;
    notice.objects.push_back(std::move(pointer));
    return !bucket.empty() && !key.empty();
  };
  bool is_good = true;
  if (const json::array* const keys = list(message, "s3ObjectKey")) {
    for (const json::value& key : *keys) {
      const json::string* const text = key.if_string();
      is_good = text != nullptr && add({text->data(), text->size()}) && is_good;
    }
  } else {
    is_good = add(member(message, "s3ObjectKey"));
  }
  if (!is_good) return unreadable("a message of CloudTrail names no bucket or no key");
  if (notice.objects.empty()) notice.kind = NoticeKind::other;
  return notice;
}

// Whether event/record_reader.h may find events in it: a log file, an event, or an envelope of
// such.
bool looks_like_events(const json::object& object) {
  static constexpr std::string_view kSigns[] = {"Records",     "detail",      "eventName",
                                                "eventSource", "logEvents",   "awslogs",
                                                "records",     "specversion", "eventVersion"};
  return std::any_of(std::begin(kSigns), std::end(kSigns),
                     [&](std::string_view key) { return has(object, key); });
}

S3Notice read_json(std::string_view body, int envelopes);

S3Notice read_text(std::string_view body, int envelopes) {
  const std::string_view text = text::trim(body);
  if (text == kValidation) return of_kind(NoticeKind::validation);
  if (text.empty()) return unreadable("the message is empty");
  if (text.front() != '{' && text.front() != '[') {
    return unreadable("the message is neither a notification nor an event: it is not JSON");
  }
  return read_json(text, envelopes);
}

S3Notice read_object(const json::object& object, int envelopes) {
  if (envelopes > 0 && has(object, "TopicArn") && has(object, "Message")) {
    if (member(object, "Type").ends_with("Confirmation")) return of_kind(NoticeKind::other);
    S3Notice notice = read_text(member(object, "Message"), envelopes - 1);
    notice.is_wrapped = true;
    return notice;
  }
  if (member(object, "Event") == "s3:TestEvent") return of_kind(NoticeKind::test);
  if (has(object, "s3ObjectKey")) return read_cloudtrail(object);
  if (member(object, "source") == "aws.s3" && has(object, "detail-type") &&
      member(object, "detail-type").starts_with("Object ")) {
    return read_eventbridge(object);
  }
  if (const json::array* const records = list(object, "Records")) {
    if (std::any_of(records->begin(), records->end(), is_s3_record)) return read_s3(*records);
  }
  if (looks_like_events(object)) return of_kind(NoticeKind::events);
  return unreadable("the message is neither a notification nor an event");
}

S3Notice read_json(std::string_view body, int envelopes) {
  json::error_code error;
  const json::value value = json::parse({body.data(), body.size()}, error);
  if (error) {
    // Several events, one a line, are no JSON document.
    const std::string_view line = body.substr(0, body.find('\n'));
    if (line.size() < body.size()) {
      const json::value first = json::parse({line.data(), line.size()}, error);
      if (!error && first.is_object() && looks_like_events(first.get_object())) {
        return of_kind(NoticeKind::events);
      }
    }
    return unreadable("the message is not JSON");
  }
  if (const json::object* const object = value.if_object()) return read_object(*object, envelopes);
  const json::array& array = value.get_array();
  const bool is_events = std::any_of(array.begin(), array.end(), [](const json::value& each) {
    return each.is_object() && looks_like_events(each.get_object());
  });
  if (is_events) return of_kind(NoticeKind::events);
  return unreadable("the message is neither a notification nor an event");
}

}  // namespace

std::string_view name(NoticeKind kind) {
  static constexpr std::string_view kNames[] = {"s3",   "eventbridge", "cloudtrail", "events",
                                                "test", "validation",  "other",      "unreadable"};
  return kNames[static_cast<std::size_t>(kind)];
}

S3Notice read_notice(std::string_view body) {
  try {
    S3Notice notice = read_text(body, kEnvelopes);
    if (notice.objects.size() > kNoticeObjects) {
      return unreadable(fmt::format("the message names more than {} objects", kNoticeObjects));
    }
    return notice;
  } catch (const std::exception& thrown) {  // of Boost.JSON: memory
    return unreadable(fmt::format("the message cannot be read: {}", thrown.what()));
  }
}

}  // namespace tocsin::source
