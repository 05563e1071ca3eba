// Findings: what a submission came to, on its way from an evaluator to the committer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "correlate/hit.h"
#include "correlate/types.h"
#include "event/batch.h"
#include "pipeline/event_times.h"
#include "pipeline/live.h"
#include "program/match.h"
#include "source/receipt.h"
#include "store/store.h"

namespace tocsin::pipeline {

// An alert that a firing may become.
struct FoundAlert {
  std::shared_ptr<const alert::RuleFacts> rule;
  std::string id;    // 32 hexadecimal digits
  std::string json;  // alert::append_json()
  std::string account, principal;
  std::string not_to;  // a receiver that is not told
};

// One rule fulfilled by one event.
struct Firing {
  store::Key id{}, fingerprint{};
  store::Milliseconds event_time = 0;  // 0: unknown
  std::uint32_t alert = 0;             // of Findings::alerts: the first with this fingerprint
};

// What matching left out to stay within its bounds (program/work.h).
struct MatchingLimits {
  struct Rule {
    std::uint64_t events = 0;
    std::uint64_t record = 0, line = 0;  // of the first event
  };
  std::map<program::RuleIndex, Rule> unevaluated;
  std::uint64_t cut_subjects = 0;  // events of whose values a regex saw only the beginning

  void add(const program::Matching& matching, const event::Origin& origin) {
    if (matching.cut_subject()) ++cut_subjects;
    for (const program::RuleIndex rule : matching.unevaluated()) {
      Rule& known =
          unevaluated.try_emplace(rule, Rule{0, origin.record, origin.line}).first->second;
      ++known.events;
    }
  }
};

struct Findings {
  std::shared_ptr<const Live> live;
  std::string source;
  source::Place place;
  store::Milliseconds received = 0;
  std::vector<Firing> firings;
  std::vector<FoundAlert> alerts;
  // For correlations: hits (no batch is empty), those that their time kept from being one, and what
  // time the events say it is (those with hits, and a sample of the others).
  std::vector<correlate::HitBatch> hits;
  std::uint64_t hits_untimed = 0, hits_future = 0;
  EventTimes times;
  MatchingLimits limits;
  source::Receipt receipt;    // success, until the committer says otherwise
  std::string bytes;          // of the submission, as received: in case it cannot be committed
  bool about_itself = false;  // raised by Tocsin about itself

  // Nothing of it must be on disk before it is acknowledged, and no position waits for it.
  bool is_empty() const { return firings.empty() && hits.empty() && place.sequence == nullptr; }
  // It moves a clock (correlate/watermark.h).
  bool moves_clock() const { return !times.newest().empty(); }
};

// A part of findings: what one transaction takes of them.
struct Part {
  const Findings* of = nullptr;
  std::size_t firing_begin = 0, firing_end = 0;  // of Findings::firings
  std::size_t hit_begin = 0, hit_end = 0;        // of Findings::hits, counted through all batches
  std::uint32_t alert_end = 0;                   // of Findings::alerts: those of firings so far
  bool is_last = true;  // with it goes the position, and what time the events say it is
};

inline std::size_t hits_in(const Findings& findings) {
  std::size_t count = 0;
  for (const correlate::HitBatch& batch : findings.hits) count += batch.size();
  return count;
}

inline Part whole(const Findings& findings) {
  return {&findings,
          0,
          findings.firings.size(),
          0,
          hits_in(findings),
          static_cast<std::uint32_t>(findings.alerts.size()),
          true};
}

}  // namespace tocsin::pipeline
