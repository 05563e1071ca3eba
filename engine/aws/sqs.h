// Sqs: one queue, over the JSON protocol. Stateless and thread-safe.
//
// Every call is tried again as Transport says. What may be lost between two attempts is harmless:
// messages of an answer that never came are visible again after their timeout.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/failure.h"
#include "aws/session.h"

namespace tocsin::aws {

struct Message {
  std::string id;
  std::string receipt_handle;  // of this receipt: a message that comes again has another
  std::string body;
  int receive_count = 0;     // how often it was received, this time included
  std::int64_t sent_ms = 0;  // since 1970; 0: not said
  std::int64_t first_received_ms = 0;
};

struct VisibilityChange {
  std::string receipt_handle;
  int seconds = 0;  // from now; 0: visible at once
};

// A message that a batch did not reach.
struct EntryFailure {
  std::size_t index = 0;  // in what was given
  Failure failure;
};

struct QueueAttributes {
  std::string arn;
  std::int64_t visible = 0, in_flight = 0, delayed = 0;  // approximate numbers of messages
  int visibility_timeout_seconds = 30;
  int retention_seconds = 0;
  std::string dead_letter_arn;  // "": no redrive policy
  int max_receive_count = 0;    // of the redrive policy
  std::string kms_key;          // "": none of the customer's
};

class Sqs {
 public:
  static constexpr int kBatch = 10;  // messages of one request
  static constexpr int kMaxWaitSeconds = 20;

  // `queue_url` as AWS names it. Requests go to the session's SQS endpoint, if one is configured,
  // else to the host of the URL. `region` "": the one in the URL, else the session's.
  Sqs(Session& session, std::string queue_url, std::string region = {});

  const std::string& url() const { return url_; }
  const std::string& region() const { return region_; }

  // Up to `count` messages (1 to kBatch); none is a success. Waits up to `wait_seconds` for the
  // first. `visibility_seconds` nothing: the queue's.
  Outcome<std::vector<Message>> receive(int count, int wait_seconds,
                                        std::optional<int> visibility_seconds,
                                        const std::atomic<bool>& stop);

  // Deletes messages by their receipt handles, any number; handles that occur twice are sent once.
  // Returns those that were not deleted: they come again. What SQS says is its own fault is tried
  // again, three times.
  std::vector<EntryFailure> remove(std::span<const std::string> receipt_handles,
                                   const std::atomic<bool>& stop);

  // Sets how long messages stay invisible, from now; any number. Returns those that failed:
  // Kind::not_in_flight for one whose time is over.
  std::vector<EntryFailure> change_visibility(std::span<const VisibilityChange> changes,
                                              const std::atomic<bool>& stop);

  Outcome<QueueAttributes> attributes(const std::atomic<bool>& stop);

 private:
  struct Entry;
  Call base_call(std::string_view operation, std::string_view action) const;
  std::vector<EntryFailure> batch(std::string_view operation, std::string_view action,
                                  std::vector<Entry> entries, const std::atomic<bool>& stop);
  std::vector<Entry> send_batch(std::string_view operation, std::string_view action,
                                std::span<const Entry> entries, std::vector<EntryFailure>& failures,
                                const std::atomic<bool>& stop);

  Session& session_;
  const std::string url_, region_;
};

// The URL of a queue by its name. `owner` "": the account of the credentials.
Outcome<std::string> queue_url(Session& session, const std::string& name, const std::string& owner,
                               const std::atomic<bool>& stop);

}  // namespace tocsin::aws
