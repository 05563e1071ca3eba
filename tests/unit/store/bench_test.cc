// Measurements; not run by default: test_store "[.bench]".
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>

#include "environment.h"
#include "support.h"

namespace tocsin::store {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double cpu_microseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

// Microseconds of `work`, `times` times: of the processor on average; by the clock the median and
// the slowest.
template <class Work>
void measure(const std::string& what, int times, std::uint64_t per_time, Work&& work) {
  std::vector<double> taken;
  const double cpu_before = cpu_microseconds();
  for (int i = 0; i < times; ++i) {
    const auto start = Clock::now();
    work(i);
    taken.push_back(microseconds(Clock::now() - start) / static_cast<double>(per_time));
  }
  const double cpu = (cpu_microseconds() - cpu_before) / times / static_cast<double>(per_time);
  std::sort(taken.begin(), taken.end());
  fmt::print("{:<48} {:>8.2f} µs CPU; clock {:>8.2f} median, {:>8.2f} slowest\n", what, cpu,
             taken[taken.size() / 2], taken.back());
}

TEST_CASE("speed of firings", "[.bench]") {
  TemporaryFolder root(fs::temp_directory_path());
  const auto store = open_store(options_for(root / "store"));
  constexpr std::uint64_t kBatch = 1000;
  std::uint64_t number = 0;
  measure("remember + find_group, 1000 in a commit", 1000, kBatch, [&](int) {
    Transaction transaction = must(store->begin());
    for (std::uint64_t i = 0; i < kBatch; ++i, ++number) {
      const auto time = static_cast<Milliseconds>(number / 40);
      must(transaction.remember(key_of(number), time, time));
      must(transaction.find_group(key_of(number % 5000)));
    }
    must(transaction.commit());
  });
  measure("remember of what is known, 1000 in a commit", 100, kBatch, [&](int) {
    Transaction transaction = must(store->begin());
    for (std::uint64_t i = 0; i < kBatch; ++i) {
      number = number * 6364136223846793005u + 1442695040888963407u;
      const std::uint64_t known = number % 1'000'000;
      must(transaction.remember(key_of(known), static_cast<Milliseconds>(known / 40), 1));
    }
    must(transaction.commit());
  });
  measure("one firing in a commit", 1000, 1, [&](int i) {
    Transaction transaction = must(store->begin());
    must(transaction.remember(key_of(static_cast<std::uint64_t>(i)), 1 << 30, 1));
    must(transaction.commit());
  });
}

TEST_CASE("speed of forgetting five million firings", "[.bench]") {
  TemporaryFolder root(fs::temp_directory_path());
  StoreOptions options = options_for(root / "store");
  options.seams.synchronous = "OFF";
  const auto store = open_store(options);
  std::uint64_t number = 0;
  measure("remember, 50 000 in a commit, 10 million in all", 201, 50'000, [&](int) {
    Transaction transaction = must(store->begin());
    for (int i = 0; i < 50'000; ++i, ++number) {
      must(transaction.remember(key_of(number), static_cast<Milliseconds>(number / 40), 1));
    }
    must(transaction.commit());
  });
  fmt::print("database: {} MiB for {} firings, {} evicted\n", must(store->stats()).bytes >> 20,
             must(store->stats()).seen, must(store->stats()).seen_evicted);
}

TEST_CASE("speed of the outbox with 100,000 rows", "[.bench]") {
  TemporaryFolder root(fs::temp_directory_path());
  const auto store = open_store(options_for(root / "store"));
  const std::vector<std::string> receivers = {"slack", "pager", "hook", "mail"};
  int number = 0;
  measure("add_alert (1.5 kB) + 4 enqueue, 100 in a commit", 250, 100, [&](int) {
    Transaction transaction = must(store->begin());
    for (int i = 0; i < 100; ++i, ++number) {
      AlertRow alert = alert_row("a" + std::to_string(number), number);
      alert.json = std::string(1500, 'x');
      const std::int64_t id = must(transaction.add_alert(alert));
      for (const std::string& receiver : receivers) {
        Delivery delivery = delivery_row(id, receiver, std::to_string(number) + receiver, number);
        delivery.severity = number % 5;
        // Half of them wait for their next attempt.
        if (number % 2 == 0) delivery.due = 1'000'000'000 + number;
        must(transaction.enqueue(delivery));
      }
    }
    must(transaction.commit());
  });
  measure("due, 8 rows with their alerts", 2000, 1, [&](int i) {
    must(store->due(receivers[static_cast<std::size_t>(i) % 4], 100'000, 8, {}));
  });
  measure("due, none is", 2000, 1,
          [&](int i) { must(store->due(receivers[static_cast<std::size_t>(i) % 4], -1, 8, {})); });
  measure("next_due", 2000, 1, [&](int i) {
    must(store->next_due(receivers[static_cast<std::size_t>(i) % 4], {1, 2, 3}));
  });
  measure("counts", 500, 1, [&](int) { must(store->counts()); });
  measure("stats", 500, 1, [&](int) { must(store->stats()); });
  measure("alerts, a rare account", 20, 1, [&](int) {
    AlertFilter filter;
    filter.account = "none";
    must(store->alerts(filter));
  });
  measure("prune, nothing to do", 500, 1, [&](int) { must(store->prune(1)); });
  measure("postpone one", 500, 1, [&](int i) { must(store->postpone({i + 1}, 5, "503")); });
  measure("delivered one", 500, 1, [&](int i) { must(store->delivered({i + 1})); });
  measure("an alert in a commit of its own", 500, 1,
          [&](int i) { add(*store, "one" + std::to_string(i), receivers, 1); });
}

std::uint64_t resident_bytes() {
  std::ifstream status("/proc/self/statm");
  std::uint64_t pages = 0, resident = 0;
  status >> pages >> resident;
  return resident * 4096;
}

// TOCSIN_KNOWN: how many; each commit brings 10,000 new ones and uses 10,000 of the old, in the
// order of their keys, as the service does it.
TEST_CASE("speed and size of ten million known values", "[.bench]") {
  TemporaryFolder root(fs::temp_directory_path());
  StoreOptions options = options_for(root / "store");
  options.max_bytes = std::uint64_t{8} << 30;
  options.seams.synchronous = "OFF";
  const auto store = open_store(options);
  const std::uint64_t wanted = from_environment("TOCSIN_KNOWN", 10'000'000);
  constexpr std::uint64_t kBatch = 10'000;
  constexpr std::int64_t kSecond = 1'000'000'000, kThen = 1'700'000'000 * kSecond;
  std::uint64_t number = 0, random = 1;
  const auto time = [&] { return kThen + static_cast<std::int64_t>(number / 10) * kSecond; };
  std::vector<Key> keys(kBatch);
  const auto in_order = [&](auto&& next) {
    for (Key& key : keys) key = next();
    std::sort(keys.begin(), keys.end());
  };
  measure("find + save of a new value", static_cast<int>(wanted / kBatch), kBatch, [&](int) {
    Transaction transaction = must(store->begin());
    in_order([&] { return key_of(number++); });
    for (const Key& key : keys) {
      must(transaction.find_known(key));
      must(transaction.save_known(key, {time(), time(), 1}));
    }
    must(transaction.commit());
  });
  const auto old = [&] {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return key_of((random >> 20) % wanted);
  };
  measure("find + save of an old value", 50, kBatch, [&](int) {
    Transaction transaction = must(store->begin());
    in_order(old);
    for (const Key& key : keys) {
      Known known = *must(transaction.find_known(key));
      known.last = time();
      ++known.count;
      must(transaction.save_known(key, known));
    }
    must(transaction.commit());
  });
  measure("find of an old value, in no order", 50, kBatch, [&](int) {
    Transaction transaction = must(store->begin());
    for (std::uint64_t i = 0; i < kBatch; ++i) must(transaction.find_known(old()));
  });
  const std::uint64_t bytes = fs::file_size(root / "store/tocsin.db");
  fmt::print("database: {} MB for {} values, {:.1f} bytes each; log {} MB; process {} MiB\n",
             bytes / 1'000'000, must(store->stats()).known,
             static_cast<double>(bytes) / static_cast<double>(wanted),
             fs::file_size(root / "store/tocsin.db-wal") / 1'000'000, resident_bytes() >> 20);
}

}  // namespace
}  // namespace tocsin::store
