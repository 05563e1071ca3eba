// Recorder: what findings mean for people, written into one transaction: which firings are new,
// which of them are told now and to whom, and which are counted in a group (route/grouping.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "pipeline/findings.h"
#include "route/grouping.h"
#include "store/store.h"

namespace tocsin::pipeline {

// What was decided; to be counted once it is on disk.
struct Recorded {
  std::map<std::string, std::uint64_t> alerts;  // by level
  std::uint64_t duplicates = 0;                 // firings that were seen before
  std::uint64_t grouped = 0;                    // told later, as a number
  std::uint64_t over_budget = 0;
  std::uint64_t deliveries = 0;  // outbox rows
};

// What alerts come from.
struct Origin {
  const Live& live;
  const std::string& source;
  store::Milliseconds received = 0;
  // What becomes of a full outbox. Refusing a submission leaves its events with their sender;
  // refusing what time itself raises would relieve nothing.
  store::Transaction::AtLimit at_limit = store::Transaction::AtLimit::refuse;
};

// An alert that is told of for as long as it goes on: an episode of a correlation. Its group has no
// other alert; when it was closed in between, the next change opens it again.
struct OngoingAlert {
  store::Key key{};      // of the group
  std::int64_t row = 0;  // AlertRow::id; 0: a new alert
  FoundAlert found;
  std::uint64_t count = 0;  // firings in all; never falls
  store::Milliseconds first_seen = 0, last_seen = 0;
};

// Its id, or its title when it has none.
const std::string& name_of(const alert::RuleFacts& rule);

class Recorder {
 public:
  // Both must outlive it.
  Recorder(store::Transaction& transaction, store::Milliseconds now)
      : transaction_(transaction), now_(now) {}

  Status add(const Findings& findings) { return add(whole(findings)); }
  // Code::busy when the outbox has no room for its notifications.
  Status add(const Part& part);
  // A new alert, or what has become of it; told at once, or when the group's interval ends. Returns
  // its row; 0: the rule's budget is spent, and the alert is only counted.
  Result<std::int64_t> add(const Origin& origin, const OngoingAlert& alert);
  // The alert of group `key` is part of another one now: nothing more is told of it.
  Status merge(const store::Key& key, std::int64_t row, std::int64_t into);
  // Groups whose interval has ended, at most `limit` of them: updates are told, quiet ones closed.
  // Returns how many there were. None as long as the outbox is full: counts go on meanwhile.
  Result<std::size_t> end_intervals(const Live& live, std::size_t limit);
  // Writes what was gathered. Last, before commit().
  Status finish();

  const Recorded& recorded() const { return recorded_; }

 private:
  struct CachedGroup {
    std::optional<store::Group> group;
    bool changed = false;
  };

  Status add_firing(const Origin& origin, const FoundAlert& found, const Firing& firing);
  route::Telling count(CachedGroup& cached, const store::Key& fingerprint, store::Milliseconds time,
                       const Live& live);
  Result<CachedGroup*> find_group(const store::Key& fingerprint);
  Status tell(const Origin& origin, const FoundAlert& found, store::Group& group);
  Status tell_over_budget(const Origin& origin, const FoundAlert& found,
                          store::Milliseconds event_time);
  Status tell_again(const Origin& origin, const OngoingAlert& alert, const store::Group& group,
                    bool now);
  Result<bool> spend(const Live& live, const std::string& rule);
  // One row for each receiver, about what of the group has not been told.
  Status enqueue(const Origin& origin, const store::AlertRow& alert, const std::string& not_to,
                 const store::Group& group);

  store::Transaction& transaction_;
  store::Milliseconds now_;
  std::map<store::Key, CachedGroup> groups_;
  std::map<std::string, store::Budget> budgets_;
  Recorded recorded_;
};

}  // namespace tocsin::pipeline
