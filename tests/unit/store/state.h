// State: all that a store holds, as plain data: what the model computes, and what a database file
// says when it is read past the store.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "store/store.h"

namespace tocsin::store {

struct State {
  std::map<std::int64_t, AlertRow> alerts;
  std::map<std::int64_t, Delivery> outbox;
  std::map<Key, Group> groups;
  std::map<std::string, Budget> budgets;
  std::map<std::string, std::string> checkpoints;
  std::set<std::pair<Milliseconds, Key>> seen[2];
  unsigned current = 0;
  Milliseconds began = 0;
  std::int64_t last_alert = 0, last_delivery = 0;  // ids given
  std::map<std::int64_t, std::int64_t> merged;     // alerts, into which others
  std::map<std::int64_t, std::pair<Milliseconds, std::string>> hits;
  std::map<Key, Known> known;
  std::map<Key, Episode> episodes;
  std::map<Key, CorrelationRule> rules;
  CorrelationClock clock;

  bool operator==(const State&) const = default;
};

// "" when they are the same, otherwise the first difference.
std::string difference(const State& expected, const State& found);

// Reads a database, with SQLite's integrity check and the store's own invariants. A problem is
// told in `problem`. Uses `vfs` ("": the real file system).
State read_state(const std::string& database, const std::string& vfs, std::string& problem);

}  // namespace tocsin::store
