#include "deliver/dispatcher.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "deliver/backoff.h"
#include "unit/deliver/support.h"

namespace tocsin::deliver {
namespace {

struct Dead {
  std::string key, reason;
};

// A dispatcher over an outbox, with a clock that stands still.
struct Bench {
  FakeClock clock;
  Outbox outbox{clock};
  metrics::Registry metrics;
  std::mutex mutex;
  std::vector<Dead> dead;
  std::unique_ptr<Dispatcher> dispatcher;

  Bench() { start(); }

  void start() {
    dispatcher = std::make_unique<Dispatcher>(
        outbox.store(), metrics, clock,
        [this](const store::DeliveryWithAlert& row, const std::string& reason) {
          const std::lock_guard<std::mutex> lock(mutex);
          dead.push_back({row.delivery.key, reason});
        });
  }
  void restart() {
    dispatcher.reset();
    outbox.reopen();
    start();
  }
  void advance(std::int64_t ms) {
    clock.advance(ms);
    dispatcher->wake();
  }
  std::vector<Dead> dead_letters() {
    const std::lock_guard<std::mutex> lock(mutex);
    return dead;
  }
  ReceiverStatus status(const std::string& name) {
    for (const ReceiverStatus& status : dispatcher->status()) {
      if (status.name == name) return status;
    }
    return {};
  }
  bool has_metric(const std::string& line) {
    return metrics.text().find(line + "\n") != std::string::npos;
  }
};

std::vector<std::string> keys(const std::vector<Message>& messages) {
  std::vector<std::string> keys;
  for (const Message& message : messages) keys.push_back(message.key);
  return keys;
}

// The promise: everything that was put into the outbox was taken, and nothing else.
std::string broken_promise(const std::set<std::string>& put, const FakeNotifier& notifier) {
  std::string problems;
  const auto taken = notifier.taken();
  for (const std::string& key : put) {
    if (!taken.contains(key)) problems += "lost " + key + "; ";
  }
  for (const auto& [key, times] : taken) {
    if (!put.contains(key)) problems += "invented " + key + "; ";
  }
  return problems;
}

TEST_CASE("a notification is delivered once, the most severe first") {
  Bench bench;
  std::vector<std::string> expected(5);
  for (const int severity : {1, 3, 0, 4, 2}) {
    expected[static_cast<std::size_t>(4 - severity)] = bench.outbox.add("a", severity);
  }
  bench.outbox.add("b");
  const auto notifier = std::make_shared<FakeNotifier>();
  bench.dispatcher->configure({receiver("a", notifier)});
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(keys(notifier->messages()) == expected);
  for (const Message& message : notifier->messages()) {
    CHECK(message.attempt == 1);
    CHECK(message.items == std::vector{message.key});
  }
  // What comes later is told when the dispatcher is woken.
  const std::string late = bench.outbox.add("a");
  bench.dispatcher->wake();
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(notifier->messages().back().key == late);
  CHECK(notifier->count() == 6);

  CHECK(bench.outbox.pending("b") == 1);  // whose receiver is not configured
  CHECK(bench.status("a").state == "ok");
  CHECK(bench.status("a").last_delivered_ms == bench.clock.wall_ms());
  CHECK(bench.has_metric(
      R"(tocsin_notifications_total{receiver="a",result="delivered",type="fake"} 6)"));
  CHECK(bench.has_metric(R"(tocsin_alert_latency_seconds_count{receiver="a"} 6)"));
  CHECK(bench.has_metric(R"(tocsin_receiver_up{receiver="a"} 1)"));
}

TEST_CASE("a receiver that hangs delays no other") {
  Bench bench;
  Gate gate;
  const auto blocked = std::make_shared<FakeNotifier>(), free = std::make_shared<FakeNotifier>();
  blocked->answer(
      [&](const Notification&, Channel& channel) { return gate.wait(channel.stop, yes()); });
  bench.outbox.add_many("blocked", 20);
  bench.outbox.add_many("free", 50);
  bench.dispatcher->configure(
      {receiver("blocked", blocked, {1, 3, 0, 1}), receiver("free", free, {1, 2, 0, 1})});
  REQUIRE(eventually([&] { return bench.outbox.pending("free") == 0; }));
  CHECK(blocked->begun() == 3);  // as many as may be on their way at once
  CHECK(bench.outbox.pending("blocked") == 20);
  gate.open();
  REQUIRE(eventually([&] { return bench.outbox.pending("blocked") == 0; }));
  for (const auto& [key, times] : blocked->taken()) CHECK(times == 1);
  CHECK(blocked->taken().size() == 20);
}

TEST_CASE("beyond the rate, alerts are told together and none is lost") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  bench.outbox.add_many("a", 2);
  bench.dispatcher->configure({receiver("a", notifier, {10, 2, 1, 3})});
  // As long as there are tokens, one by one.
  REQUIRE(eventually([&] { return notifier->count() == 2; }));
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  for (const Message& message : notifier->messages()) CHECK(message.items.size() == 1);

  bench.outbox.add_many("a", 25);  // one token is left
  bench.dispatcher->wake();
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 15; }));
  settle();
  CHECK(notifier->count() == 3);
  bench.advance(999);
  settle();
  CHECK(notifier->count() == 3);
  bench.advance(1);
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 5; }));
  bench.advance(1'000);
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  std::vector<std::size_t> sizes;
  std::set<std::string> message_keys;
  for (const Message& message : notifier->messages()) {
    sizes.push_back(message.items.size());
    message_keys.insert(message.key);
    CHECK(message.key.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz") ==
          std::string::npos);
  }
  CHECK(sizes == std::vector<std::size_t>{1, 1, 10, 10, 5});
  CHECK(message_keys.size() == 5);
  CHECK(notifier->taken().size() == 27);
  for (const auto& [key, times] : notifier->taken()) CHECK(times == 1);
}

TEST_CASE("a critical alert shares no message with lesser ones") {
  const std::size_t criticals = GENERATE(as<std::size_t>{}, 1, 3, 5);
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  bench.outbox.add_many("a", 4);
  std::set<std::string> urgent;
  for (std::size_t i = 0; i < criticals; ++i) urgent.insert(bench.outbox.add("a", 4));
  bench.dispatcher->configure({receiver("a", notifier, {10, 1, 1, 1})});
  for (int i = 0; i < 10 && bench.outbox.pending("a") != 0; ++i) {
    settle();
    bench.advance(1'000);
  }
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  std::vector<std::size_t> sizes;
  std::size_t seen = 0;
  for (const Message& message : notifier->messages()) {
    sizes.push_back(message.items.size());
    const auto count = static_cast<std::size_t>(
        std::count_if(message.items.begin(), message.items.end(),
                      [&](const std::string& key) { return urgent.contains(key); }));
    CHECK((count == 0 || count == message.items.size()));
    CHECK((count > 0) == (seen < criticals));  // before all others
    seen += count;
  }
  std::vector<std::size_t> wanted(criticals, 1);
  if (criticals > 3) wanted = {criticals};
  wanted.push_back(4);
  CHECK(sizes == wanted);
}

TEST_CASE("what was told together is told together again, under the same key") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  std::atomic<bool> works{false};
  notifier->answer([&](const Notification&, Channel&) { return works ? yes() : later(); });
  bench.outbox.add_many("a", 4);
  bench.dispatcher->configure({receiver("a", notifier, {10, 1, 1, 1})});
  REQUIRE(eventually([&] { return notifier->count() == 1; }));
  const Message first = notifier->messages().front();
  CHECK(first.items.size() == 4);

  // More severe alerts come and go by themselves; those four stay together.
  bench.outbox.add("a", 4);
  bench.outbox.add("a", 4);
  works = true;
  for (int i = 0; i < 20; ++i) {
    bench.advance(1'000);
    settle();
  }
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  unsigned again = 0;
  for (const Message& message : notifier->messages()) {
    const std::set<std::string> items(message.items.begin(), message.items.end());
    if (!items.contains(first.items.front())) {
      CHECK_FALSE(items.contains(first.items.back()));
      continue;
    }
    ++again;
    CHECK(message.key == first.key);
    CHECK(message.items == first.items);
    CHECK(message.attempt == again);
  }
  CHECK(again == 2);
  CHECK(notifier->taken().size() == 6);
}

TEST_CASE("a dead letter is not sent again with the digest it was part of") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  notifier->answer([](const Notification&, Channel&) { return later(); });
  bench.outbox.add_many("a", 4);
  bench.dispatcher->configure({receiver("a", notifier, {10, 1, 1, 1})});
  REQUIRE(eventually([&] { return bench.outbox.attempts("a") == 4; }));

  const std::int64_t end = bench.clock.wall_ms() + 3'600'000;
  const auto rows = bench.outbox.store().due("a", end, 10, {});
  REQUIRE(rows);
  REQUIRE(rows->size() == 4);
  REQUIRE(bench.outbox.store().bury({rows->back().delivery.id}, "an operator buried it"));
  notifier->answer(nullptr);
  for (int i = 0; i < 20 && bench.outbox.pending("a") != 0; ++i) {
    bench.advance(1'000);
    settle();
  }
  CHECK(bench.outbox.pending("a") == 0);
  CHECK(notifier->taken().size() == 3);
  CHECK_FALSE(notifier->taken().contains(rows->back().delivery.key));
  CHECK(bench.outbox.dead("a") == 1);
}

TEST_CASE("one alert that is rejected does not take others with it") {
  const std::size_t good = GENERATE(as<std::size_t>{}, 1, 2, 4);
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  bench.outbox.add_many("a", good / 2);
  const std::string bad = bench.outbox.add("a");
  bench.outbox.add_many("a", good - good / 2);
  notifier->answer([&](const Notification& notification, Channel&) {
    for (const Item& item : notification.items) {
      if (item.key == bad) return no();
    }
    return yes();
  });
  bench.dispatcher->configure({receiver("a", notifier, {10, 1, 1, 1})});
  REQUIRE(eventually([&] { return notifier->count() == 1; }));
  for (std::size_t i = 0; i <= good; ++i) {
    REQUIRE(eventually([&] { return notifier->count() == 1 + i; }));
    settle();
    bench.advance(1'000);
  }
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(notifier->taken().size() == good);
  REQUIRE(bench.dead_letters().size() == 1);
  CHECK(bench.dead_letters().front().key == bad);
  CHECK(bench.dead_letters().front().reason == "HTTP 400: no");
  CHECK(bench.outbox.dead("a") == 1);
  CHECK(bench.status("a").state == "ok");  // it works; what it was told was wrong
  CHECK(bench.has_metric(R"(tocsin_dead_letters_total{reason="rejected",receiver="a"} 1)"));
}

TEST_CASE("a failed attempt is repeated, with the same key, after its pause") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  std::atomic<unsigned> failures{3};
  notifier->answer([&](const Notification&, Channel&) {
    if (failures == 0) return yes();
    --failures;
    return later();
  });
  const std::string key = bench.outbox.add("a");
  bench.dispatcher->configure({receiver("a", notifier)});
  for (std::size_t attempt = 1; attempt <= 3; ++attempt) {
    REQUIRE(eventually([&] { return bench.outbox.attempts("a") == attempt; }));
    const auto row = bench.outbox.store().list("a", false, 1).value().at(0).delivery;
    CHECK(row.error == "HTTP 503");
    const std::int64_t pause = row.due - bench.clock.wall_ms();
    CHECK(pause >= 250);
    CHECK(pause <= 10'000 << (attempt - 1));
    CHECK(bench.status("a").state == "retrying");
    bench.advance(pause - 1);
    settle();
    CHECK(notifier->count() == attempt);
    bench.advance(1);
  }
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(keys(notifier->messages()) == std::vector<std::string>(4, key));
  CHECK(notifier->messages().back().attempt == 4);
  CHECK(bench.status("a").state == "ok");
  CHECK(bench.has_metric(R"(tocsin_notification_retries_total{receiver="a"} 3)"));
}

TEST_CASE("Retry-After is honoured, by the row to the hour and by the receiver to the minute") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  const std::string first = bench.outbox.add("a", 4), second = bench.outbox.add("a", 3);
  notifier->answer([&](const Notification& notification, Channel&) {
    return notification.key == first && notification.attempt == 1 ? later(120'000) : yes();
  });
  bench.dispatcher->configure({receiver("a", notifier)});
  REQUIRE(eventually([&] { return bench.outbox.attempts("a") == 1; }));
  bench.advance(59'999);
  settle();
  CHECK(notifier->count() == 1);
  bench.advance(1);
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 1; }));
  CHECK(notifier->count() == 2);
  CHECK(notifier->messages().back().key == second);
  bench.advance(59'999);
  settle();
  CHECK(notifier->count() == 2);
  bench.advance(1);
  REQUIRE(eventually([&] { return notifier->count() == 3; }));
  CHECK(notifier->messages().back().key == first);
}

TEST_CASE("a receiver that fails again and again is only probed until it works") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  std::atomic<bool> works{false};
  notifier->answer([&](const Notification&, Channel&) { return works ? yes() : later(); });
  bench.outbox.add_many("a", 30);
  bench.dispatcher->configure({receiver("a", notifier)});
  REQUIRE(eventually([&] { return bench.status("a").state == "broken"; }));
  settle();
  CHECK(notifier->count() == kBreakAfter);
  CHECK(bench.has_metric(R"(tocsin_receiver_up{receiver="a"} 0)"));
  CHECK(bench.status("a").last_error == "HTTP 503");

  std::size_t attempts = kBreakAfter;
  for (const std::int64_t pause : {1'000, 2'000, 4'000, 8'000}) {
    bench.advance(pause - 1);
    settle();
    CHECK(notifier->count() == attempts);
    bench.advance(1);
    REQUIRE(eventually([&] { return bench.outbox.attempts("a") == attempts + 1; }));
    settle();
    CHECK(notifier->count() == ++attempts);
  }
  works = true;
  bench.advance(16'000);
  REQUIRE(eventually([&] { return bench.status("a").state == "ok"; }));
  bench.advance(kLongestPauseMs);
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(notifier->taken().size() == 30);
  CHECK(bench.has_metric(R"(tocsin_receiver_up{receiver="a"} 1)"));
}

TEST_CASE("what is not delivered in time is a dead letter, whoever it is for") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  notifier->answer([](const Notification&, Channel&) { return later(3'600'000); });
  const std::string expiring = bench.outbox.add("a", 2, 60'000);
  const std::string orphan = bench.outbox.add("nobody", 2, 60'000);
  bench.outbox.add("a", 2, 90'000'000);
  bench.dispatcher->configure({receiver("a", notifier)});
  REQUIRE(eventually([&] { return bench.outbox.attempts("a") == 1; }));
  bench.advance(61'000);
  REQUIRE(eventually([&] { return bench.dead_letters().size() == 2; }));
  std::set<std::string> dead;
  for (const Dead& letter : bench.dead_letters()) {
    dead.insert(letter.key);
    CHECK_THAT(letter.reason, Catch::Contains("expired"));
  }
  CHECK(dead == std::set<std::string>{expiring, orphan});
  CHECK(bench.outbox.pending("a") == 1);
  CHECK(bench.has_metric(R"(tocsin_dead_letters_total{reason="expired",receiver="nobody"} 1)"));
  CHECK(bench.has_metric(
      R"(tocsin_notifications_total{receiver="nobody",result="expired",type="unknown"} 1)"));
  CHECK_FALSE(bench.has_metric(R"(tocsin_receiver_up{receiver="nobody"} 0)"));
}

TEST_CASE("a receiver that is gone is left alone until it is configured anew") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  notifier->answer([](const Notification&, Channel&) { return gone(); });
  const std::string first = bench.outbox.add("a", 4);
  bench.outbox.add_many("a", 3);
  bench.dispatcher->configure({receiver("a", notifier)});
  REQUIRE(eventually([&] { return bench.dead_letters().size() == 1; }));
  CHECK(bench.dead_letters().front().key == first);
  CHECK(bench.status("a").state == "gone");
  bench.advance(7'200'000);
  settle();
  notifier->answer({});
  bench.dispatcher->configure({receiver("a", notifier)});  // says the same as before
  bench.advance(7'200'000);
  settle();
  CHECK(notifier->count() == 1);
  CHECK(bench.outbox.pending("a") == 3);
  CHECK(bench.has_metric(R"(tocsin_receiver_up{receiver="a"} 0)"));

  bench.dispatcher->configure({receiver("a", notifier, {}, "2")});
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(bench.status("a").state == "ok");
}

TEST_CASE("a changed receiver finishes first; nothing is lost or sent twice") {
  Bench bench;
  Gate gate;
  const auto before = std::make_shared<FakeNotifier>(), after = std::make_shared<FakeNotifier>();
  before->answer(
      [&](const Notification&, Channel& channel) { return gate.wait(channel.stop, yes()); });
  bench.outbox.add_many("a", 10);
  bench.dispatcher->configure({receiver("a", before, {1, 2, 0, 1}, "1")});
  REQUIRE(eventually([&] { return before->begun() == 2; }));

  // Read again without a change, changed, taken away and put back, changed: none of it waits.
  bench.dispatcher->configure({receiver("a", before, {1, 2, 0, 1}, "1")});
  bench.dispatcher->configure({receiver("a", after, {1, 2, 0, 1}, "2")});
  bench.dispatcher->configure({});
  CHECK(bench.dispatcher->status().empty());
  CHECK_FALSE(bench.has_metric(R"(tocsin_receiver_up{receiver="a"} 1)"));
  bench.dispatcher->configure({receiver("a", after, {1, 2, 0, 1}, "3")});
  settle();
  CHECK(before->begun() == 2);
  CHECK(after->begun() == 0);
  gate.open();
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(before->count() == 2);
  CHECK(after->count() == 8);
  std::map<std::string, unsigned> taken = before->taken();
  for (const auto& [key, times] : after->taken()) taken[key] += times;
  CHECK(taken.size() == 10);
  for (const auto& [key, times] : taken) CHECK(times == 1);
  CHECK(bench.has_metric(R"(tocsin_receiver_up{receiver="a"} 1)"));
}

TEST_CASE("stopping interrupts what is on its way, which the next run tries again") {
  Bench bench;
  Gate gate;
  const auto notifier = std::make_shared<FakeNotifier>();
  notifier->answer(
      [&](const Notification&, Channel& channel) { return gate.wait(channel.stop, yes()); });
  bench.outbox.add_many("a", 5);
  bench.dispatcher->configure({receiver("a", notifier, {1, 2, 0, 1})});
  REQUIRE(eventually([&] { return notifier->begun() == 2; }));
  const auto start = std::chrono::steady_clock::now();
  bench.dispatcher->stop();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  bench.dispatcher->stop();  // again: nothing
  bench.dispatcher->configure({receiver("a", notifier)});
  CHECK(bench.outbox.pending("a") == 5);
  const auto rows = bench.outbox.store().list("a", false, 10).value();
  for (const auto& row : rows) {
    CHECK(row.delivery.attempts == 0);  // it did not fail
  }
  gate.open();
  bench.restart();
  bench.dispatcher->configure({receiver("a", notifier)});
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(notifier->taken().size() == 5);
}

TEST_CASE("an alert that cannot be read is a dead letter and holds nothing up") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  bench.outbox.add_unreadable("a");
  bench.outbox.add_many("a", 2);
  bench.outbox.add_unreadable("a");
  bench.dispatcher->configure({receiver("a", notifier, {10, 1, 0, 1})});
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(notifier->taken().size() == 2);
  REQUIRE(eventually([&] { return bench.dead_letters().size() == 2; }));
  CHECK_THAT(bench.dead_letters()[0].reason, Catch::Contains("cannot be read"));
  CHECK(bench.has_metric(R"(tocsin_dead_letters_total{reason="unreadable",receiver="a"} 2)"));
}

TEST_CASE("rows that were postponed under a clock that was ahead do not wait for it") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  bench.outbox.add("a");
  bench.clock.jump(10LL * 365 * 24 * 3600 * 1000);
  const std::string ahead = bench.outbox.add("a");
  bench.clock.jump(-10LL * 365 * 24 * 3600 * 1000);
  bench.dispatcher->configure({receiver("a", notifier)});
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(notifier->taken().contains(ahead));
}

TEST_CASE("a row waits for its due time for as long as a receiver may ask for, and no longer") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  const auto add_due_in = [&](std::int64_t ms) {
    bench.clock.jump(ms);
    const std::string key = bench.outbox.add("a");
    bench.clock.jump(-ms);
    return key;
  };
  SECTION("longer: it was postponed under a clock that was ahead") {
    const std::string key = add_due_in(kLongestRetryAfterMs + 61'000);
    bench.dispatcher->configure({receiver("a", notifier)});
    REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
    CHECK(notifier->taken().contains(key));
  }
  SECTION("as long: it waits") {
    add_due_in(kLongestRetryAfterMs);
    bench.dispatcher->configure({receiver("a", notifier)});
    for (int i = 0; i < 5; ++i) {
      settle();
      bench.advance(1'000);
    }
    CHECK(notifier->begun() == 0);
    bench.advance(kLongestRetryAfterMs);
    REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  }
}

TEST_CASE("a clock that is set forward gives every notification one more chance") {
  Bench bench;
  const auto notifier = std::make_shared<FakeNotifier>();
  Gate gate;
  notifier->answer(
      [&](const Notification&, Channel& channel) { return gate.wait(channel.stop, yes()); });
  bench.outbox.add_many("a", 20);
  bench.dispatcher->configure({receiver("a", notifier)});
  REQUIRE(eventually([&] { return notifier->begun() == 1; }));
  bench.clock.advance(20'000);  // expiry is on
  bench.clock.jump(10LL * 365 * 24 * 3600 * 1000);
  // The housekeeper looks once a second, by its own clock.
  std::this_thread::sleep_for(std::chrono::milliseconds(1'500));
  gate.open();
  REQUIRE(eventually([&] { return bench.outbox.pending("a") == 0; }));
  CHECK(bench.dead_letters().empty());
  CHECK(notifier->taken().size() == 20);
}

// Receivers that fail in every way, restarts in between, and the promise at the end.
void run_hostile(std::uint32_t seed, bool forget, std::string& problems) {
  Bench bench;
  std::mt19937 random(seed);
  std::mutex mutex;
  const auto notifier = std::make_shared<FakeNotifier>();
  std::set<std::string> put;
  std::atomic<bool> calm{false};
  notifier->answer([&](const Notification& notification, Channel& channel) {
    unsigned dice = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      dice = random() % 8;
    }
    if (calm || dice < 3) return yes();
    if (dice == 3) return later(1'000 * (notification.attempt % 5));
    if (dice == 4) {  // takes it, and the answer is lost
      while (!channel.stop && !calm) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return later();
    }
    return later();
  });
  const auto pick = [&](unsigned most) {
    const std::lock_guard<std::mutex> lock(mutex);
    return static_cast<unsigned>(random() % most);
  };
  for (int round = 0; round < 6; ++round) {
    bench.dispatcher->configure(
        {receiver("a", notifier, {1 + pick(5), 1 + pick(4), 5, 2}, std::to_string(pick(3)))});
    for (unsigned i = pick(12); i > 0; --i) put.insert(bench.outbox.add("a", int(pick(5))));
    for (int i = 0; i < 4; ++i) {
      bench.advance(1'000 * (1 + pick(20)));
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    if (pick(3) == 0) bench.restart();
  }
  if (forget) {  // what a dispatcher that loses rows would look like
    const auto rows = bench.outbox.store().list("a", false, 1).value();
    if (!rows.empty()) CHECK(bench.outbox.store().drop({rows[0].delivery.id}));
    put.insert("x");
  }
  calm = true;
  bench.dispatcher->configure({receiver("a", notifier, {3, 2, 0, 1}, "calm")});
  REQUIRE(eventually([&] {
    bench.advance(60'000);
    settle();
    return bench.outbox.pending("a") == 0;
  }));
  CHECK(bench.dead_letters().empty());
  problems = broken_promise(put, *notifier);
}

TEST_CASE("every alert reaches its receiver at least once, over failures and restarts") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    std::string problems;
    run_hostile(seed, false, problems);
    CHECK(problems.empty());
  }
}

TEST_CASE("negative control: a lost alert would be noticed") {
  std::string problems;
  run_hostile(1, true, problems);
  CHECK_THAT(problems, Catch::Contains("lost"));
}

}  // namespace
}  // namespace tocsin::deliver
