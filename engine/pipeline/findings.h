// Findings: what a submission came to, on its way from an evaluator to the committer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "correlate/hit.h"
#include "correlate/types.h"
#include "pipeline/event_times.h"
#include "pipeline/live.h"
#include "source/source.h"
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

struct Findings {
  std::shared_ptr<const Live> live;
  std::string source;
  std::string position;  // "": none to keep
  store::Milliseconds received = 0;
  std::vector<Firing> firings;
  std::vector<FoundAlert> alerts;
  // For correlations: hits (no batch is empty), those that their time kept from being one, and what
  // time the events say it is (those with hits, and a sample of the others).
  std::vector<correlate::HitBatch> hits;
  std::uint64_t hits_untimed = 0, hits_future = 0;
  EventTimes times;
  source::Receipt receipt;  // success, until the committer says otherwise

  // Nothing of it must be on disk before it is acknowledged.
  bool is_empty() const { return firings.empty() && position.empty() && hits.empty(); }
  // It moves a clock (correlate/watermark.h).
  bool moves_clock() const { return !times.newest().empty(); }
};

}  // namespace tocsin::pipeline
