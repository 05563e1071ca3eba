// SourceSupervisor: runs each source in a thread of its own, and runs it again when it fails, after
// a pause that grows. A source that fails never stops another one. Thread-safe.
//
// Each failure is counted and logged. The first one, and each with another reason than the one
// before it, is an alert; a source that ran for kHealthyMs begins anew.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/json_writer.h"
#include "base/mutex.h"
#include "pipeline/config.h"
#include "source/source.h"

namespace tocsin::pipeline {

class SourceSupervisor {
 public:
  static constexpr std::int64_t kHealthyMs = 600'000;
  struct Pauses {
    std::int64_t first_ms = 1'000, longest_ms = 300'000;
  };

  // What `host` refers to must outlive it.
  explicit SourceSupervisor(source::Host host) : SourceSupervisor(std::move(host), Pauses()) {}
  SourceSupervisor(source::Host host, Pauses pauses) : host_(std::move(host)), pauses_(pauses) {}
  ~SourceSupervisor();  // stop()
  SourceSupervisor(const SourceSupervisor&) = delete;
  SourceSupervisor& operator=(const SourceSupervisor&) = delete;

  void start(const SourceConfig& config);
  // Asks all sources to end, and waits for them. Nothing can be started afterwards.
  void stop();

  // An array with an object for each source.
  void write_status(JsonWriter& json) const;

 private:
  enum class State : std::uint8_t { running, waiting, ended, failed };
  struct Watched {
    SourceConfig config;
    State state = State::running;
    std::string problem;  // of the last failure
    std::uint64_t failures = 0;
  };

  void supervise(Watched& watched);
  Status run(source::Source& source);
  void set(Watched& watched, State state);
  void report(Watched& watched, const Error& error);

  source::Host host_;
  const Pauses pauses_;
  std::stop_source stop_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Watched>> watched_ GUARDED_BY(mutex_);  // state, problem: too
  std::vector<std::thread> threads_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::pipeline
