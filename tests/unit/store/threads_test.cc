// One writer, several receivers' threads and people, all at once.
#include <atomic>
#include <set>
#include <thread>

#include "store/fair_mutex.h"
#include "support.h"

namespace tocsin::store {
namespace {

TEST_CASE("threads share a store, and every row is delivered once") {
  constexpr int kRounds = 150;
  const std::vector<std::string> receivers = {"slack", "pager"};
  TemporaryFolder root;
  StoreOptions options = options_for(root / "store");
  options.seams.synchronous = "OFF";
  options.seams.checkpoint_pages = 20;
  const auto store = open_store(options);
  std::atomic<bool> written{false};
  std::atomic<int> problems{0};
  std::vector<std::thread> threads;

  threads.emplace_back([&] {
    for (int round = 0; round < kRounds; ++round) {
      Result<Transaction> transaction = store->begin();
      if (!transaction) {
        ++problems;
        continue;
      }
      const std::string name = std::to_string(round);
      const auto firing = key_of(static_cast<std::uint64_t>(round));
      if (!transaction->remember(firing, round, round)) ++problems;
      const Result<std::int64_t> id = transaction->add_alert(alert_row(name, round));
      for (const std::string& receiver : receivers) {
        if (!id || !transaction->enqueue(delivery_row(*id, receiver, name + receiver, round))) {
          ++problems;
        }
      }
      if (!transaction->commit()) ++problems;
    }
    written = true;
  });
  std::vector<std::vector<std::int64_t>> delivered(receivers.size());
  for (std::size_t i = 0; i < receivers.size(); ++i) {
    threads.emplace_back([&, i] {
      for (;;) {
        const bool last = written;
        const auto rows = store->due(receivers[i], 1'000'000, 4, {});
        if (!rows) ++problems;
        if (!rows || (rows->empty() && last)) return;
        for (const DeliveryWithAlert& row : *rows) {
          if (row.delivery.receiver != receivers[i] || row.alert.json.empty()) ++problems;
          if (row.delivery.id % 7 == 0 && row.delivery.attempts == 0) {
            if (!store->postpone({row.delivery.id}, 5, "again")) ++problems;
            continue;
          }
          if (!store->delivered({row.delivery.id})) ++problems;
          delivered[i].push_back(row.delivery.id);
        }
        if (!store->next_due(receivers[i], {})) ++problems;
      }
    });
  }
  threads.emplace_back([&] {
    while (!written) {
      if (!store->counts() || !store->stats() || !store->alerts({}) || !store->prune(10) ||
          !store->list("", false, 20) || store->failed()) {
        ++problems;
      }
    }
  });
  for (std::thread& thread : threads) thread.join();

  CHECK(problems == 0);
  std::set<std::int64_t> all;
  for (const auto& ids : delivered) all.insert(ids.begin(), ids.end());
  CHECK(all.size() == kRounds * receivers.size());
  CHECK(delivered[0].size() + delivered[1].size() == all.size());
  CHECK(must(store->counts()).empty());
  CHECK(must(store->stats()).alerts == kRounds);
}

TEST_CASE("a thread that always wants the writer's lock does not keep others from it") {
  FairMutex mutex;
  std::atomic<bool> end{false};
  std::atomic<bool> running{false};
  std::thread greedy([&] {
    while (!end) {
      const std::lock_guard lock(mutex);
      running = true;
    }
  });
  while (!running) std::this_thread::yield();
  int turns = 0;
  for (; turns < 1000; ++turns) const std::lock_guard lock(mutex);
  end = true;
  greedy.join();
  CHECK(turns == 1000);
}

}  // namespace
}  // namespace tocsin::store
