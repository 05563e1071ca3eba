#include "correlate/watermark.h"

#include <algorithm>
#include <iterator>

namespace tocsin::correlate {

Time Watermark::Clock::silence(Time now) const {
  return std::max<Time>(0, now - received_at);
}

Time Watermark::Clock::reached(Time now) const {
  const Time silent = silence(now);
  return newest + (silent >= kSilentAfter ? silent : 0);
}

bool Watermark::is_silent(const Clock& clock, Time now) const {
  return clock.silence(now) >= std::max(lateness_, kSilentAfter);
}

void Watermark::received(std::string_view source, std::string_view account, Time newest, Time now) {
  auto of_source = sources_.find(source);
  if (of_source == sources_.end()) {
    if (newest == kNoTime) return;
    of_source = sources_.emplace(source, Clocks()).first;
  }
  Clocks& clocks = of_source->second;
  auto at = clocks.find(account);
  if (at == clocks.end()) {
    if (newest == kNoTime) return;
    if (clocks.size() >= kClocksOfSource) account = "";
    at = clocks.try_emplace(std::string(account)).first;
  }
  Clock& clock = at->second;
  // An event that came again, or an old one, says nothing new: whoever goes on sending such events
  // must not stop the clock.
  if (newest != kNoTime && newest <= clock.newest) return;
  clock.newest = std::max(clock.newest, newest);
  clock.received_at = std::max(clock.received_at, now);
}

void Watermark::excuse(Time now) {
  if (now_ != kNoTime && now > now_) {
    for (auto& [name, clocks] : sources_) {
      for (auto& [account, clock] : clocks) clock.received_at += now - now_;
    }
  }
  now_ = std::max(now_, now);
}

Watermark::Progress Watermark::progress_of(const Clocks& clocks, Time now) const {
  Progress slowest, furthest;
  for (const auto& [account, clock] : clocks) {
    const Progress one{clock.reached(now), clock.newest, is_silent(clock, now)};
    if (one.reached > furthest.reached) furthest = one;
    if (one.is_silent) continue;
    if (slowest.reached == kNoTime || one.reached < slowest.reached) slowest = one;
  }
  if (slowest.reached == kNoTime) return furthest;  // all are silent
  const Time behind = furthest.reached - lateness_ - slowest.reached;
  if (behind > 0) {
    slowest.reached += behind;
    slowest.newest += behind;
  }
  return slowest;
}

// A silent clock matters only while it is the furthest of its source. When its account is received
// again, it has the time that it then says.
void Watermark::drop_silent(Clocks& clocks, Time now) const {
  auto furthest = clocks.begin();
  for (auto at = clocks.begin(); at != clocks.end(); ++at) {
    if (at->second.reached(now) > furthest->second.reached(now)) furthest = at;
  }
  for (auto at = clocks.begin(); at != clocks.end();) {
    at = at != furthest && is_silent(at->second, now) ? clocks.erase(at) : std::next(at);
  }
}

Time Watermark::advance(Time now) {
  now_ = std::max(now_, now);
  Time slowest = kNoTime, furthest = kNoTime;
  for (auto& [name, clocks] : sources_) {
    drop_silent(clocks, now);
    const Progress source = progress_of(clocks, now);
    furthest = std::max(furthest, source.reached);
    if (source.is_silent) continue;
    slowest = slowest == kNoTime ? source.reached : std::min(slowest, source.reached);
  }
  const Time reached = slowest == kNoTime ? furthest : slowest;
  if (reached != kNoTime) value_ = std::max(value_, reached - lateness_);
  return value_;
}

std::map<std::string, Time> Watermark::sources() const {
  std::map<std::string, Time> out;
  for (const auto& [name, clocks] : sources_) out[name] = progress_of(clocks, now_).newest;
  return out;
}

void Watermark::restore(Time value, const std::map<std::string, Time>& sources, Time now) {
  value_ = value;
  now_ = now;
  for (const auto& [name, time] : sources) {
    // It had been silent for so long that the wall clock had taken it to the watermark.
    const Time behind = value == kNoTime ? 0 : std::max<Time>(0, value + lateness_ - time);
    sources_[name][""] = {time, now - behind};
  }
}

}  // namespace tocsin::correlate
