#include "pipeline/event_times.h"

#include <algorithm>

#include "correlate/watermark.h"

namespace tocsin::pipeline {

void EventTimes::add(std::string_view account, correlate::Time time) {
  if (time == correlate::kNoTime) return;
  const correlate::Time moved_to = correlate::clock_time(time, received_);
  if (moved_to == correlate::kNoTime) {
    ++ahead_.events;
    if (time - received_ > ahead_.furthest) {
      ahead_.furthest = time - received_;
      ahead_.account = account;
    }
    return;
  }
  auto at = newest_.find(account);
  if (at == newest_.end()) {
    if (newest_.size() >= correlate::kClocksOfSource) account = "";
    at = newest_.try_emplace(std::string(account), moved_to).first;
  }
  at->second = std::max(at->second, moved_to);
}

}  // namespace tocsin::pipeline
