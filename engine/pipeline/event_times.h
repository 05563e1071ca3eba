// EventTimes: what time the events of a submission say it is in each account, and which of them are
// dated ahead of their receipt (correlate/README.md, "Clocks"). A value; memory: kClocksOfSource
// accounts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "correlate/types.h"

namespace tocsin::pipeline {

class EventTimes {
 public:
  using Newest = std::map<std::string, correlate::Time, std::less<>>;
  // Events dated more than correlate::kClockSkew after their receipt.
  struct Ahead {
    std::uint64_t events = 0;
    correlate::Time furthest = 0;  // by how much
    std::string account;           // of that one
  };

  EventTimes() = default;
  // `received`: the time of receipt of all of them, by the wall clock.
  explicit EventTimes(correlate::Time received) : received_(received) {}

  // An event dated `time`; kNoTime when it does not say.
  void add(std::string_view account, correlate::Time time);

  // The time to which each account's clock has come.
  const Newest& newest() const { return newest_; }
  const Ahead& ahead() const { return ahead_; }

 private:
  correlate::Time received_ = 0;
  Newest newest_;
  Ahead ahead_;
};

}  // namespace tocsin::pipeline
