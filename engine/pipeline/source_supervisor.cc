#include "pipeline/source_supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "alert/occurrences.h"
#include "base/log.h"
#include "base/text.h"
#include "metrics/families.h"
#include "source/submit.h"

namespace tocsin::pipeline {
namespace {

// The input itself cannot be read, and reading it again would not help.
bool is_final(const Error& error) {
  return error.code == Code::invalid_input || error.code == Code::limit ||
         error.code == Code::unsupported;
}

}  // namespace

SourceSupervisor::~SourceSupervisor() {
  stop();
}

void SourceSupervisor::start(const SourceConfig& config) {
  const MutexLock lock(mutex_);
  watched_.push_back(std::make_unique<Watched>());
  Watched& watched = *watched_.back();
  watched.config = config;
  threads_.emplace_back([this, &watched] { supervise(watched); });
}

void SourceSupervisor::stop() {
  stop_.request_stop();
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void SourceSupervisor::supervise(Watched& watched) {
  const std::string& name = watched.config.name;
  const metrics::Gauge up = host_.metrics.gauge(metrics::kSourceUp, {name});
  for (std::int64_t wait = pauses_.first_ms;; wait = std::min(2 * wait, pauses_.longest_ms)) {
    const std::int64_t began = host_.clock.steady_ms();
    up.set(1);
    set(watched, State::running);
    const Status ended = run(*watched.config.source);
    up.set(0);
    if (ended || stop_.stop_requested()) break;
    if (host_.clock.steady_ms() - began >= kHealthyMs) {
      wait = pauses_.first_ms;
      const MutexLock lock(mutex_);
      watched.problem.clear();
    }
    report(watched, ended.error());
    if (is_final(ended.error())) return set(watched, State::failed);
    set(watched, State::waiting);
    if (!source::pause(wait, stop_.get_token())) break;
  }
  set(watched, State::ended);
  log::info("a source has ended", {{"source", name}});
}

Status SourceSupervisor::run(source::Source& source) {
  try {
    return source.run(host_, stop_.get_token());
  } catch (const std::exception& thrown) {
    return fail(Code::io, fmt::format("internal error: {}", thrown.what()));
  }
}

void SourceSupervisor::set(Watched& watched, State state) {
  const MutexLock lock(mutex_);
  watched.state = state;
}

void SourceSupervisor::report(Watched& watched, const Error& error) {
  const std::string& name = watched.config.name;
  bool is_new = false;
  {
    const MutexLock lock(mutex_);
    is_new = std::exchange(watched.problem, error.message) != error.message;
    ++watched.failures;
  }
  host_.metrics.counter(metrics::kSourceFailures, {name}).add();
  log::error("a source has failed",
             {{"source", name}, {"reason", error.message}, {"restarts", !is_final(error)}});
  if (!is_new) return;
  host_.raise(alert::kSourceFailed, name, std::to_string(host_.clock.wall_ms()),
              fmt::format("source {} has failed{}: {}", name,
                          is_final(error) ? " and is not run again"
                                          : ", so that its events wait; it is run again",
                          text::printable(error.message)));
}

void SourceSupervisor::write_status(JsonWriter& json) const {
  static constexpr std::string_view kStates[] = {"running", "waiting", "ended", "failed"};
  const MutexLock lock(mutex_);
  json.begin_array();
  for (const auto& watched : watched_) {
    json.begin_object().member("name", watched->config.name).member("type", watched->config.type);
    json.member("state", kStates[static_cast<std::size_t>(watched->state)]);
    json.key("failures").number(watched->failures);
    if (!watched->problem.empty()) json.member("last_error", watched->problem);
    watched->config.source->write_status(json);
    json.end_object();
  }
  json.end_array();
}

}  // namespace tocsin::pipeline
