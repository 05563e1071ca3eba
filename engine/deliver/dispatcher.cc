#include "deliver/dispatcher.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <thread>

#include "base/log.h"
#include "base/mutex.h"
#include "deliver/lane.h"
#include "metrics/families.h"

namespace tocsin::deliver {
namespace {

constexpr std::chrono::milliseconds kHousekeeping{1'000};
constexpr std::size_t kExpireRows = 200;  // at a time
constexpr unsigned kExpireRounds = 20;    // before anything else is looked after
// What has expired while this was not running, or because the clock was set, gets one more chance
// before it is buried.
constexpr std::int64_t kStartGraceMs = 10'000, kJumpGraceMs = 60'000;
constexpr std::int64_t kJumpMs = 60'000;  // the clocks have parted: somebody has set one

}  // namespace

struct Dispatcher::Impl {
  using Lanes = std::map<std::string, std::shared_ptr<Lane>, std::less<>>;

  store::Store& store;
  metrics::Registry& metrics;
  const Clock& clock;
  const OnDead on_dead;

  Mutex configuring;  // one configure() or stop() at a time; before `mutex`
  mutable Mutex mutex;
  CondVar woken;
  Lanes lanes GUARDED_BY(mutex);
  std::vector<std::shared_ptr<Lane>> retired
      GUARDED_BY(mutex);  // that have not ended yet, the oldest first
  bool stopped GUARDED_BY(mutex) = false;

  std::int64_t expire_from = 0, wall = 0, steady = 0;  // of the housekeeper alone
  std::thread housekeeper;

  Impl(store::Store& s, metrics::Registry& m, const Clock& c, OnDead dead)
      : store(s), metrics(m), clock(c), on_dead(std::move(dead)) {
    wall = clock.wall_ms();
    steady = clock.steady_ms();
    expire_from = steady + kStartGraceMs;
    housekeeper = std::thread([this] { keep_house(); });
  }

  std::shared_ptr<Lane> start(Receiver receiver, std::shared_ptr<Lane> before) {
    return std::make_shared<Lane>(std::move(receiver), Lane::World{store, clock, on_dead}, metrics,
                                  std::move(before));
  }

  // The lane of that name that has not ended, nullptr when there is none.
  std::shared_ptr<Lane> retired_lane(const std::string& name) const REQUIRES(mutex) {
    for (auto lane = retired.rbegin(); lane != retired.rend(); ++lane) {
      if ((*lane)->receiver().name == name && !(*lane)->ended()) return *lane;
    }
    return nullptr;
  }

  void configure(std::vector<Receiver> receivers);
  void keep_house();
  void watch_clocks();
  bool expire();
  void reap();
};

void Dispatcher::Impl::configure(std::vector<Receiver> receivers) {
  const MutexLock one(configuring);
  Lanes before, after;
  {
    const MutexLock lock(mutex);
    if (stopped) return;
    before = lanes;
  }
  for (Receiver& receiver : receivers) {
    if (after.contains(receiver.name)) continue;  // names are unique
    const auto found = before.find(receiver.name);
    const std::string name = receiver.name;
    if (found != before.end() && found->second->receiver().fingerprint == receiver.fingerprint) {
      after.emplace(name, found->second);
      before.erase(found);
      continue;
    }
    std::shared_ptr<Lane> predecessor;
    if (found != before.end()) {
      predecessor = found->second;
      predecessor->finish();
    } else {
      const MutexLock lock(mutex);
      predecessor = retired_lane(name);
    }
    after.emplace(name, start(std::move(receiver), std::move(predecessor)));
  }
  for (const auto& [name, lane] : before) {
    lane->finish();
    if (!after.contains(name)) lane->metrics().up.hide();
  }
  {
    const MutexLock lock(mutex);
    for (const auto& [name, lane] : before) retired.push_back(lane);
    lanes = std::move(after);
  }
  reap();
}

// Lets go of lanes that have ended.
void Dispatcher::Impl::reap() {
  std::vector<std::shared_ptr<Lane>> ended;  // destroyed, which joins, without the lock
  const MutexLock lock(mutex);
  const auto first = std::stable_partition(retired.begin(), retired.end(),
                                           [](const auto& lane) { return !lane->ended(); });
  ended.assign(std::make_move_iterator(first), std::make_move_iterator(retired.end()));
  retired.erase(first, retired.end());
}

// Time that passes differently on the two clocks: the wall clock was set.
void Dispatcher::Impl::watch_clocks() {
  const std::int64_t now_wall = clock.wall_ms(), now_steady = clock.steady_ms();
  const std::int64_t jump = (now_wall - wall) - (now_steady - steady);
  wall = now_wall;
  steady = now_steady;
  if (std::abs(jump) < kJumpMs) return;
  log::warning("the clock was set; notifications expire a little later", {{"jump_ms", jump}});
  expire_from = std::max(expire_from, now_steady + kJumpGraceMs);
}

// Buries what has expired; false when there may be more.
bool Dispatcher::Impl::expire() {
  if (clock.steady_ms() < expire_from) return true;
  auto rows = store.expire(clock.wall_ms(), kExpireRows);
  if (!rows) {
    log::error("expired notifications cannot be looked for", {{"error", rows.error().message}});
    return true;
  }
  for (const store::DeliveryWithAlert& row : *rows) {
    const std::string& name = row.delivery.receiver;
    std::string type = "unknown";  // a receiver that is not configured any more
    {
      const MutexLock lock(mutex);
      if (const auto lane = lanes.find(name); lane != lanes.end()) {
        type = lane->second->receiver().type;
      }
    }
    metrics.counter(metrics::kNotifications, {name, type, "expired"}).add();
    metrics.counter(metrics::kDeadLetters, {name, "expired"}).add();
    log::error("a notification has expired and is a dead letter", {{"receiver", name},
                                                                   {"row", row.delivery.id},
                                                                   {"rule", row.alert.rule_id},
                                                                   {"reason", row.delivery.error}});
    if (on_dead) on_dead(row, row.delivery.error);
  }
  return rows->size() < kExpireRows;
}

void Dispatcher::Impl::keep_house() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  MutexLock lock(mutex);
  while (!stopped) {
    woken.wait_for(mutex, kHousekeeping, [this]() REQUIRES(mutex) { return stopped; });
    if (stopped) return;
    lock.unlock();
    watch_clocks();
    for (unsigned round = 0; round < kExpireRounds && !expire(); ++round) {
    }
    reap();
    lock.lock();
  }
}

Dispatcher::Dispatcher(store::Store& store, metrics::Registry& metrics, const Clock& clock,
                       OnDead on_dead)
    : impl_(std::make_unique<Impl>(store, metrics, clock, std::move(on_dead))) {}

Dispatcher::~Dispatcher() {
  stop();
}

void Dispatcher::configure(std::vector<Receiver> receivers) {
  impl_->configure(std::move(receivers));
}

void Dispatcher::wake() {
  const MutexLock lock(impl_->mutex);
  for (const auto& [name, lane] : impl_->lanes) lane->wake();
}

void Dispatcher::stop() {
  const MutexLock one(impl_->configuring);
  std::vector<std::shared_ptr<Lane>> all;
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopped = true;
    all = impl_->retired;
    for (const auto& [name, lane] : impl_->lanes) all.push_back(lane);
  }
  impl_->woken.notify_all();
  for (const auto& lane : all) lane->abort();
  for (const auto& lane : all) lane->join();
  if (impl_->housekeeper.joinable()) impl_->housekeeper.join();
}

std::vector<ReceiverStatus> Dispatcher::status() const {
  std::vector<ReceiverStatus> all;
  const MutexLock lock(impl_->mutex);
  for (const auto& [name, lane] : impl_->lanes) all.push_back(lane->status());
  return all;
}

}  // namespace tocsin::deliver
