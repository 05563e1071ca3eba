// Sender: who posts to /v1/events, told by the head of the request, and the answers that each kind
// understands (engine/source/README.md has the table).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "source/source.h"

namespace tocsin::source {

enum class Sender : std::uint8_t { native, cloud_events, event_bridge, firehose, sns };

// For metrics and logs.
std::string_view name_of(Sender sender);

// Seconds that a sender is asked to wait when the pipeline is busy.
inline constexpr int kRetryAfterSeconds = 1;
// Bytes of one reason in an answer; what is cut off stands in the alert about the record.
inline constexpr std::size_t kReasonBytes = 512;

// Whom an answer is for.
struct Caller {
  Sender sender = Sender::native;
  std::string request_id;  // of a Firehose delivery
};
Caller caller_of(const net::HttpHead& head);

// Whether SNS delivers the bare message, without envelope and signature.
bool is_raw_sns(const net::HttpHead& head);

// An answer that is no success. 503 says when to try again.
net::ServerReply failure(const Caller& caller, int status, std::string_view message,
                         std::int64_t now_ms);
// The answer after the pipeline's receipt.
net::ServerReply answer(const Caller& caller, const Receipt& receipt, std::int64_t now_ms);
// An answer without events: a delivery that only wanted to be acknowledged.
net::ServerReply acknowledged(const Caller& caller, std::int64_t now_ms);

}  // namespace tocsin::source
