// What the store forgets, and when it is full.
#include "support.h"

namespace tocsin::store {
namespace {

TEST_CASE("a firing is remembered for at least seen_for, and not for ever") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.seen_for = 1000;
  auto store = open_store(options);
  const auto remember = [&](std::uint64_t number, Milliseconds now) {
    Transaction transaction = must(store->begin());
    const bool is_new = must(transaction.remember(key_of(number), 5, now));
    must(transaction.commit());
    return is_new;
  };
  CHECK(remember(1, 0));
  CHECK_FALSE(remember(1, 0));
  CHECK(remember(2, 999));
  CHECK_FALSE(remember(1, 1000));
  CHECK(remember(3, 1500));
  store.reset();
  store = open_store(options);
  CHECK_FALSE(remember(2, 1999));
  CHECK(remember(2, 2001));  // 1002 ms later
  CHECK_FALSE(remember(3, 2500));
  CHECK(must(store->stats()).seen_evicted == 0);
  // The clock goes back for a while: nothing is forgotten early.
  CHECK(remember(4, 500));
  CHECK_FALSE(remember(4, 1499));
}

TEST_CASE("the event's time is part of what is remembered") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  Transaction transaction = must(store->begin());
  CHECK(must(transaction.remember(key_of(1), 5, 10)));
  CHECK(must(transaction.remember(key_of(1), 6, 10)));
  CHECK_FALSE(must(transaction.remember(key_of(1), 6, 10)));
}

TEST_CASE("at most max_seen firings are remembered, and what is forgotten for that is counted") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.max_seen = 100;
  const auto store = open_store(options);
  for (std::uint64_t batch = 0; batch < 20; ++batch) {
    Transaction transaction = must(store->begin());
    for (std::uint64_t i = 0; i < 20; ++i) {
      REQUIRE(must(transaction.remember(key_of(batch * 20 + i), 1, 1)));
    }
    must(transaction.commit());
    const StoreStats stats = must(store->stats());
    REQUIRE(stats.seen <= 100);
    REQUIRE(stats.seen + stats.seen_evicted == (batch + 1) * 20);
  }
}

TEST_CASE("what a transaction saw is forgotten with it") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.max_seen = 4;
  const auto store = open_store(options);
  {
    Transaction transaction = must(store->begin());
    for (std::uint64_t i = 0; i < 9; ++i) must(transaction.remember(key_of(i), 1, 1));
  }
  CHECK(must(store->stats()).seen == 0);
  CHECK(must(store->stats()).seen_evicted == 0);
  Transaction transaction = must(store->begin());
  for (std::uint64_t i = 0; i < 9; ++i) CHECK(must(transaction.remember(key_of(i), 1, 1)));
}

TEST_CASE("the outbox has a limit of rows, and is usable again below it") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.max_rows = 3;
  const auto store = open_store(options);
  const std::int64_t alert = add(*store, "a", {"r1", "r2", "r3"}, 1);
  {
    Transaction transaction = must(store->begin());
    must(transaction.enqueue(delivery_row(alert, "r1", "ar1", 1)));  // is there already
    const Status full = transaction.enqueue(delivery_row(alert, "r4", "r4", 1));
    REQUIRE_FALSE(full.has_value());
    CHECK(full.error().code == Code::busy);
  }
  must(store->delivered({1}));
  Transaction transaction = must(store->begin());
  must(transaction.enqueue(delivery_row(alert, "r4", "r4", 1)));
  must(transaction.commit());
}

TEST_CASE("room that a transaction has made by pruning is its own to use") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.max_rows = 3;
  options.keep_dead = 10;
  const auto store = open_store(options);
  const std::int64_t alert = add(*store, "a", {"r1", "r2"}, 1);  // they expire at 1001
  must(store->bury({1, 2}, "gone"));
  Transaction transaction = must(store->begin());
  must(transaction.enqueue(delivery_row(alert, "r3", "r3", 1)));
  must(transaction.prune(5000));
  for (const char* const key : {"r4", "r5"}) {
    must(transaction.enqueue(delivery_row(alert, "r4", key, 1)));
  }
  must(transaction.commit());
}

TEST_CASE("too little room on the disk is Code::busy, and deliveries go on") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  { add(*open_store(options), "a", {"slack", "pager"}, 1); }
  options.reserve_bytes = std::uint64_t{1} << 60;
  const auto store = open_store(options);
  const Result<Transaction> begun = store->begin();
  REQUIRE_FALSE(begun.has_value());
  CHECK(begun.error().code == Code::busy);
  must(store->postpone({1}, 5, "later"));
  must(store->delivered({1}));
  must(store->prune(5));
  CHECK_FALSE(store->failed());
}

// Fills the database with alerts until begin() refuses; how many.
int fill(Store& store, std::size_t bytes) {
  for (int count = 0; count < 1000; ++count) {
    Result<Transaction> transaction = store.begin();
    if (!transaction) {
      CHECK(transaction.error().code == Code::busy);
      return count;
    }
    AlertRow alert = alert_row("a", count);
    alert.json = std::string(bytes, 'x');
    const std::int64_t id = must(transaction->add_alert(alert));
    must(transaction->enqueue(delivery_row(id, "slack", std::to_string(count), 1)));
    must(transaction->commit());
  }
  return -1;
}

TEST_CASE("a full database takes alerts again when old ones are forgotten") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.max_bytes = std::uint64_t{4} << 20;
  const auto store = open_store(options);
  const int first = fill(*store, 50'000);
  CHECK(first > 40);
  // While they wait for their receiver, they stay.
  must(store->prune(2000));
  CHECK_FALSE(store->begin().has_value());
  std::vector<std::int64_t> ids;
  for (int id = 1; id <= first; ++id) ids.push_back(id);
  must(store->delivered(ids));
  must(store->prune(2000));
  const StoreStats stats = must(store->stats());
  CHECK(stats.alerts_evicted + stats.alerts == static_cast<std::uint64_t>(first));
  CHECK(stats.alerts_evicted > 0);
  const std::uint64_t bytes = stats.bytes;
  CHECK(fill(*store, 50'000) > 40);
  // Room that has become free is used again.
  CHECK(must(store->stats()).bytes < bytes + (std::uint64_t{8} << 20));
}

TEST_CASE("one transaction cannot go far beyond max_bytes") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.max_bytes = std::uint64_t{1} << 20;
  const auto store = open_store(options);
  {
    Transaction transaction = must(store->begin());
    AlertRow alert = alert_row("a", 1);
    alert.json = std::string(std::size_t{8} << 20, 'x');
    int added = 0;
    Result<std::int64_t> id = std::int64_t{0};
    for (; id && added < 100; ++added) id = transaction.add_alert(alert);
    REQUIRE_FALSE(id.has_value());
    CHECK(id.error().code == Code::busy);
    CHECK(added < 6);
  }
  CHECK_FALSE(store->failed());
  add(*store, "b", {"slack"}, 1);
  CHECK(must(store->stats()).alerts == 1);
}

TEST_CASE("a small database keeps room for other things than what was seen") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.max_bytes = std::uint64_t{1} << 20;
  const auto store = open_store(options);
  for (std::uint64_t batch = 0; batch < 100; ++batch) {
    Transaction transaction = must(store->begin());
    for (std::uint64_t i = 0; i < 1000; ++i) {
      must(transaction.remember(key_of(batch * 1000 + i), static_cast<Milliseconds>(batch), 1));
    }
    must(transaction.commit());
  }
  CHECK(must(store->stats()).seen_evicted > 0);
}

TEST_CASE("alerts and dead letters are forgotten when nothing needs them any more") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.keep_alerts = 1000;
  options.keep_dead = 5000;
  const auto store = open_store(options);
  add(*store, "free", {}, 0);
  add(*store, "waiting", {"slack"}, 0);  // delivery 1, expires at 1000
  add(*store, "dead", {"slack"}, 0);     // delivery 2
  add(*store, "grouped", {}, 0);
  add(*store, "repeated", {}, 0);
  add(*store, "from the future", {}, 0);
  add(*store, "new", {}, 900);
  must(store->bury({2}, "gone"));
  {
    Transaction transaction = must(store->begin());
    must(transaction.save_group({key_of(1), 4, 1, 1, 0, 0, 99'999}));
    must(transaction.update_alert(5, 2, 0, 900));
    must(transaction.update_alert(6, 2, 0, 99'999'999));
    must(transaction.commit());
  }
  const auto left = [&] {
    std::string names;
    const auto alerts = must(store->alerts({}));
    for (auto at = alerts.rbegin(); at != alerts.rend(); ++at) names += at->alert_id + ", ";
    return names;
  };
  must(store->prune(1000));
  CHECK(left() == "free, waiting, dead, grouped, repeated, from the future, new, ");
  must(store->prune(1001));
  CHECK(left() == "waiting, dead, grouped, repeated, new, ");
  must(store->prune(2501));
  CHECK(left() == "waiting, dead, grouped, ");
  {
    Transaction transaction = must(store->begin());
    must(transaction.save_episode({key_of(1), {}, {}, 1, 0, 0, 3}));
    must(transaction.commit());
  }
  must(store->prune(6000));
  CHECK(left() == "waiting, dead, grouped, ");
  must(store->prune(6001));
  CHECK(left() == "waiting, dead, grouped, ");  // an episode is open
  {
    Transaction transaction = must(store->begin());
    must(transaction.close_episode(key_of(1)));
    must(transaction.commit());
  }
  must(store->prune(6001));
  CHECK(left() == "waiting, grouped, ");
  CHECK(must(store->counts()) == std::vector<OutboxCount>{{"slack", 1, 0, 0}});
  CHECK(must(store->stats()).alerts_evicted == 0);
}

TEST_CASE("alerts that are needed do not hide those behind them") {
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.keep_alerts = 1000;
  const auto store = open_store(options);
  {
    Transaction transaction = must(store->begin());
    for (int i = 0; i < 2500; ++i) {
      const std::int64_t id = must(transaction.add_alert(alert_row("a", i < 2100 ? 0 : 1)));
      if (i < 2100) must(transaction.enqueue(delivery_row(id, "slack", std::to_string(i), 0)));
    }
    must(transaction.commit());
  }
  for (int i = 0; i < 3; ++i) must(store->prune(5000));
  CHECK(must(store->stats()).alerts == 2100);
}

}  // namespace
}  // namespace tocsin::store
