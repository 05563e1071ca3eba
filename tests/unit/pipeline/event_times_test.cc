// What time events say it is.
#include "pipeline/event_times.h"

#include <catch2/catch.hpp>

#include "correlate/watermark.h"

namespace tocsin::pipeline {
namespace {

constexpr correlate::Time kReceived = 1'700'000'000 * kSecond;

TEST_CASE("the newest time of each account is kept, and never one after the receipt") {
  EventTimes times(kReceived);
  CHECK(times.newest().empty());
  times.add("1", kReceived - 5 * kSecond);
  times.add("1", kReceived - 9 * kSecond);
  times.add("2", kReceived + 3 * kSecond);
  times.add("3", correlate::kNoTime);
  CHECK(times.newest() == EventTimes::Newest{{"1", kReceived - 5 * kSecond}, {"2", kReceived}});
  CHECK(times.ahead().events == 0);
}

TEST_CASE("events ahead of their receipt are counted and give no time") {
  EventTimes times(kReceived);
  times.add("1", kReceived + correlate::kClockSkew + 1);
  times.add("2", kReceived + 60 * kSecond);
  times.add("1", kReceived + 20 * kSecond);
  CHECK(times.newest().empty());
  CHECK(times.ahead().events == 3);
  CHECK(times.ahead().furthest == 60 * kSecond);
  CHECK(times.ahead().account == "2");
}

TEST_CASE("invented accounts do not fill the memory") {
  EventTimes times(kReceived);
  for (std::size_t i = 0; i < 10 * correlate::kClocksOfSource; ++i) {
    times.add(std::to_string(i), kReceived - static_cast<correlate::Time>(i));
  }
  CHECK(times.newest().size() == correlate::kClocksOfSource + 1);
  CHECK(times.newest().at("") == kReceived - correlate::kClocksOfSource);
}

}  // namespace
}  // namespace tocsin::pipeline
