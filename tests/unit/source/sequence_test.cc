#include "source/sequence.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "source/ack_token.h"

namespace tocsin::source {
namespace {

TEST_CASE("a position is reached when everything before it is done") {
  Sequence sequence;
  for (int i = 0; i < 4; ++i) sequence.next();
  CHECK(sequence.reach({}).empty());
  CHECK(sequence.reach({{2, "b"}}).empty());
  sequence.add({{2, "b"}});
  CHECK(sequence.reach({{3, ""}}).empty());
  CHECK(sequence.reach({{1, "a"}}) == "b");
  CHECK(sequence.reach({{1, "a"}, {3, ""}}) == "b");
  CHECK(sequence.reach({{1, "a"}, {3, ""}, {4, "d"}}) == "d");
  sequence.add({{1, "a"}});
  CHECK(sequence.reach({}).empty());  // written already
  CHECK(sequence.reach({{3, ""}}).empty());
  CHECK(sequence.reach({{4, "d"}}).empty());
  sequence.add({{4, "d"}});
  CHECK(sequence.reach({{3, ""}}) == "d");
}

// The slow, obvious way: of everything that is done, the longest prefix.
TEST_CASE("in any order and any groups, what is reached is the contiguous prefix") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const std::uint64_t count = 1 + random() % 40;
    Sequence sequence;
    std::vector<std::uint64_t> order;
    std::vector<std::string> positions(count + 1);
    for (std::uint64_t i = 1; i <= count; ++i) {
      REQUIRE(sequence.next() == i);
      order.push_back(i);
      if (random() % 3 != 0) positions[i] = std::to_string(i);
    }
    std::shuffle(order.begin(), order.end(), random);
    std::set<std::uint64_t> done;
    std::string written;
    for (std::size_t at = 0; at < order.size();) {
      Sequence::Done group;
      for (std::size_t i = 1 + random() % 4; i > 0 && at < order.size(); --i, ++at) {
        group.emplace(order[at], positions[order[at]]);
      }
      const std::string reached = sequence.reach(group);
      if (random() % 4 == 0) {  // the transaction fails, and its items come again
        at -= group.size();
        continue;
      }
      for (const auto& [number, position] : group) done.insert(number);
      sequence.add(std::move(group));
      if (!reached.empty()) written = reached;
      std::string expected;
      for (std::uint64_t i = 1; done.contains(i); ++i) {
        if (!positions[i].empty()) expected = positions[i];
      }
      REQUIRE(written == expected);
    }
    CHECK(sequence.reach({}).empty());
  }
}

TEST_CASE("a token answers once: with what is committed or refused, or when it is dropped") {
  std::vector<Receipt> receipts;
  const auto listen = [&] {
    return AckToken([&](Receipt receipt) { receipts.push_back(std::move(receipt)); });
  };
  SECTION("committed") {
    {
      AckToken token = listen();
      AckToken moved = std::move(token);
      Receipt receipt;
      receipt.accepted = 3;
      moved.commit(std::move(receipt));
      moved.commit({});
      moved.refuse({Code::io, "too late"});
    }
    REQUIRE(receipts.size() == 1);
    CHECK(receipts[0].status);
    CHECK(receipts[0].accepted == 3);
  }
  SECTION("refused, with the submission") {
    Submission submission;
    submission.bytes = "body";
    listen().refuse({Code::io, "no"}, std::move(submission));
    REQUIRE(receipts.size() == 1);
    CHECK(receipts[0].status.error().code == Code::io);
    CHECK(receipts[0].returned->bytes == "body");
  }
  SECTION("dropped") {
    { const AckToken token = listen(); }
    REQUIRE(receipts.size() == 1);
    CHECK(receipts[0].status.error().code == Code::busy);
    CHECK_FALSE(receipts[0].returned);
  }
  SECTION("replaced by another one") {
    AckToken token = listen();
    token = listen();
    CHECK(receipts.size() == 1);
    token = AckToken();
    CHECK(receipts.size() == 2);
  }
  SECTION("nobody waits") {
    AckToken().commit({});
  }
}

}  // namespace
}  // namespace tocsin::source
