#include "source/object_marks.h"

#include <catch2/catch.hpp>
#include <string>

namespace tocsin::source {
namespace {

std::string key(std::int64_t day, int n) {
  return "AWSLogs/111122223333/CloudTrail/eu-west-1/" + day_text(day) + std::to_string(n) +
         ".json.gz";
}

TEST_CASE("days are written as in keys, and read back") {
  CHECK(day_number("1970/01/01") == 0);
  CHECK(day_number("2026/11/30") == 20'787);
  CHECK(day_text(20'787) == "2026/11/30/");
  CHECK(day_number("2024/02/30") == -1);
  CHECK(day_number("2026/11/3") == -1);
  CHECK(day_number("") == -1);
  for (std::int64_t day = 0; day < 40'000; day += 97) {
    CHECK(day_number(day_text(day).substr(0, 10)) == day);
  }
}

TEST_CASE("what is done is known, also after a restart, until its day is complete") {
  ObjectMarks marks(100);
  CHECK_FALSE(marks.take_changed());
  CHECK(marks.add("b", key(101, 1), 101));
  CHECK(marks.add("b", key(102, 1), 102));
  CHECK(marks.take_changed());
  CHECK_FALSE(marks.take_changed());
  CHECK(marks.add("b", key(102, 1), 102));  // known already
  CHECK_FALSE(marks.take_changed());
  CHECK(marks.contains("b", key(101, 1)));
  CHECK_FALSE(marks.contains("c", key(101, 1)));
  CHECK_FALSE(marks.contains("b", key(101, 2)));

  ObjectMarks restored(50);
  REQUIRE(restored.restore(marks.text()));
  CHECK(restored.from() == 100);
  CHECK(restored.contains("b", key(101, 1)));
  CHECK(restored.contains("b", key(102, 1)));
  restored.complete_before(102);
  CHECK(restored.from() == 102);
  CHECK_FALSE(restored.contains("b", key(101, 1)));  // never asked for again
  CHECK(restored.contains("b", key(102, 1)));
  CHECK(restored.take_changed());
  restored.complete_before(101);
  CHECK(restored.from() == 102);

  ObjectMarks later(200);  // `since` has moved on
  REQUIRE(later.restore(marks.text()));
  CHECK(later.from() == 200);
}

TEST_CASE("a position that cannot be read is an error, none is none") {
  for (const char* text :
       {"{", "[]", "{}", R"({"v":2,"from":1,"days":{}})", R"({"v":1,"from":1,"days":{"x":"00"}})",
        R"({"v":1,"from":1,"days":{"1":"zz"}})"}) {
    INFO(text);
    CHECK_FALSE(ObjectMarks(1).restore(text));
  }
  CHECK(ObjectMarks(1).restore(""));
}

TEST_CASE("of many marks the newest days are written") {
  ObjectMarks marks(100);
  const auto half = static_cast<int>(ObjectMarks::kWritten / 2 + 1000);
  for (int n = 0; n < half; ++n) {
    marks.add("b", key(101, n), 101);
    marks.add("b", key(102, n), 102);
  }
  const std::string text = marks.text();
  CHECK(text.size() < 1'000'000);
  ObjectMarks restored(100);
  REQUIRE(restored.restore(text));
  int older = 0;
  for (int n = 0; n < half; ++n) {
    CHECK(restored.contains("b", key(102, n)));
    older += restored.contains("b", key(101, n)) ? 1 : 0;
  }
  CHECK(older == half - 2000);
}

}  // namespace
}  // namespace tocsin::source
