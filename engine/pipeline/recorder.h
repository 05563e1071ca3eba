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

class Recorder {
 public:
  // Both must outlive it.
  Recorder(store::Transaction& transaction, store::Milliseconds now)
      : transaction_(transaction), now_(now) {}

  Status add(const Findings& findings);
  // Groups whose interval has ended, at most `limit` of them: updates are told, quiet ones closed.
  // Returns how many there were.
  Result<std::size_t> end_intervals(const Live& live, std::size_t limit);
  // Writes what was gathered. Last, before commit().
  Status finish();

  const Recorded& recorded() const { return recorded_; }

 private:
  struct CachedGroup {
    std::optional<store::Group> group;
    bool changed = false;
  };

  Status add_firing(const Findings& findings, const Firing& firing);
  route::Telling count(CachedGroup& cached, const store::Key& fingerprint, store::Milliseconds time,
                       const Findings& findings);
  Result<CachedGroup*> find_group(const store::Key& fingerprint);
  Status tell(const Findings& findings, const FoundAlert& found, store::Group& group);
  Status tell_over_budget(const Findings& findings, const FoundAlert& found,
                          store::Milliseconds event_time);
  Result<bool> spend(const Live& live, const std::string& rule);
  // One row for each receiver, about what of the group has not been told.
  Status enqueue(const Live& live, const store::AlertRow& alert, const std::string& not_to,
                 const store::Group& group, store::Milliseconds received);

  store::Transaction& transaction_;
  store::Milliseconds now_;
  std::map<store::Key, CachedGroup> groups_;
  std::map<std::string, store::Budget> budgets_;
  Recorded recorded_;
};

}  // namespace tocsin::pipeline
