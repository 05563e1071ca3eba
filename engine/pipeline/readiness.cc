#include "pipeline/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "metrics/families.h"

namespace tocsin::pipeline {
namespace {

constexpr std::string_view kCauseNames[] = {"lifecycle", "commits", "disk", "stalled"};

}  // namespace

Readiness::Readiness(metrics::Registry& registry, const Clock& clock)
    : registry_(registry), clock_(clock) {
  why_[static_cast<std::size_t>(Cause::lifecycle)] = "starting";
  publish();
}

void Readiness::set(Cause cause, std::string why) {
  const MutexLock lock(mutex_);
  why_[static_cast<std::size_t>(cause)] = std::move(why);
}

void Readiness::submission_tried() {
  const MutexLock lock(mutex_);
  const std::int64_t now = clock_.steady_ms();
  if (!waiting_since_ || now - tried_at_ >= kStalledMs) waiting_since_ = now;
  tried_at_ = now;
}

void Readiness::submission_got_through() {
  const MutexLock lock(mutex_);
  waiting_since_.reset();
}

// A try that is older than kStalledMs says nothing any more: somebody who asks /readyz before he
// sends would otherwise never find out that it works again.
std::string Readiness::why(std::size_t cause) const {
  if (cause != static_cast<std::size_t>(Cause::stalled)) return why_[cause];
  const std::int64_t now = clock_.steady_ms();
  const bool is_stalled =
      waiting_since_ && now - *waiting_since_ >= kStalledMs && now - tried_at_ < kStalledMs;
  return is_stalled ? "no submission got through for a minute, although some were tried" : "";
}

std::string Readiness::join(std::size_t first) const {
  const MutexLock lock(mutex_);
  std::string out;
  for (std::size_t cause = first; cause < kCauses; ++cause) {
    const std::string reason = why(cause);
    if (reason.empty()) continue;
    if (!out.empty()) out += "; ";
    out += reason;
  }
  return out;
}

std::string Readiness::why_not() const {
  return join(0);
}

std::string Readiness::problem() const {
  return join(static_cast<std::size_t>(Cause::lifecycle) + 1);
}

Readiness::Pulse::Pulse(const Readiness& readiness, std::string_view name)
    : readiness_(readiness), name_(name) {
  const MutexLock lock(readiness_.pulses_mutex_);
  readiness_.pulses_.push_back(this);
}

Readiness::Pulse::~Pulse() {
  const MutexLock lock(readiness_.pulses_mutex_);
  auto& pulses = readiness_.pulses_;
  pulses.erase(std::find(pulses.begin(), pulses.end(), this));
}

std::string Readiness::stuck() const {
  const MutexLock lock(pulses_mutex_);
  const std::int64_t now = clock_.steady_ms();
  for (const Pulse* const pulse : pulses_) {
    const std::int64_t since = pulse->since_;
    if (since == Pulse::kResting || now - since < kStuckMs) continue;
    return fmt::format("the {} has been at one step for {} s", pulse->name_, (now - since) / 1000);
  }
  return {};
}

void Readiness::publish() const {
  const MutexLock lock(mutex_);
  bool is_ready = true;
  for (std::size_t cause = 0; cause < kCauses; ++cause) {
    const bool holds = !why(cause).empty();
    is_ready = is_ready && !holds;
    registry_.gauge(metrics::kNotReady, {kCauseNames[cause]}).set(holds ? 1 : 0);
  }
  registry_.gauge(metrics::kReady).set(is_ready ? 1 : 0);
}

}  // namespace tocsin::pipeline
