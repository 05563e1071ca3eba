// What is kept for detections over time, and its limits.
#include "support.h"

namespace tocsin::store {
namespace {

TEST_CASE("at most max_known values are remembered, and the ones used lately stay") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.max_known = 1000;
  const auto store = open_store(options);
  const auto use = [&](std::uint64_t number, std::int64_t time) {
    Transaction transaction = must(store->begin());
    must(transaction.save_known(key_of(number), {time, time, 1}));
    must(transaction.commit());
  };
  for (std::uint64_t i = 0; i < 3000; ++i) {
    use(i, static_cast<std::int64_t>(i));
    for (std::uint64_t often = 0; often < 5; ++often) use(often, static_cast<std::int64_t>(i));
    const StoreStats stats = must(store->stats());
    REQUIRE(stats.known <= 1000);
    REQUIRE(stats.known + stats.known_evicted == std::max<std::uint64_t>(5, i + 1));
  }
  Transaction transaction = must(store->begin());
  for (std::uint64_t often = 0; often < 5; ++often) {
    CHECK(must(transaction.find_known(key_of(often))).has_value());
  }
}

TEST_CASE("any time of a value comes back as it was") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  Transaction transaction = must(store->begin());
  const std::int64_t times[] = {
      INT64_MIN, INT64_MIN + 1, -1'000'000'000, -1, 0, 1, 1'700'000'000'000'000'000, INT64_MAX};
  for (const std::int64_t first : times) {
    for (const std::int64_t last : times) {
      must(transaction.save_known(key_of(1), {first, last, 3}));
      CHECK(must(transaction.find_known(key_of(1))) == Known{first, last, 3});
    }
  }
}

TEST_CASE("the journal forgets what is not needed, and the oldest beyond its limit") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  Transaction transaction = must(store->begin());
  for (std::int64_t seq = 0; seq < 10; ++seq) {
    must(transaction.add_hits(seq * 10, seq == 3 ? 50 : 1000, std::string(100, 'h')));
  }
  CHECK(must(transaction.prune_hits(50, 1000)) == DroppedHits{0, 0});
  CHECK(must(transaction.prune_hits(51, 1000)) == DroppedHits{0, 0});
  CHECK(must(transaction.hits_at(39))->seq == 20);
  CHECK(must(transaction.prune_hits(51, 450)) == DroppedHits{5, 500});
  CHECK_FALSE(must(transaction.hits_at(50)).has_value());
  CHECK(must(transaction.hits_at(1000))->seq == 90);
}

TEST_CASE("a row of the journal that is written again is replaced, and stays as long as before") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  Transaction transaction = must(store->begin());
  must(transaction.add_hits(7, 1000, std::string(100, 'a')));
  must(transaction.add_hits(7, 500, std::string(40, 'b')));
  CHECK(must(transaction.hits_at(7)) == Hits{7, std::string(40, 'b')});
  CHECK(must(transaction.prune_hits(1000, 40)) == DroppedHits{0, 0});  // 40 bytes, not 140
  CHECK(must(transaction.hits_at(7)).has_value());
  must(transaction.add_hits(7, 2000, "c"));
  CHECK(must(transaction.prune_hits(1001, 1)) == DroppedHits{0, 0});
  CHECK(must(transaction.hits_at(7)) == Hits{7, "c"});
}

TEST_CASE("an alert that was merged into another is not listed") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  const std::int64_t first = add(*store, "first", {"slack"}, 1);
  const std::int64_t second = add(*store, "second", {"slack"}, 1);
  {
    Transaction transaction = must(store->begin());
    must(transaction.update_json(first, R"({"id":"first","more":1})"));
    must(transaction.merge_alert(second, first));
    must(transaction.commit());
  }
  const auto alerts = must(store->alerts({}));
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].json == R"({"id":"first","more":1})");
  CHECK(must(store->due("slack", 5, 10, {})).size() == 2);  // what was promised is delivered
}

TEST_CASE("a correlation goes with its episodes") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  Transaction transaction = must(store->begin());
  must(transaction.save_rule({key_of(1), "one", 5}));
  must(transaction.save_rule({key_of(2), "two", 6}));
  must(transaction.save_episode({key_of(3), key_of(1), key_of(9), 1, 0, 0, 0}));
  must(transaction.save_episode({key_of(4), key_of(2), key_of(9), 1, 0, 0, 0}));
  must(transaction.forget_rule(key_of(1)));
  must(transaction.commit());
  CHECK(must(store->correlation_rules()) == std::vector<CorrelationRule>{{key_of(2), "two", 6}});
  REQUIRE(must(store->episodes()).size() == 1);
  CHECK(must(store->episodes())[0].episode == key_of(4));
  CHECK(must(store->episodes(key_of(1))).empty());
}

}  // namespace
}  // namespace tocsin::store
