// Notifier: how one kind of receiver is told. It renders notifications and classifies answers;
// retrying, rates, breaking off, deadlines, the egress guard, redaction and metrics are the
// dispatcher's work. One file in notifiers/ and one line in its registry make a notifier.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "config/settings.h"
#include "net/http_client.h"

namespace tocsin::deliver {

struct Item {
  alert::Alert alert;  // with count, first_seen, last_seen
  std::string json;    // the same as one line of JSON
  std::string key;     // of this notification about this alert
};

// What one attempt sends.
struct Notification {
  std::string key;          // idempotency key, the same for every attempt; [0-9a-z]+
  std::vector<Item> items;  // one, or several as a digest; never more than Traits::digest
  unsigned attempt = 1;
  std::int64_t now_ms = 0;  // wall clock
};

struct Outcome {
  enum class Kind : std::uint8_t {
    delivered,
    retry,     // may work later
    rejected,  // never will: a dead letter
    gone,      // the receiver does not exist any more: a dead letter, and it is switched off
  };
  Kind kind = Kind::retry;
  std::string reason;  // no secrets, no URL; what the receiver said, made printable and cut
  std::optional<std::int64_t> retry_after_ms;
  std::string answer;  // for `notify test`: what came back, made printable and cut
};

// 2xx delivered; 408, 425, 429, 5xx retry; 410 gone; anything else rejected.
Outcome classify(const net::HttpAnswer& answer);
// For a request that got no answer: retry.
Outcome no_answer(const Error& error);

// What a notifier uses to send.
struct Channel {
  net::HttpClient& http;
  const std::atomic<bool>& stop;
};

struct Traits {
  std::size_t digest = 1;    // alerts that one message can tell
  unsigned concurrency = 1;  // messages on their way at once
  double rate = 0;           // messages a second; 0: no limit
  unsigned burst = 1;
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  // Blocks, at most about the client's timeout. Called from `concurrency` threads at once. Never
  // throws.
  virtual Outcome send(const Notification& notification, Channel& channel) const = 0;
  // What it would send, for people to look at: the body alone, without addresses or credentials.
  virtual std::string preview(const Notification& notification) const {
    std::string lines;
    for (const Item& item : notification.items) lines.append(item.json).push_back('\n');
    return lines;
  }
};

struct NotifierEntry {
  std::string_view type;  // in `type:` of a receiver
  std::string_view help;  // one line
  Traits traits;          // defaults; a receiver's configuration may change rate and concurrency
  // Reads the receiver's own settings (the dispatcher's have been asked for before). Problems are
  // reported there; nullptr when there are any.
  std::unique_ptr<Notifier> (*make)(config::Settings& settings);
};

// Defined in notifiers/registry.cc.
std::span<const NotifierEntry> notifiers();

}  // namespace tocsin::deliver
