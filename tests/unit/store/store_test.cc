// What the calls promise, one by one. model_test.cc has them all together.
#include <algorithm>

#include "support.h"

namespace tocsin::store {
namespace {

std::vector<std::int64_t> ids_of(const std::vector<DeliveryWithAlert>& rows) {
  std::vector<std::int64_t> ids;
  for (const DeliveryWithAlert& row : rows) ids.push_back(row.delivery.id);
  return ids;
}

using Ids = std::vector<std::int64_t>;

TEST_CASE("what was committed is there after a restart, and what was not is not") {
  TemporaryFolder root;
  const StoreOptions options = options_for(root / "store");
  AlertRow alert = alert_row("a", 10);
  alert.json = std::string("{\"x\":\"\xC3\xA9\\u0000\"}") + std::string(100'000, ' ');
  {
    const auto store = open_store(options);
    Transaction transaction = must(store->begin());
    alert.id = must(transaction.add_alert(alert));
    must(transaction.enqueue(delivery_row(alert.id, "slack", "k", 10)));
    must(transaction.save_checkpoint("file", std::string("p\0q", 3)));
    must(transaction.save_value("key", "first"));
    must(transaction.save_value("key", std::string("k\0y", 3)));
    must(transaction.commit());
  }
  {
    const auto store = open_store(options);
    Transaction transaction = must(store->begin());
    must(transaction.enqueue(delivery_row(alert.id, "slack", "not committed", 10)));
    must(transaction.save_checkpoint("file", "later"));
    must(transaction.save_value("key", "later"));
  }
  const auto store = open_store(options);
  const auto rows = must(store->due("slack", 10, 10, {}));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].alert == alert);
  CHECK(rows[0].delivery.key == "k");
  CHECK(must(store->checkpoint("file")) == std::string("p\0q", 3));
  CHECK(must(store->checkpoint("another")) == std::nullopt);
  CHECK(must(store->value("key")) == std::string("k\0y", 3));
  CHECK(must(store->value("another")) == std::nullopt);
}

TEST_CASE("a key is enqueued once") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  const std::int64_t alert = add(*store, "a", {}, 1);
  for (int i = 0; i < 2; ++i) {
    Transaction transaction = must(store->begin());
    Delivery delivery = delivery_row(alert, "slack", "k", 1);
    delivery.count = i == 0 ? 1 : 9;
    must(transaction.enqueue(delivery));
    must(transaction.enqueue(delivery));
    must(transaction.commit());
  }
  const auto rows = must(store->due("slack", 5, 10, {}));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].delivery.count == 1);
}

TEST_CASE("rows are due by severity, then for how long, without those taken") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  const std::int64_t alert = add(*store, "a", {}, 1);
  struct Row {
    int severity;
    Milliseconds due;
  };
  std::vector<std::int64_t> ids;
  {
    Transaction transaction = must(store->begin());
    int key = 0;
    for (const Row row : {Row{2, 10}, Row{4, 30}, Row{2, 5}, Row{4, 20}, Row{0, 1}, Row{4, 99},
                          Row{-7, 2}, Row{9, 21}}) {
      Delivery delivery = delivery_row(alert, "slack", std::to_string(++key), row.due);
      delivery.severity = row.severity;
      must(transaction.enqueue(delivery));
    }
    must(transaction.enqueue(delivery_row(alert, "other", "o", 1)));
    must(transaction.commit());
  }
  CHECK(ids_of(must(store->due("slack", 30, 100, {}))) == Ids{4, 8, 2, 3, 1, 5, 7});
  CHECK(ids_of(must(store->due("slack", 30, 3, {4, 2}))) == Ids{8, 3, 1});
  CHECK(must(store->due("slack", 0, 100, {})).empty());
  CHECK(must(store->due("slack", 30, 0, {})).empty());
  CHECK(must(store->next_due("slack", {})) == 1);
  CHECK(must(store->next_due("slack", {5, 7, 3, 1, 4})) == 21);
  CHECK(must(store->next_due("other", {9})) == std::nullopt);
  CHECK(must(store->next_due("nobody", {})) == std::nullopt);
}

TEST_CASE("a row is delivered, postponed, buried, retried or dropped") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  add(*store, "a", {"slack", "pager", "hook"}, 1);
  must(store->delivered({1}));
  CHECK(must(store->show(1)) == std::nullopt);

  must(store->postpone({2, 1}, 500, "503 Service Unavailable"));
  const Delivery postponed = must(store->show(2))->delivery;
  CHECK(postponed.attempts == 1);
  CHECK(postponed.due == 500);
  CHECK(postponed.error == "503 Service Unavailable");

  must(store->bury({3}, "410 Gone"));
  must(store->postpone({3}, 500, "late answer"));
  must(store->bury({3}, "late answer"));
  const Delivery buried = must(store->show(3))->delivery;
  CHECK(buried.dead);
  CHECK(buried.error == "410 Gone");
  CHECK(buried.attempts == 0);
  CHECK(must(store->due("hook", 9999, 10, {})).empty());

  const std::vector<OutboxCount> expected = {{"hook", 0, 1, 0}, {"pager", 1, 0, 1}};
  CHECK(must(store->counts()) == expected);

  CHECK(must(store->retry({}, 600, 9000)) == 1);
  CHECK(must(store->retry({2, 77}, 700, 9000)) == 1);
  for (const std::int64_t id : {2, 3}) {
    const Delivery again = must(store->show(id))->delivery;
    CHECK_FALSE(again.dead);
    CHECK(again.attempts == 0);
    CHECK(again.error == "");
    CHECK(again.expires == 9000);
  }
  CHECK(must(store->drop({2, 2, 3, 4})) == 2);
  CHECK(must(store->drop({})) == 0);
  CHECK(must(store->counts()).empty());
  // Ids are not given again: a late answer must not hit another row.
  add(*store, "b", {"slack"}, 1);
  CHECK(ids_of(must(store->list("", false, 10))) == Ids{4});
}

TEST_CASE("what has expired becomes a dead letter with its last error") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  add(*store, "a", {"slack"}, 1);
  add(*store, "b", {"slack"}, 2);
  must(store->postpone({2}, 1, "timeout"));
  CHECK(must(store->expire(1000, 10)).empty());
  const auto first = must(store->expire(2000, 1));
  REQUIRE(first.size() == 1);
  CHECK(first[0].delivery.error == "expired: not delivered in time");
  CHECK(first[0].alert.json == "");
  const auto second = must(store->expire(2000, 10));
  REQUIRE(second.size() == 1);
  CHECK(second[0].delivery.error == "expired: not delivered in time; last error: timeout");
  CHECK(must(store->show(2))->delivery == second[0].delivery);
  CHECK(must(store->expire(2000, 10)).empty());
}

TEST_CASE("of a long error whole code points are kept") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  add(*store, "a", {"slack"}, 1);
  std::string error = "x";
  for (int i = 0; i < 1000; ++i) error += "\xE2\x82\xAC";
  must(store->bury({1}, error));
  const std::string kept = must(store->show(1))->delivery.error;
  CHECK(kept == error.substr(0, 1 + 341 * 3 - 3 + 3));
  CHECK(kept.size() <= 1024);
}

TEST_CASE("all dead letters are retried, however many") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  const std::int64_t alert = add(*store, "a", {}, 1);
  Ids ids;
  {
    Transaction transaction = must(store->begin());
    for (int i = 1; i <= 2500; ++i) {
      must(transaction.enqueue(delivery_row(alert, "slack", std::to_string(i), 1)));
      ids.push_back(i);
    }
    must(transaction.commit());
  }
  must(store->bury(ids, "gone"));
  CHECK(must(store->counts()) == std::vector<OutboxCount>{{"slack", 0, 2500, 0}});
  CHECK(must(store->retry({}, 5, 9000)) == 2500);
  CHECK(must(store->counts()) == std::vector<OutboxCount>{{"slack", 2500, 0, 1}});
}

TEST_CASE("alerts are found newest first, by what is known of them") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  for (const char* const name : {"a", "b", "c", "a"}) add(*store, name, {}, 1);
  const auto ids = [&](const AlertFilter& filter) {
    Ids found;
    for (const AlertRow& alert : must(store->alerts(filter))) found.push_back(alert.id);
    return found;
  };
  AlertFilter filter;
  CHECK(ids(filter) == Ids{4, 3, 2, 1});
  filter.rule_id = "rule-a";
  CHECK(ids(filter) == Ids{4, 1});
  filter.before = 4;
  CHECK(ids(filter) == Ids{1});
  filter = {};
  filter.limit = 2;
  CHECK(ids(filter) == Ids{4, 3});
  filter = {};
  filter.principal = "arn:aws:iam::111122223333:user/b' OR 1=1 --";
  CHECK(ids(filter).empty());
  filter.principal = "arn:aws:iam::111122223333:user/b";
  filter.level = "high";
  filter.account = "111122223333";
  REQUIRE(ids(filter) == Ids{2});
  CHECK(must(store->alerts(filter))[0].json == R"({"id":"b"})");
}

TEST_CASE("groups, budgets and alerts are changed in a transaction") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  const std::int64_t alert = add(*store, "a", {}, 1);
  Transaction transaction = must(store->begin());
  CHECK(must(transaction.find_group(key_of(1))) == std::nullopt);
  Group group{key_of(1), alert, 3, 2, 10, 20, 30};
  must(transaction.save_group(group));
  CHECK(must(transaction.find_group(key_of(1))) == group);
  group.closes = 25;
  must(transaction.save_group(group));
  must(transaction.save_group({key_of(2), alert, 1, 1, 1, 1, 24}));
  CHECK(must(transaction.due_groups(23, 9)).empty());
  CHECK(must(transaction.due_groups(24, 9)).size() == 1);
  const auto due = must(transaction.due_groups(25, 9));
  REQUIRE(due.size() == 2);
  CHECK(due[1] == group);
  must(transaction.close_group(key_of(1)));
  CHECK(must(transaction.find_group(key_of(1))) == std::nullopt);

  CHECK(must(transaction.find_budget("r")) == Budget{"r", 0, 0});
  must(transaction.save_budget({"r", 5, 6}));
  CHECK(must(transaction.find_budget("r")) == Budget{"r", 5, 6});

  must(transaction.update_alert(alert, 7, 1, 9));
  const auto found = must(transaction.find_alert(alert));
  REQUIRE(found);
  CHECK(found->count == 7);
  CHECK(found->last_seen == 9);
  CHECK(found->json == "");
  CHECK(must(transaction.find_alert(alert + 1)) == std::nullopt);
  must(transaction.commit());
  CHECK(must(store->stats()).groups == 1);
}

TEST_CASE("after an error a transaction can only be rolled back") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  {
    Transaction transaction = must(store->begin());
    must(transaction.save_checkpoint("s", "1"));
    // There is no such alert.
    CHECK_FALSE(transaction.enqueue(delivery_row(77, "slack", "k", 1)).has_value());
    CHECK_FALSE(transaction.save_checkpoint("s", "2").has_value());
    CHECK_FALSE(transaction.commit().has_value());
  }
  CHECK(must(store->checkpoint("s")) == std::nullopt);
  Transaction transaction = must(store->begin());
  must(transaction.save_checkpoint("s", "3"));
  must(transaction.commit());
  CHECK_FALSE(transaction.save_checkpoint("s", "4").has_value());
  CHECK(must(store->checkpoint("s")) == "3");
}

TEST_CASE("hostile texts are only texts") {
  TemporaryFolder root;
  const auto store = open_store(options_for(root / "store"));
  const std::string hostile("'; DROP TABLE outbox; --\0\x1b[2J\xFF", 31);
  AlertRow alert = alert_row(hostile, 1);
  {
    Transaction transaction = must(store->begin());
    alert.id = must(transaction.add_alert(alert));
    must(transaction.enqueue(delivery_row(alert.id, hostile, hostile, 1)));
    must(transaction.commit());
  }
  const auto rows = must(store->due(hostile, 9, 9, {}));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].alert == alert);
  CHECK(rows[0].delivery.key == hostile);
}

}  // namespace
}  // namespace tocsin::store
