// How far event time has come.
#include "correlate/watermark.h"

#include <catch2/catch.hpp>

namespace tocsin::correlate {
namespace {

constexpr Time kMinute = 60 * kSecond;
constexpr Time kLate = 15 * kMinute;
constexpr Time kNoon = 1'700'000'000 * kSecond;  // of events; the clock starts at 0

TEST_CASE("the watermark is the newest event minus the lateness") {
  Watermark watermark(kLate);
  CHECK(watermark.advance(0) == kNoTime);
  watermark.received("a", "", kNoTime, 0);
  CHECK(watermark.advance(1) == kNoTime);
  watermark.received("a", "", kNoon, 1);
  CHECK(watermark.advance(1) == kNoon - kLate);
  watermark.received("a", "", kNoon - kMinute, 2);
  watermark.received("a", "", kNoTime, 2);
  CHECK(watermark.advance(2) == kNoon - kLate);
  watermark.received("a", "", kNoon + 1, 3);
  CHECK(watermark.value() == kNoon - kLate);
  CHECK(watermark.advance(3) == kNoon + 1 - kLate);
}

TEST_CASE("the slowest source counts") {
  Watermark watermark(kLate);
  watermark.received("a", "", kNoon, 0);
  watermark.received("b", "", kNoon - kMinute, 0);
  CHECK(watermark.advance(0) == kNoon - kMinute - kLate);
  watermark.received("a", "", kNoon + kMinute, 0);
  CHECK(watermark.advance(0) == kNoon - kMinute - kLate);
  watermark.received("b", "", kNoon, 0);
  CHECK(watermark.advance(0) == kNoon - kLate);
}

TEST_CASE("a source that has been silent for ten seconds goes on with the clock") {
  Watermark watermark(kLate);
  watermark.received("a", "", kNoon, 0);
  CHECK(watermark.advance(10 * kSecond - 1) == kNoon - kLate);
  CHECK(watermark.advance(10 * kSecond) == kNoon + 10 * kSecond - kLate);
  CHECK(watermark.advance(kMinute) == kNoon + kMinute - kLate);
  // It is heard again, of an older time: nothing falls.
  watermark.received("a", "", kNoon + kSecond, kMinute);
  CHECK(watermark.advance(kMinute + kSecond) == kNoon + kMinute - kLate);
  watermark.received("a", "", kNoon + 2 * kMinute, kMinute);
  CHECK(watermark.advance(kMinute + kSecond) == kNoon + 2 * kMinute - kLate);
}

TEST_CASE("events that say nothing new do not stop the clock") {
  Watermark watermark(kLate);
  watermark.received("a", "", kNoon, 0);
  for (Time now = 9 * kSecond; now <= kMinute; now += 9 * kSecond) {
    watermark.received("a", "", now % 2 == 0 ? kNoon : kNoon - kMinute, now);
    if (now >= 10 * kSecond) REQUIRE(watermark.advance(now) == kNoon + now - kLate);
  }
}

TEST_CASE("a source that has been silent for the allowed lateness holds back nobody") {
  Watermark watermark(kLate);
  watermark.received("slow", "", kNoon - kMinute, 0);
  watermark.received("a", "", kNoon, 0);
  for (Time now = 0; now < kLate; now += kSecond) {
    watermark.received("a", "", kNoon + 2 * now, now);
    const Time ticked = now >= 10 * kSecond ? now : 0;
    REQUIRE(watermark.advance(now) == kNoon - kMinute + ticked - kLate);
  }
  CHECK(watermark.advance(kLate) > kNoon + kLate - kLate);
}

TEST_CASE("when all are silent the furthest counts") {
  Watermark watermark(kLate);
  watermark.received("slow", "", kNoon - 30 * kMinute, 0);
  watermark.received("a", "", kNoon, 0);
  CHECK(watermark.advance(kLate - 1) == kNoon - 30 * kMinute + kLate - 1 - kLate);
  CHECK(watermark.advance(kLate) == kNoon);
  CHECK(watermark.advance(2 * kLate) == kNoon + kLate);
}

TEST_CASE("without lateness a source is still waited for, as long as it is heard") {
  Watermark watermark(0);
  watermark.received("a", "", kNoon, 0);
  watermark.received("b", "", kNoon + kMinute, 0);
  CHECK(watermark.advance(0) == kNoon);
  CHECK(watermark.advance(kSilentAfter - 1) == kNoon);
  CHECK(watermark.advance(kSilentAfter) == kNoon + kMinute + kSilentAfter);
}

TEST_CASE("silence while nothing could be heard is none") {
  Watermark watermark(kLate);
  watermark.received("a", "", kNoon, 0);
  watermark.advance(5 * kSecond);
  for (Time now = 6 * kSecond; now <= 3600 * kSecond; now += kSecond) watermark.excuse(now);
  CHECK(watermark.advance(3600 * kSecond) == kNoon - kLate);
  CHECK(watermark.advance(3604 * kSecond) == kNoon - kLate);
  CHECK(watermark.advance(3605 * kSecond) == kNoon + 10 * kSecond - kLate);
}

TEST_CASE("after a restart time goes on where it was") {
  Watermark before(kLate);
  before.received("gone", "", kNoon - 24 * 60 * kMinute, 0);
  before.received("a", "", kNoon, 0);
  before.received("b", "", kNoon + kMinute, 20 * kMinute);
  before.received("a", "", kNoon + kMinute, 20 * kMinute);
  const Time silent = 22 * kMinute;
  const Time value = before.advance(silent);
  CHECK(value == kNoon + 3 * kMinute - kLate);

  Watermark after(kLate);
  after.restore(value, before.sources(), 7);
  CHECK(after.value() == value);
  CHECK(after.advance(7) == value);
  CHECK(after.advance(7 + kMinute) == value + kMinute);
  after.received("a", "", kNoon + 10 * kMinute, 7 + kMinute);
  CHECK(after.advance(7 + kMinute) == value + kMinute);  // b is waited for
  after.received("b", "", kNoon + 10 * kMinute, 7 + kMinute);
  CHECK(after.advance(7 + kMinute) ==
        kNoon + 10 * kMinute - kLate);  // and the one that is gone is not
}

TEST_CASE("a clock never runs ahead of the time of receipt") {
  CHECK(clock_time(kNoon - kMinute, kNoon) == kNoon - kMinute);
  CHECK(clock_time(kNoon, kNoon) == kNoon);
  CHECK(clock_time(kNoon + kSecond, kNoon) == kNoon);
  CHECK(clock_time(kNoon + kClockSkew, kNoon) == kNoon);
  CHECK(clock_time(kNoon + kClockSkew + 1, kNoon) == kNoTime);
  CHECK(clock_time(kNoTime, kNoon) == kNoTime);
}

TEST_CASE("a source is as far as its slowest account") {
  Watermark watermark(kLate);
  watermark.received("trail", "1", kNoon, 0);
  watermark.received("trail", "2", kNoon - 10 * kMinute, 0);
  CHECK(watermark.advance(0) == kNoon - 10 * kMinute - kLate);
  watermark.received("trail", "1", kNoon + kMinute, 0);
  CHECK(watermark.advance(0) == kNoon - 10 * kMinute - kLate);
  watermark.received("trail", "2", kNoon, 0);
  CHECK(watermark.advance(0) == kNoon - kLate);
  // Each goes on by itself after 10 s without an event.
  watermark.received("trail", "1", kNoon + 5 * kMinute, 30 * kSecond);
  CHECK(watermark.advance(30 * kSecond) == kNoon + 30 * kSecond - kLate);
}

TEST_CASE("an account whose clock is wrong delays the others by the allowed lateness at most") {
  Watermark watermark(kLate);
  for (Time now = 0; now < 60 * kMinute; now += kSecond) {
    watermark.received("trail", "good", kNoon + now, now);
    watermark.received("trail", "slow", kNoon - 24 * 60 * kMinute + now, now);
    REQUIRE(watermark.advance(now) == kNoon + now - 2 * kLate);
  }
  // Of another source nothing is known but its clock: it is waited for.
  watermark.received("other", "slow", kNoon - 24 * 60 * kMinute, 60 * kMinute);
  const Time value = watermark.value();
  watermark.received("trail", "good", kNoon + 90 * kMinute, 60 * kMinute);
  CHECK(watermark.advance(60 * kMinute) == value);
}

TEST_CASE("an account that has been silent for the allowed lateness holds back nobody") {
  Watermark watermark(kLate);
  watermark.received("trail", "gone", kNoon - 10 * kMinute, 0);
  for (Time now = 0; now < kLate; now += kSecond) {
    watermark.received("trail", "a", kNoon + now, now);
    const Time ticked = now >= kSilentAfter ? now : 0;
    REQUIRE(watermark.advance(now) == kNoon - 10 * kMinute + ticked - kLate);
  }
  watermark.received("trail", "a", kNoon + kLate, kLate);
  CHECK(watermark.advance(kLate) == kNoon);
}

TEST_CASE("an account that was received and not taken is not silent") {
  Watermark watermark(kLate);
  watermark.received("a", "1", kNoon, 0);
  watermark.received("a", "1", kNoTime, 9 * kSecond);
  watermark.received("a", "2", kNoTime, 9 * kSecond);  // unknown so far
  CHECK(watermark.advance(15 * kSecond) == kNoon - kLate);
  CHECK(watermark.advance(19 * kSecond) == kNoon + 10 * kSecond - kLate);
}

TEST_CASE("accounts beyond those that may have clocks share one") {
  Watermark watermark(kLate);
  for (std::size_t i = 0; i < 50 * kClocksOfSource; ++i) {
    watermark.received("trail", std::to_string(i), kNoon - 5 * kMinute, 0);
  }
  watermark.received("trail", "one more", kNoon - 10 * kMinute, 0);
  CHECK(watermark.advance(0) == kNoon - 5 * kMinute - kLate);
  for (std::size_t i = 0; i < kClocksOfSource; ++i) {
    watermark.received("trail", std::to_string(i), kNoon, 0);
  }
  CHECK(watermark.advance(0) == kNoon - 5 * kMinute - kLate);  // the shared one
  watermark.received("trail", "another", kNoon, 0);
  CHECK(watermark.advance(0) == kNoon - kLate);
}

TEST_CASE("after a restart a source is as far as its slowest account was") {
  Watermark before(kLate);
  before.received("trail", "1", kNoon, 0);
  before.received("trail", "2", kNoon - 5 * kMinute, 0);
  const Time value = before.advance(0);
  CHECK(before.sources().at("trail") == kNoon - 5 * kMinute);
  Watermark after(kLate);
  after.restore(value, before.sources(), 1000 * kMinute);
  after.received("trail", "1", kNoon + kMinute, 1000 * kMinute);
  CHECK(after.advance(1000 * kMinute) == value);
  after.received("trail", "2", kNoon, 1000 * kMinute);
  // What was known before goes on with the wall clock, then is not waited for.
  CHECK(after.advance(1000 * kMinute + 15 * kSecond) == value + 15 * kSecond);
  after.received("trail", "1", kNoon + 20 * kMinute, 1015 * kMinute);
  after.received("trail", "2", kNoon + 20 * kMinute, 1015 * kMinute);
  CHECK(after.advance(1015 * kMinute) == kNoon + 20 * kMinute - kLate);
}

}  // namespace
}  // namespace tocsin::correlate
