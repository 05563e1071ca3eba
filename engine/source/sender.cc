#include "source/sender.h"

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"

namespace tocsin::source {
namespace {

// Firehose reads so many characters of an error message.
constexpr std::size_t kFirehoseMessageBytes = 8192;

bool starts_with_folded(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && text::folded(text.substr(0, lower.size())) == lower;
}

// Not in the middle of a UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size != 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

net::ServerReply json_reply(int status, std::string body) {
  net::ServerReply reply;
  reply.status = status;
  reply.body = std::move(body);
  if (status == 503) reply.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  return reply;
}

// What Firehose takes for an answer: an error message makes it a failure.
net::ServerReply firehose_reply(int status, const std::string& request_id, std::string_view message,
                                std::int64_t now_ms) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("requestId", request_id).key("timestamp").number(now_ms);
  if (!message.empty()) json.member("errorMessage", cut(message, kFirehoseMessageBytes));
  json.end_object();
  return json_reply(status, std::move(body));
}

std::string receipt_json(const Receipt& receipt) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("accepted").number(receipt.accepted).key("rejected").number(receipt.rejected);
  json.key("errors").begin_array();
  for (std::size_t i = 0; i < std::min(receipt.errors.size(), kReceiptErrors); ++i) {
    const Receipt::Rejected& error = receipt.errors[i];
    json.begin_object().key("record").number(error.record).key("line").number(error.line);
    json.member("reason", cut(error.reason, kReasonBytes)).end_object();
  }
  json.end_array();
  // Why is for the operator: it may name paths of this machine.
  if (!receipt.set_aside.empty()) json.member("set_aside", "could not be processed, and is kept");
  json.end_object();
  return body;
}

}  // namespace

std::string_view name_of(Sender sender) {
  switch (sender) {
    case Sender::native:
      return "native";
    case Sender::cloud_events:
      return "cloudevents";
    case Sender::event_bridge:
      return "eventbridge";
    case Sender::firehose:
      return "firehose";
    case Sender::sns:
      return "sns";
  }
  return "native";
}

bool is_raw_sns(const net::HttpHead& head) {
  return text::folded(head.header("x-amz-sns-rawdelivery")) == "true";
}

Caller caller_of(const net::HttpHead& head) {
  const std::string_view request_id = head.header("x-amz-firehose-request-id");
  if (!request_id.empty() || !head.header("x-amz-firehose-protocol-version").empty()) {
    return {Sender::firehose, std::string(request_id)};
  }
  if (!head.header("x-amz-sns-message-type").empty() && !is_raw_sns(head)) return {Sender::sns, {}};
  if (head.header("user-agent").starts_with("Amazon/EventBridge/ApiDestinations")) {
    return {Sender::event_bridge, {}};
  }
  if (!head.header("ce-specversion").empty() ||
      starts_with_folded(head.header("content-type"), "application/cloudevents")) {
    return {Sender::cloud_events, {}};
  }
  return {};
}

net::ServerReply failure(const Caller& caller, int status, std::string_view message,
                         std::int64_t now_ms) {
  if (caller.sender == Sender::firehose) {
    return firehose_reply(status, caller.request_id, message, now_ms);
  }
  std::string body;
  JsonWriter(body).begin_object().member("error", message).end_object();
  return json_reply(status, std::move(body));
}

net::ServerReply answer(const Caller& caller, const Receipt& receipt, std::int64_t now_ms) {
  if (!receipt.status) {
    const bool busy = receipt.status.error().code == Code::busy;
    return failure(caller, busy ? 503 : 500,
                   busy ? "busy; try again later" : "the events could not be kept; try again later",
                   now_ms);
  }
  switch (caller.sender) {
    case Sender::firehose:
      // Records that could not be read were told of; sent again, they would be no better.
      return firehose_reply(200, caller.request_id, {}, now_ms);
    case Sender::sns:
      return json_reply(200, receipt_json(receipt));
    case Sender::native:
    case Sender::cloud_events:
    case Sender::event_bridge:
      break;
  }
  const bool nothing_read =
      receipt.accepted == 0 && receipt.rejected != 0 && receipt.set_aside.empty();
  const int success = caller.sender == Sender::event_bridge ? 200 : 202;
  return json_reply(nothing_read ? 400 : success, receipt_json(receipt));
}

net::ServerReply acknowledged(const Caller& caller, std::int64_t now_ms) {
  return answer(caller, Receipt{}, now_ms);
}

}  // namespace tocsin::source
