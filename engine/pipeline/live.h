// Live: everything that events are judged by at a moment: rules, routes, grouping. Immutable; a
// reload makes a new one and swaps it in, so that each submission sees one or the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "metrics/registry.h"
#include "pipeline/plan.h"
#include "pipeline/ruleset.h"
#include "program/cost.h"
#include "route/grouping.h"
#include "route/routes.h"

namespace tocsin::pipeline {

struct Live {
  // Counts go on where those of `before` (may be null) ended. Without `rule_labels` there are no
  // series by rule.
  Live(Ruleset loaded, const Source& source, metrics::Registry& registry, const Live* before,
       bool rule_labels);

  void count_match(program::RuleIndex rule) const {
    matches[rule].add();
    hits[rule].fetch_add(1, std::memory_order_relaxed);
  }
  const program::Program& program() const { return ruleset.program; }
  // Of the rule or correlation with this id (or title, when it has none); empty when it is not
  // loaded.
  const std::vector<std::string>& tags_of(const std::string& rule) const;
  // What each rule costs, the dearest first; made when first asked for.
  const std::vector<program::RuleCost>& costs() const;

  Ruleset ruleset;
  Plan plan;
  std::string hash;                                      // hash_of(ruleset)
  std::vector<metrics::Counter> matches;                 // by RuleIndex
  mutable std::vector<std::atomic<std::uint64_t>> hits;  // the same, without the series' limit
  route::Routes routes;
  route::GroupingOptions grouping;
  std::map<std::string, std::int64_t> expires_after_ms;       // by receiver
  std::unordered_map<std::string, program::RuleIndex> rules;  // by id, or title

 private:
  mutable std::once_flag costs_made_;
  mutable std::vector<program::RuleCost> costs_;
};

// The one in force. Thread-safe.
class LiveHolder {
 public:
  std::shared_ptr<const Live> get() const {
    const MutexLock lock(mutex_);
    return live_;
  }
  void set(std::shared_ptr<const Live> live) {
    const MutexLock lock(mutex_);
    live_.swap(live);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const Live> live_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::pipeline
