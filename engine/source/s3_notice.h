// S3Notice: the body of an SQS message, understood: which objects it points to, or that it holds
// the events itself, or neither. Pure.
//
// Pointers come in four shapes: S3's notification, the same through SNS, EventBridge's object
// events, and CloudTrail's own SNS message. Nothing that a body holds stops the source: whatever is
// not understood is Kind::unreadable with the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::source {

struct S3Pointer {
  std::string bucket;
  std::string key;                 // decoded
  std::string region;              // of the bucket; "": not said
  std::string account;             // of the bucket's owner; "": not said
  bool is_empty = false;           // it is said to have no bytes
  std::int64_t event_time_ms = 0;  // when the object was written; 0: not said
};

struct S3Notice {
  enum class Kind : std::uint8_t {
    s3,           // S3's notification
    eventbridge,  // an object event of EventBridge
    cloudtrail,   // CloudTrail's own SNS message
    events,       // the body is a log file or an event: it is evaluated itself
    test,         // s3:TestEvent
    validation,   // "CloudTrail validation message."
    other,        // understood, and about no new object: removed, restored, tagged, …
    unreadable,
  };
  Kind kind = Kind::unreadable;
  bool is_wrapped = false;  // in an SNS envelope
  std::vector<S3Pointer> objects;
  std::uint64_t ignored = 0;  // records of a notification that are about no new object
  std::string problem;        // of Kind::unreadable: one sentence
};

// Objects that one message may name.
inline constexpr std::size_t kNoticeObjects = 1000;

// The name as a metric label.
std::string_view name(S3Notice::Kind kind);

S3Notice read_notice(std::string_view body);

}  // namespace tocsin::source
