// Episodes that are merged one into the other within one call.
#include "correlate/changes.h"

#include <catch2/catch.hpp>

namespace tocsin::correlate {
namespace {

Episode episode(std::uint8_t name, Time first, Time last) {
  Episode out;
  out.id[0] = name;
  out.firings = 1;
  out.first = first;
  out.last = last;
  return out;
}

}  // namespace

TEST_CASE("whatever an episode was merged into has outlived the call") {
  const Episode a = episode(1, 10, 10), b = episode(2, 20, 20), c = episode(3, 30, 40);
  Changes changes;
  changes.merge(0, {}, a, b, false);
  changes.merge(0, {}, b, c, false);
  std::vector<Change> out;
  changes.take(out);
  REQUIRE(out.size() == 3);
  for (const Change& change : out) {
    if (change.episode == c.id) {
      CHECK(change.kind == Change::Kind::went_on);
    } else {
      CHECK(change.kind == Change::Kind::merged);
      CHECK(change.into == c.id);
    }
  }
}

TEST_CASE("an episode that nobody heard of is not told to have been merged") {
  const Episode told = episode(1, 10, 10), fresh = episode(2, 20, 20), last = episode(3, 30, 30);
  const Window window{20, 20, 1, 1, {}, 0, {}};
  Changes changes;
  changes.touch(0, {}, fresh, true, &window);
  changes.merge(0, {}, told, fresh, false);
  changes.merge(0, {}, fresh, last, false);
  std::vector<Change> out;
  changes.take(out);
  REQUIRE(out.size() == 2);
  CHECK(out[0].episode == told.id);
  CHECK(out[0].into == last.id);
  CHECK(out[1].episode == last.id);
}

}  // namespace tocsin::correlate
