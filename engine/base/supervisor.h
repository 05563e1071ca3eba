// Supervisor: the program that started this one and waits for its state, such as systemd with
// Type=notify (the protocol of sd_notify(3): a datagram of NAME=VALUE lines to the socket
// NOTIFY_SOCKET). Without that variable nothing is sent. Thread-safe; no call blocks or fails: a
// message that cannot be sent is lost, and a supervisor that misses WATCHDOG=1 restarts the
// service.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "base/mutex.h"

namespace tocsin {

class Supervisor {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  Supervisor();

  void ready(std::string_view status) const;  // also when a reload is over
  void reloading() const;
  void stopping() const;
  void alive() const;  // for the watchdog
  // How soon after alive() the next one is waited for; 0: never.
  std::int64_t watchdog_ms() const { return watchdog_ms_; }

 private:
  void send(std::string_view state) const;

  std::string socket_;  // "": nobody waits
  std::int64_t watchdog_ms_ = 0;
};

// A thread that calls alive(), three times as often as it must be, while `stuck` says "".
class Watchdog {
 public:
  // Both must outlive it. Without a watchdog in the environment: no thread.
  Watchdog(const Supervisor& supervisor, std::function<std::string()> stuck);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();

  const Supervisor& supervisor_;
  const std::function<std::string()> stuck_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin
