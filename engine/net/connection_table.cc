#include "net/connection_table.h"

#include <chrono>
#include <utility>
#include <vector>

namespace tocsin::net {
namespace {

// Evicted connections that are still closing. More: the I/O threads are behind, room is a promise.
constexpr std::size_t kMostEvicted = 64;

}  // namespace

class ConnectionTable::Slot {
 public:
  PeerKey peer;
  std::weak_ptr<Connection> connection;
  Slots* list = nullptr;  // the one that holds it
  Slots::iterator self;
};

ConnectionTable::ConnectionTable(std::size_t most, std::size_t most_per_peer)
    : most_(most), most_per_peer_(most_per_peer) {}

ConnectionTable::~ConnectionTable() = default;

void ConnectionTable::move(Slot* slot, Slots& to) {
  to.splice(to.end(), *slot->list, slot->self);
  slot->list = &to;
}

ConnectionTable::Entry ConnectionTable::add(const PeerKey& peer) {
  std::shared_ptr<Connection> evicted;
  const MutexLock lock(mutex_);
  const auto known = peers_.find(peer);
  if (known != peers_.end() && known->second >= most_per_peer_)
    return {Refused::peer_full, nullptr};
  if (idle_.size() + busy_.size() >= most_) {
    if (evicted_.size() < kMostEvicted) evicted = take_longest_idle();
    if (!evicted) return {Refused::full, nullptr};
    evicted->close_if_idle();  // only posts
  }
  Slot& slot = busy_.emplace_back();
  slot.peer = peer;
  slot.list = &busy_;
  slot.self = std::prev(busy_.end());
  ++peers_[peer];
  return {Refused::no, &slot};
}

void ConnectionTable::name(Slot* slot, std::weak_ptr<Connection> connection) {
  const MutexLock lock(mutex_);
  slot->connection = std::move(connection);
}

void ConnectionTable::set_idle(Slot* slot) {
  const MutexLock lock(mutex_);
  if (slot->list == &busy_) move(slot, idle_);
}

bool ConnectionTable::set_busy(Slot* slot) {
  const MutexLock lock(mutex_);
  if (slot->list == &evicted_) return false;
  if (slot->list == &idle_) move(slot, busy_);
  return true;
}

void ConnectionTable::remove(Slot* slot) {
  const MutexLock lock(mutex_);
  const auto peer = peers_.find(slot->peer);
  if (--peer->second == 0) peers_.erase(peer);
  slot->list->erase(slot->self);
  if (idle_.empty() && busy_.empty() && evicted_.empty()) empty_.notify_all();
}

std::shared_ptr<Connection> ConnectionTable::take_longest_idle() {
  while (!idle_.empty()) {
    Slot& slot = idle_.front();
    move(&slot, evicted_);
    if (auto connection = slot.connection.lock()) return connection;
  }
  return nullptr;
}

void ConnectionTable::close_longest_idle() {
  std::shared_ptr<Connection> evicted;
  {
    const MutexLock lock(mutex_);
    evicted = take_longest_idle();
  }
  if (evicted) evicted->close_if_idle();
}

void ConnectionTable::close_all_idle() {
  std::vector<std::shared_ptr<Connection>> all;
  {
    const MutexLock lock(mutex_);
    while (auto connection = take_longest_idle()) all.push_back(std::move(connection));
  }
  for (const auto& connection : all) connection->close_if_idle();
}

bool ConnectionTable::wait_until_empty(std::int64_t timeout_ms) {
  const MutexLock lock(mutex_);
  return empty_.wait_for(mutex_, std::chrono::milliseconds(timeout_ms), [this]() REQUIRES(mutex_) {
    return idle_.empty() && busy_.empty() && evicted_.empty();
  });
}

std::size_t ConnectionTable::size() const {
  const MutexLock lock(mutex_);
  return idle_.size() + busy_.size() + evicted_.size();
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::all() const {
  std::vector<std::shared_ptr<Connection>> found;
  const MutexLock lock(mutex_);
  for (const Slots* slots : {&idle_, &busy_, &evicted_}) {
    for (const Slot& slot : *slots) {
      if (auto connection = slot.connection.lock()) found.push_back(std::move(connection));
    }
  }
  return found;
}

}  // namespace tocsin::net
