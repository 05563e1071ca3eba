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
  watermark.heard("a", kNoTime, 0);
  CHECK(watermark.advance(1) == kNoTime);
  watermark.heard("a", kNoon, 1);
  CHECK(watermark.advance(1) == kNoon - kLate);
  watermark.heard("a", kNoon - kMinute, 2);
  watermark.heard("a", kNoTime, 2);
  CHECK(watermark.advance(2) == kNoon - kLate);
  watermark.heard("a", kNoon + 1, 3);
  CHECK(watermark.value() == kNoon - kLate);
  CHECK(watermark.advance(3) == kNoon + 1 - kLate);
}

TEST_CASE("the slowest source counts") {
  Watermark watermark(kLate);
  watermark.heard("a", kNoon, 0);
  watermark.heard("b", kNoon - kMinute, 0);
  CHECK(watermark.advance(0) == kNoon - kMinute - kLate);
  watermark.heard("a", kNoon + kMinute, 0);
  CHECK(watermark.advance(0) == kNoon - kMinute - kLate);
  watermark.heard("b", kNoon, 0);
  CHECK(watermark.advance(0) == kNoon - kLate);
}

TEST_CASE("a source that has been silent for ten seconds goes on with the clock") {
  Watermark watermark(kLate);
  watermark.heard("a", kNoon, 0);
  CHECK(watermark.advance(10 * kSecond - 1) == kNoon - kLate);
  CHECK(watermark.advance(10 * kSecond) == kNoon + 10 * kSecond - kLate);
  CHECK(watermark.advance(kMinute) == kNoon + kMinute - kLate);
  // It is heard again, of an older time: nothing falls.
  watermark.heard("a", kNoon + kSecond, kMinute);
  CHECK(watermark.advance(kMinute + kSecond) == kNoon + kMinute - kLate);
  watermark.heard("a", kNoon + 2 * kMinute, kMinute);
  CHECK(watermark.advance(kMinute + kSecond) == kNoon + 2 * kMinute - kLate);
}

TEST_CASE("a source that has been silent for the allowed lateness holds back nobody") {
  Watermark watermark(kLate);
  watermark.heard("slow", kNoon - kMinute, 0);
  watermark.heard("a", kNoon, 0);
  for (Time now = 0; now < kLate; now += kSecond) {
    watermark.heard("a", kNoon + 2 * now, now);
    const Time ticked = now >= 10 * kSecond ? now : 0;
    REQUIRE(watermark.advance(now) == kNoon - kMinute + ticked - kLate);
  }
  CHECK(watermark.advance(kLate) > kNoon + kLate - kLate);
}

TEST_CASE("when all are silent the furthest counts") {
  Watermark watermark(kLate);
  watermark.heard("slow", kNoon - 30 * kMinute, 0);
  watermark.heard("a", kNoon, 0);
  CHECK(watermark.advance(kLate - 1) == kNoon - 30 * kMinute + kLate - 1 - kLate);
  CHECK(watermark.advance(kLate) == kNoon);
  CHECK(watermark.advance(2 * kLate) == kNoon + kLate);
}

TEST_CASE("without lateness a source is still waited for, as long as it is heard") {
  Watermark watermark(0);
  watermark.heard("a", kNoon, 0);
  watermark.heard("b", kNoon + kMinute, 0);
  CHECK(watermark.advance(0) == kNoon);
  CHECK(watermark.advance(kSilentAfter - 1) == kNoon);
  CHECK(watermark.advance(kSilentAfter) == kNoon + kMinute + kSilentAfter);
}

TEST_CASE("silence while nothing could be heard is none") {
  Watermark watermark(kLate);
  watermark.heard("a", kNoon, 0);
  watermark.advance(5 * kSecond);
  for (Time now = 6 * kSecond; now <= 3600 * kSecond; now += kSecond) watermark.excuse(now);
  CHECK(watermark.advance(3600 * kSecond) == kNoon - kLate);
  CHECK(watermark.advance(3604 * kSecond) == kNoon - kLate);
  CHECK(watermark.advance(3605 * kSecond) == kNoon + 10 * kSecond - kLate);
}

TEST_CASE("after a restart time goes on where it was") {
  Watermark before(kLate);
  before.heard("gone", kNoon - 24 * 60 * kMinute, 0);
  before.heard("a", kNoon, 0);
  before.heard("b", kNoon + kMinute, 20 * kMinute);
  before.heard("a", kNoon + kMinute, 20 * kMinute);
  const Time silent = 22 * kMinute;
  const Time value = before.advance(silent);
  CHECK(value == kNoon + 3 * kMinute - kLate);

  Watermark after(kLate);
  after.restore(value, before.newest(), 7);
  CHECK(after.value() == value);
  CHECK(after.advance(7) == value);
  CHECK(after.advance(7 + kMinute) == value + kMinute);
  after.heard("a", kNoon + 10 * kMinute, 7 + kMinute);
  CHECK(after.advance(7 + kMinute) == value + kMinute);  // b is waited for
  after.heard("b", kNoon + 10 * kMinute, 7 + kMinute);
  CHECK(after.advance(7 + kMinute) ==
        kNoon + 10 * kMinute - kLate);  // and the one that is gone is not
}

}  // namespace
}  // namespace tocsin::correlate
