// What the tests of deliver/ share: a clock that is set, a receiver that does what it is told, and
// an outbox.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "deliver/dispatcher.h"
#include "store/store.h"

namespace tocsin::deliver {

// Stands still until it is set.
class FakeClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return wall_; }
  std::int64_t steady_ms() const override { return steady_; }
  void advance(std::int64_t ms) {
    wall_ += ms;
    steady_ += ms;
  }
  void jump(std::int64_t ms) { wall_ += ms; }

 private:
  std::atomic<std::int64_t> wall_{1'800'000'000'000}, steady_{1'000'000};
};

// Waits for what other threads bring about; the limit is only reached by a failing test.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}
// Gives threads the chance to do what they must not do.
inline void settle() {
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
}

inline Outcome yes() {
  return {Outcome::Kind::delivered, "", std::nullopt, "HTTP 200"};
}
inline Outcome later(std::optional<std::int64_t> retry_after_ms = std::nullopt) {
  return {Outcome::Kind::retry, "HTTP 503", retry_after_ms, ""};
}
inline Outcome no() {
  return {Outcome::Kind::rejected, "HTTP 400: no", std::nullopt, ""};
}
inline Outcome gone() {
  return {Outcome::Kind::gone, "HTTP 410", std::nullopt, ""};
}

struct Message {
  std::string key;
  std::vector<std::string> items;  // their keys
  unsigned attempt = 0;
  Outcome::Kind outcome = Outcome::Kind::retry;
};

// Remembers what it was sent; `answer` decides. Until told otherwise it says yes.
class FakeNotifier final : public Notifier {
 public:
  using Answer = std::function<Outcome(const Notification&, Channel&)>;

  Outcome send(const Notification& notification, Channel& channel) const override {
    Answer answer;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      answer = answer_;
      ++begun_;
    }
    const Outcome outcome = answer ? answer(notification, channel) : yes();
    Message message{notification.key, {}, notification.attempt, outcome.kind};
    for (const Item& item : notification.items) message.items.push_back(item.key);
    const std::lock_guard<std::mutex> lock(mutex_);
    messages_.push_back(std::move(message));
    return outcome;
  }

  void answer(Answer answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answer_ = std::move(answer);
  }
  std::vector<Message> messages() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return messages_;
  }
  std::size_t count() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return messages_.size();
  }
  std::size_t begun() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return begun_;
  }
  // Keys of alerts that were taken, with how often.
  std::map<std::string, unsigned> taken() const {
    std::map<std::string, unsigned> taken;
    for (const Message& message : messages()) {
      if (message.outcome != Outcome::Kind::delivered) continue;
      for (const std::string& item : message.items) ++taken[item];
    }
    return taken;
  }

 private:
  mutable std::mutex mutex_;
  Answer answer_;
  mutable std::vector<Message> messages_;
  mutable std::size_t begun_ = 0;
};

// Holds answers back until it is opened, or the receiver is told to stop.
class Gate {
 public:
  void open() { open_ = true; }
  Outcome wait(const std::atomic<bool>& stop, const Outcome& outcome) const {
    while (!open_) {
      if (stop) return {Outcome::Kind::retry, "stopped", std::nullopt, ""};
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return outcome;
  }

 private:
  std::atomic<bool> open_{false};
};

inline Receiver receiver(const std::string& name, std::shared_ptr<const Notifier> notifier,
                         Traits traits = {}, const std::string& fingerprint = "1") {
  Receiver receiver;
  receiver.name = name;
  receiver.type = "fake";
  receiver.notifier = std::move(notifier);
  receiver.traits = traits;
  receiver.fingerprint = fingerprint;
  return receiver;
}

// A store in a folder of its own, and rows for it.
class Outbox {
 public:
  explicit Outbox(const Clock& clock);
  ~Outbox();

  store::Store& store() { return *store_; }
  void reopen();
  // One alert with a notification; its key is `receiver` and a number, which is returned.
  std::string add(const std::string& receiver, int severity = 2,
                  std::int64_t expires_after_ms = 72LL * 3600 * 1000);
  void add_many(const std::string& receiver, std::size_t count);
  void add_unreadable(const std::string& receiver);
  std::uint64_t pending(const std::string& receiver);
  std::uint64_t dead(const std::string& receiver);
  // Failed attempts that are written down, of all waiting rows.
  std::uint64_t attempts(const std::string& receiver);
  std::string folder() const { return (root_ / "data").string(); }

 private:
  std::string add(const std::string& receiver, int severity, std::int64_t expires_after_ms,
                  std::string json, store::Transaction& transaction);
  store::OutboxCount count(const std::string& receiver);

  const Clock& clock_;
  std::filesystem::path root_;
  std::unique_ptr<store::Store> store_;
  std::uint64_t next_ = 0;
};

}  // namespace tocsin::deliver
