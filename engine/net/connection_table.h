// ConnectionTable: the open connections of a server, and who may open more. Thread-safe.
//
// A connection that waits for its next request is idle. When there are as many connections as
// allowed, the one that has been idle the longest makes room for a new one, so that peers that
// merely hold connections open lock nobody out.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.h"

namespace tocsin::net {

// Whose connections are counted together: an IPv4 address, or the /64 network of an IPv6 address
// (a host is given a whole one).
struct PeerKey {
  std::array<std::uint8_t, 16> bytes{};
  friend auto operator<=>(const PeerKey&, const PeerKey&) = default;
};

class Connection {
 public:
  virtual ~Connection() = default;
  // From any thread. The connection is closed if it waits for a request.
  virtual void close_if_idle() = 0;
  // When no thread serves it any more.
  virtual void close_now() = 0;
};

class ConnectionTable {
 public:
  ConnectionTable(std::size_t most, std::size_t most_per_peer);
  ~ConnectionTable();

  class Slot;
  enum class Refused : std::uint8_t { no, full, peer_full };

  // A place for a connection from `peer`, or why there is none. The connection is busy at first.
  struct Entry {
    Refused refused = Refused::no;
    Slot* slot = nullptr;
  };
  Entry add(const PeerKey& peer);
  // Who is asked to close when its place is needed.
  void name(Slot* slot, std::weak_ptr<Connection> connection);
  void set_idle(Slot* slot);
  // False: it has been asked to close in the meantime, and must.
  bool set_busy(Slot* slot);
  void remove(Slot* slot);

  // Makes room, when something is idle: for when the process has no more descriptors.
  void close_longest_idle();
  void close_all_idle();
  // Whether all were gone before `timeout_ms`.
  bool wait_until_empty(std::int64_t timeout_ms);
  std::size_t size() const;
  std::vector<std::shared_ptr<Connection>> all() const;

 private:
  using Slots = std::list<Slot>;
  std::shared_ptr<Connection> take_longest_idle() REQUIRES(mutex_);
  void move(Slot* slot, Slots& to) REQUIRES(mutex_);

  const std::size_t most_;
  const std::size_t most_per_peer_;
  mutable Mutex mutex_;
  CondVar empty_;
  Slots idle_ GUARDED_BY(mutex_);  // the longest first
  Slots busy_ GUARDED_BY(mutex_);
  Slots evicted_ GUARDED_BY(mutex_);  // asked to close; no longer counted
  std::map<PeerKey, std::size_t> peers_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::net
