// Reloader: reads the configuration, rules and lists again, on request or when a file has changed.
// A reload that fails changes nothing; what a file with an error means is the caller's decision.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace tocsin::pipeline {

// What decides whether files have changed: names, sizes, times and identities of all files that the
// paths name, folders walked, links followed (Kubernetes swaps a link).
std::string signature_of(const std::vector<std::string>& paths);

class Reloader {
 public:
  struct Actions {
    // Loads and puts into force; the error says file and line.
    std::function<Status()> reload;
    // The files and folders to watch now.
    std::function<std::vector<std::string>()> watched;
  };
  using Done = std::function<void(Status)>;

  // `interval_ms` 0: does not watch.
  Reloader(std::int64_t interval_ms, Actions actions);
  ~Reloader();  // stop()
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Soon, in the reloader's thread; requests that wait together are served together.
  void request(Done done = nullptr);
  void stop();

 private:
  void run();
  bool has_changed();

  const std::int64_t interval_ms_;
  const Actions actions_;
  std::string in_force_;  // signature
  std::string last_seen_;

  Mutex mutex_;
  CondVar wake_;
  std::vector<Done> requests_ GUARDED_BY(mutex_);
  bool requested_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::pipeline
