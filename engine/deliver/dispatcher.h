// Dispatcher: brings what is in the outbox to its receivers. Every receiver has threads of its own,
// so that none waits for another. At least once: a row is removed after the receiver has said yes.
//
// Per row: full jitter around 5 s, doubling to 30 min; Retry-After (at most 1 h) if it is longer.
// Per receiver: a token bucket; when more rows are due than tokens, rows are told together as far
// as the notifier can, and together again when that has to be repeated; what is rejected together
// is told one by one. A breaker that opens after kBreakAfter failures in a row and then lets one
// attempt through, after a pause that doubles from 1 s to 60 s. While a receiver asks for patience
// (Retry-After) nothing else is sent to it either, for at most a minute.
//
// What has expired is buried once a second; not in the first seconds, and not in the minute after
// the clock was set: everything gets its chance first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "deliver/breaker.h"
#include "deliver/notifier.h"
#include "metrics/registry.h"
#include "store/store.h"

namespace tocsin::deliver {

struct Receiver {
  std::string name;
  std::string type;
  std::shared_ptr<const Notifier> notifier;
  Traits traits;
  net::ClientOptions client;
  std::int64_t expires_after_ms = 72LL * 3600 * 1000;
  // Of everything that was configured: a receiver that says the same goes on undisturbed when the
  // configuration is read again.
  std::string fingerprint;
};

// Reads one entry of `receivers:`; nullopt when there is a problem, which has been reported.
std::optional<Receiver> make_receiver(config::Settings& settings);

struct ReceiverStatus {
  std::string name, type;
  std::string state;  // "ok", "retrying", "broken" (breaker open), "gone" (answered 410)
  std::string last_error;
  std::int64_t last_delivered_ms = 0;
};

class Dispatcher {
 public:
  // A row became a dead letter: told to people elsewhere. Called from the receiver's threads.
  using OnDead = std::function<void(const store::DeliveryWithAlert&, const std::string& reason)>;

  Dispatcher(store::Store& store, metrics::Registry& metrics, const Clock& clock, OnDead on_dead);
  ~Dispatcher();  // stop()

  // Receivers that are new or changed are started, the others of before end when what they have on
  // its way has arrived, which is not waited for. Names are unique. Rows of a receiver that is not
  // there wait in the outbox until they expire.
  void configure(std::vector<Receiver> receivers);
  // There is something new in the outbox.
  void wake();
  // Ends within about a second; what was on its way is tried again by the next run.
  void stop();

  std::vector<ReceiverStatus> status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::deliver
