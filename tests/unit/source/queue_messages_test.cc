#include "source/queue_messages.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace tocsin::source {
namespace {

using Decision = QueueMessages::Decision;
using End = QueueMessages::End;

std::string shown(const std::vector<QueueMessages::Handle>& handles) {
  std::string out;
  for (const auto& [id, handle] : handles) out += id + ":" + handle + " ";
  return out;
}

QueueMessages::Options with_redrive() {
  QueueMessages::Options options;
  options.visibility_ms = 2000;
  options.max_receives = 3;
  return options;
}

TEST_CASE("a message is deleted when all of its parts are committed, and not before") {
  QueueMessages messages(with_redrive());
  REQUIRE(messages.add("m", "h", 3, 1, 10, 0));
  CHECK(messages.ended("m", End::committed) == Decision::none);
  CHECK(messages.ended("m", End::committed) == Decision::none);
  CHECK(messages.take_removals(10).empty());
  CHECK(messages.oldest_sent_ms() == 10);
  CHECK(messages.ended("m", End::committed) == Decision::remove);
  CHECK(messages.ended("m", End::committed) == Decision::none);  // it is gone
  CHECK(messages.size() == 1);
  CHECK(shown(messages.take_removals(10)) == "m:h ");
  CHECK(messages.size() == 0);
  CHECK(messages.oldest_sent_ms() == 0);
}

TEST_CASE("the worst end of a part decides") {
  struct Case {
    std::vector<End> ends;
    bool removes, keeps;
    int receives;
    Decision decision;
    std::string removals, rejections;
  };
  const Case cases[] = {
      {{}, true, false, 1, Decision::none, "m:h ", ""},  // nothing to read
      {{End::committed}, true, false, 1, Decision::remove, "m:h ", ""},
      {{End::committed}, false, false, 1, Decision::let_go, "", ""},  // delete: false
      {{End::later}, true, false, 1, Decision::let_go, "", ""},
      {{End::later}, true, true, 1, Decision::let_go, "", ""},
      {{End::never}, true, false, 1, Decision::reject, "", "m:h "},
      {{End::never}, true, false, 2, Decision::reject, "", "m:h "},
      {{End::never}, true, false, 3, Decision::reject, "", ""},  // the queue moves it by itself
      {{End::never}, true, true, 1, Decision::keep, "", ""},
      {{End::never, End::committed}, true, false, 1, Decision::reject, "", "m:h "},
      {{End::committed, End::never}, true, true, 1, Decision::keep, "", ""},
      {{End::never, End::later}, true, true, 1, Decision::let_go, "", ""},
      {{End::later, End::never, End::committed}, true, false, 1, Decision::let_go, "", ""},
  };
  for (const Case& c : cases) {
    INFO(&c - cases);
    QueueMessages::Options options = with_redrive();
    options.removes = c.removes;
    options.keeps = c.keeps;
    QueueMessages messages(options);
    messages.add("m", "h", c.ends.size(), c.receives, 0, 0);
    Decision decision = Decision::none;
    for (const End end : c.ends) decision = messages.ended("m", end);
    CHECK(decision == c.decision);
    CHECK(shown(messages.take_removals(10)) == c.removals);
    CHECK(shown(messages.take_rejections()) == c.rejections);
    CHECK(messages.size() == (c.decision == Decision::keep ? 1 : 0));
  }
}

TEST_CASE("what is kept is deleted only when it is kept") {
  for (const bool is_kept : {true, false}) {
    QueueMessages::Options options = with_redrive();
    options.keeps = true;
    QueueMessages messages(options);
    messages.add("m", "h", 1, 1, 0, 0);
    REQUIRE(messages.ended("m", End::never) == Decision::keep);
    CHECK(shown(messages.to_extend(1000)) == "m:h ");  // it is still worked on
    messages.kept("m", is_kept);
    CHECK(shown(messages.take_removals(10)) == (is_kept ? "m:h " : ""));
    CHECK(messages.size() == 0);
  }
}

TEST_CASE("a message that comes again while it is worked on only gets its newer handle") {
  QueueMessages messages(with_redrive());
  REQUIRE(messages.add("m", "old", 1, 1, 0, 0));
  CHECK_FALSE(messages.add("m", "new", 1, 2, 0, 1500));
  CHECK(messages.size() == 1);
  CHECK(messages.to_extend(2400).empty());
  CHECK(shown(messages.to_extend(2500)) == "m:new ");
  CHECK(messages.ended("m", End::committed) == Decision::remove);
  CHECK(shown(messages.take_removals(10)) == "m:new ");
}

TEST_CASE("the visibility is extended at half of its time, again and again") {
  QueueMessages messages(with_redrive());
  messages.add("a", "h", 1, 1, 0, 0);
  messages.add("b", "h", 1, 1, 0, 600);
  CHECK(messages.next_extension() == 1000);
  CHECK(messages.to_extend(999).empty());
  CHECK(shown(messages.to_extend(1000)) == "a:h ");
  messages.extended("a", 1010);
  CHECK(messages.next_extension() == 1600);
  messages.ended("b", End::committed);
  CHECK(messages.next_extension() == 2010);
  CHECK(messages.not_extended("a", true, 2010));  // SQS failed: soon again
  CHECK_FALSE(messages.not_extended("b", true, 2010));
  CHECK(messages.next_extension() == 2010 + 250);
  messages.not_extended("a", false, 2300);  // it is not in flight any more
  CHECK_FALSE(messages.next_extension());
  CHECK(messages.to_extend(10'000).empty());
  CHECK(messages.ended("a", End::committed) == Decision::remove);  // the work is done all the same
}

TEST_CASE("nothing is extended beyond what SQS allows") {
  QueueMessages messages(with_redrive());
  messages.add("m", "h", 1, 1, 0, 0);
  const std::int64_t last = QueueMessages::kLongestMs - 2000;
  CHECK(shown(messages.to_extend(last)) == "m:h ");
  CHECK(messages.to_extend(last + 1).empty());
  messages.extended("m", last);
  CHECK_FALSE(messages.next_extension());
}

TEST_CASE("in the end everything that is not finished is given back, but for what is lost") {
  QueueMessages messages(with_redrive());
  for (const char* id : {"a", "b", "c", "d"}) messages.add(id, "h", 1, 1, 0, 0);
  messages.ended("b", End::committed);
  messages.not_extended("c", false, 0);
  CHECK(shown(messages.take_rest()) == "a:h d:h ");
  CHECK(shown(messages.take_removals(10)) == "b:h ");
  CHECK(messages.size() == 0);
}

TEST_CASE("removals are taken in batches, in order") {
  QueueMessages messages(with_redrive());
  for (int i = 0; i < 25; ++i) {
    messages.add("m" + std::to_string(i), "h", 0, 1, 0, 0);
  }
  CHECK(messages.removals() == 25);
  CHECK(messages.take_removals(10).size() == 10);
  CHECK(messages.take_removals(10)[0].id == "m10");
  CHECK(messages.take_removals(10).size() == 5);
}

}  // namespace
}  // namespace tocsin::source
