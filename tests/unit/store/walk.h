// Walk: random operations, done on a store and on the model at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "state.h"

namespace tocsin::store {

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  // Limits that are small enough to be met.
  static StoreOptions limits(StoreOptions options);

  // One operation: a transaction of several calls, or one call of the store. False: the store
  // reported an error that the model does not expect. Then `state` is what was before, and `maybe`
  // what would have been after it.
  bool step(Store& store);
  // A transaction that is under way until `then` returns; it is not committed.
  void abandon(Store& store, const std::function<void()>& then);

  // Runs the walk's own dice.
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }

  State state;
  std::optional<State> maybe;
  std::uint64_t operations = 0;          // calls of the store
  std::uint64_t commits = 0;             // that returned success
  std::vector<std::string> divergences;  // the store's answer was not the model's
  std::string error;                     // of the last step that returned false

 private:
  bool transaction(Store& store);
  // One call in a transaction. False: an error, and whether it was expected in `expected_`.
  bool call(Transaction& transaction, State& next);
  bool call_group(Transaction& transaction, State& next);
  bool call_alert(Transaction& transaction, State& next);
  bool call_hits(Transaction& transaction, State& next);
  bool call_known(Transaction& transaction, State& next);
  bool call_episode(Transaction& transaction, State& next);
  bool call_rule(Transaction& transaction, State& next);
  bool deliver(Store& store);
  bool operate(Store& store);
  bool look(Store& store);
  bool look_at_correlations(Store& store);

  // Records the difference; false when there is an error instead of an answer.
  template <class Value>
  bool same(const char* what, const Result<Value>& answer, const Value& expected) {
    ++operations;
    if (!answer) {
      error = answer.error().message;
      return false;
    }
    if (!(*answer == expected)) divergences.push_back(what);
    return true;
  }
  bool good(const Status& status);

  std::string receiver();
  std::string source();
  std::int64_t some_alert(const State& from);
  std::vector<std::int64_t> some_rows(std::size_t most);
  Milliseconds around_now(Milliseconds span);
  std::int64_t event_time();  // nanoseconds

  std::mt19937_64 random_;
  Milliseconds now_ = 1'700'000'000'000;
  std::uint64_t names_ = 0;
  bool expected_ = false;
};

}  // namespace tocsin::store
