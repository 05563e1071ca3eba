#include "aws/sqs.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "aws/json.h"
#include "base/json_writer.h"

namespace tocsin::aws {
namespace {

constexpr std::size_t kReceiveBytes = std::size_t{64} << 20;  // ten messages of 1 MiB, escaped
constexpr int kEntryAttempts = 3;

Call json_call(const std::string& region, std::string_view operation, std::string_view action) {
  Call call;
  call.service = Service::sqs;
  call.region = region;
  call.operation = operation;
  call.action = action;
  call.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                  {"X-Amz-Target", fmt::format("AmazonSQS.{}", operation)}};
  return call;
}

// A message's attributes are texts.
Message read_message(const boost::json::object& object) {
  Message message;
  message.id = text_of(object, "MessageId");
  message.receipt_handle = text_of(object, "ReceiptHandle");
  message.body = text_of(object, "Body");
  const boost::json::value* attributes = object.if_contains("Attributes");
  if (attributes == nullptr || !attributes->is_object()) return message;
  const boost::json::object& known = attributes->get_object();
  message.receive_count = static_cast<int>(
      std::clamp<std::int64_t>(number_of(known, "ApproximateReceiveCount"), 0, 1'000'000));
  message.sent_ms = number_of(known, "SentTimestamp");
  message.first_received_ms = number_of(known, "ApproximateFirstReceiveTimestamp");
  return message;
}

void read_redrive_policy(std::string_view text, QueueAttributes& attributes) {
  boost::json::error_code error;
  const boost::json::value policy = boost::json::parse({text.data(), text.size()}, error);
  if (error || !policy.is_object()) return;
  attributes.dead_letter_arn = text_of(policy.get_object(), "deadLetterTargetArn");
  attributes.max_receive_count =
      static_cast<int>(number_of(policy.get_object(), "maxReceiveCount"));
}

}  // namespace

// Of a batch.
struct Sqs::Entry {
  std::size_t index = 0;
  std::string receipt_handle;
  std::optional<int> seconds;
};

Sqs::Sqs(Session& session, std::string queue_url, std::string region)
    : session_(session),
      url_(std::move(queue_url)),
      region_(!region.empty()                ? std::move(region)
              : !region_of_url(url_).empty() ? region_of_url(url_)
                                             : session.region()) {}

Call Sqs::base_call(std::string_view operation, std::string_view action) const {
  Call call = json_call(region_, operation, action);
  call.resource = call.url = url_;
  return call;
}

Outcome<std::vector<Message>> Sqs::receive(int count, int wait_seconds,
                                           std::optional<int> visibility_seconds,
                                           const std::atomic<bool>& stop) {
  Call call = base_call("ReceiveMessage", "sqs:ReceiveMessage");
  const int wait = std::clamp(wait_seconds, 0, kMaxWaitSeconds);
  JsonWriter json(call.body);
  json.begin_object().member("QueueUrl", url_);
  json.key("MaxNumberOfMessages").number(std::int64_t{std::clamp(count, 1, kBatch)});
  json.key("WaitTimeSeconds").number(std::int64_t{wait});
  if (visibility_seconds) json.key("VisibilityTimeout").number(std::int64_t{*visibility_seconds});
  json.key("MessageSystemAttributeNames").begin_array();
  for (const std::string_view attribute :
       {"ApproximateReceiveCount", "SentTimestamp", "ApproximateFirstReceiveTimestamp"}) {
    json.string(attribute);
  }
  json.end_array().end_object();
  call.timeout_ms += std::int64_t{wait} * 1000;
  call.answer_bytes = kReceiveBytes;

  const Outcome<net::HttpAnswer> answer = session_.call(call, stop);
  if (!answer) return tl::unexpected(answer.error());
  const auto object = parse_object(answer->body, {call.action, call.resource});
  if (!object) return tl::unexpected(object.error());
  std::vector<Message> messages;
  for_each_object(*object, "Messages", [&](const boost::json::object& message) {
    messages.push_back(read_message(message));
  });
  return messages;
}

// Sends at most kBatch entries. Returns those that SQS failed to process by its own fault; the
// other failures are appended to `failures`.
std::vector<Sqs::Entry> Sqs::send_batch(std::string_view operation, std::string_view action,
                                        std::span<const Entry> entries,
                                        std::vector<EntryFailure>& failures,
                                        const std::atomic<bool>& stop) {
  Call call = base_call(operation, action);
  JsonWriter json(call.body);
  json.begin_object().member("QueueUrl", url_).key("Entries").begin_array();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    json.begin_object().member("Id", std::to_string(i));
    json.member("ReceiptHandle", entries[i].receipt_handle);
    if (entries[i].seconds) {
      json.key("VisibilityTimeout").number(std::int64_t{*entries[i].seconds});
    }
    json.end_object();
  }
  json.end_array().end_object();

  const auto fail_all = [&](const Failure& failure) {
    for (const Entry& entry : entries) failures.push_back({entry.index, failure});
    return std::vector<Entry>();
  };
  const Outcome<net::HttpAnswer> answer = session_.call(call, stop);
  if (!answer) return fail_all(answer.error());
  const auto object = parse_object(answer->body, {call.action, call.resource});
  if (!object) return fail_all(object.error());

  std::vector<Entry> again;
  for_each_object(*object, "Failed", [&](const boost::json::object& failed) {
    const auto at = static_cast<std::size_t>(number_of(failed, "Id"));
    if (at >= entries.size()) return;
    ErrorText text{
        std::string(text_of(failed, "Code")), std::string(text_of(failed, "Message")), {}};
    const boost::json::value* fault = failed.if_contains("SenderFault");
    const bool is_ours = fault != nullptr && fault->is_bool() && fault->get_bool();
    Failure failure = classify(200, std::move(text), {call.action, call.resource});
    failure.is_retryable = !is_ours;
    if (!is_ours) again.push_back(entries[at]);
    failures.push_back({entries[at].index, std::move(failure)});
  });
  return again;
}

std::vector<EntryFailure> Sqs::batch(std::string_view operation, std::string_view action,
                                     std::vector<Entry> entries, const std::atomic<bool>& stop) {
  std::vector<EntryFailure> failures;
  for (int attempt = 1; !entries.empty(); ++attempt) {
    if (attempt > 1) {
      if (attempt > kEntryAttempts ||
          !wait_ms(backoff_ms(attempt, Kind::server, random_fraction()), stop)) {
        break;
      }
      std::erase_if(failures, [&](const EntryFailure& failure) {
        return std::any_of(entries.begin(), entries.end(),
                           [&](const Entry& entry) { return entry.index == failure.index; });
      });
    }
    std::vector<Entry> again;
    for (std::size_t at = 0; at < entries.size(); at += kBatch) {
      const std::size_t size = std::min<std::size_t>(kBatch, entries.size() - at);
      for (Entry& entry :
           send_batch(operation, action, std::span(entries).subspan(at, size), failures, stop)) {
        again.push_back(std::move(entry));
      }
    }
    entries = std::move(again);
  }
  return failures;
}

std::vector<EntryFailure> Sqs::remove(std::span<const std::string> receipt_handles,
                                      const std::atomic<bool>& stop) {
  std::vector<Entry> entries;
  std::unordered_map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < receipt_handles.size(); ++i) {
    if (seen.emplace(receipt_handles[i], i).second) {
      entries.push_back({i, receipt_handles[i], std::nullopt});
    }
  }
  return batch("DeleteMessageBatch", "sqs:DeleteMessage", std::move(entries), stop);
}

std::vector<EntryFailure> Sqs::change_visibility(std::span<const VisibilityChange> changes,
                                                 const std::atomic<bool>& stop) {
  std::vector<Entry> entries;
  std::unordered_map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (seen.emplace(changes[i].receipt_handle, i).second) {
      entries.push_back({i, changes[i].receipt_handle, changes[i].seconds});
    }
  }
  return batch("ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility", std::move(entries),
               stop);
}

Outcome<QueueAttributes> Sqs::attributes(const std::atomic<bool>& stop) {
  Call call = base_call("GetQueueAttributes", "sqs:GetQueueAttributes");
  JsonWriter json(call.body);
  json.begin_object().member("QueueUrl", url_).key("AttributeNames").begin_array();
  json.string("All").end_array().end_object();
  const Outcome<net::HttpAnswer> answer = session_.call(call, stop);
  if (!answer) return tl::unexpected(answer.error());
  const auto object = parse_object(answer->body, {call.action, call.resource});
  if (!object) return tl::unexpected(object.error());

  QueueAttributes attributes;
  const boost::json::value* found = object->if_contains("Attributes");
  if (found == nullptr || !found->is_object()) return attributes;
  const boost::json::object& known = found->get_object();
  attributes.arn = text_of(known, "QueueArn");
  attributes.visible = number_of(known, "ApproximateNumberOfMessages");
  attributes.in_flight = number_of(known, "ApproximateNumberOfMessagesNotVisible");
  attributes.delayed = number_of(known, "ApproximateNumberOfMessagesDelayed");
  attributes.visibility_timeout_seconds = static_cast<int>(number_of(known, "VisibilityTimeout"));
  attributes.retention_seconds = static_cast<int>(number_of(known, "MessageRetentionPeriod"));
  attributes.kms_key = text_of(known, "KmsMasterKeyId");
  read_redrive_policy(text_of(known, "RedrivePolicy"), attributes);
  return attributes;
}

Outcome<std::string> queue_url(Session& session, const std::string& name, const std::string& owner,
                               const std::atomic<bool>& stop) {
  Call call = json_call(session.region(), "GetQueueUrl", "sqs:GetQueueUrl");
  call.resource = name;
  JsonWriter json(call.body);
  json.begin_object().member("QueueName", name);
  if (!owner.empty()) json.member("QueueOwnerAWSAccountId", owner);
  json.end_object();
  const Outcome<net::HttpAnswer> answer = session.call(call, stop);
  if (!answer) return tl::unexpected(answer.error());
  const auto object = parse_object(answer->body, {call.action, call.resource});
  if (!object) return tl::unexpected(object.error());
  return std::string(text_of(*object, "QueueUrl"));
}

}  // namespace tocsin::aws
