#include "correlate/watermark.h"

#include <algorithm>

namespace tocsin::correlate {

void Watermark::heard(std::string_view source, Time newest, Time now) {
  auto at = sources_.find(source);
  if (at == sources_.end()) {
    if (newest == kNoTime) return;
    at = sources_.emplace(source, Source()).first;
  }
  at->second.newest = std::max(at->second.newest, newest);
  at->second.heard_at = std::max(at->second.heard_at, now);
}

void Watermark::excuse(Time now) {
  if (now_ != kNoTime && now > now_) {
    for (auto& [name, source] : sources_) source.heard_at += now - now_;
  }
  now_ = std::max(now_, now);
}

Time Watermark::advance(Time now) {
  now_ = std::max(now_, now);
  Time slowest = kNoTime, furthest = kNoTime;
  for (const auto& [name, source] : sources_) {
    const Time silent = std::max<Time>(0, now - source.heard_at);
    const Time reached = source.newest + (silent >= kSilentAfter ? silent : 0);
    furthest = std::max(furthest, reached);
    if (silent >= lateness_ && silent >= kSilentAfter) continue;
    slowest = slowest == kNoTime ? reached : std::min(slowest, reached);
  }
  const Time reached = slowest == kNoTime ? furthest : slowest;
  if (reached != kNoTime) value_ = std::max(value_, reached - lateness_);
  return value_;
}

std::map<std::string, Time> Watermark::newest() const {
  std::map<std::string, Time> out;
  for (const auto& [name, source] : sources_) out[name] = source.newest;
  return out;
}

void Watermark::restore(Time value, const std::map<std::string, Time>& newest, Time now) {
  value_ = value;
  now_ = now;
  for (const auto& [name, time] : newest) {
    // It had been silent for so long that the clock had taken it to the watermark.
    const Time behind = value == kNoTime ? 0 : std::max<Time>(0, value + lateness_ - time);
    sources_[name] = {time, now - behind};
  }
}

}  // namespace tocsin::correlate
