// Correlations: the correlation documents of a rule set, compiled against its Program. Immutable,
// shared by all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alert/alert.h"
#include "base/diagnostic.h"
#include "correlate/types.h"
#include "correlate/value_form.h"
#include "program/program.h"
#include "sigma/ast.h"

namespace tocsin::correlate {

inline constexpr std::string_view kSourceField = "tocsin.source";

// Sessions are looked at as far back as so many timespans.
inline constexpr std::int64_t kSessionSpans = 24;
// A value is forgotten after so many steps of forget_step.
inline constexpr std::int64_t kForgetSteps = 256;

// What one input of a correlation is, and how the correlation reads its hits.
struct Input {
  enum class Kind : std::uint8_t {
    rule,         // `index` is of a CorrelatedRule
    correlation,  // a CorrelationIndex
    everything,   // the one input of those in watching_all()
  } kind = Kind::rule;
  std::uint32_t index = 0;
  std::uint16_t position = 0;  // in the document's `rules`
  std::vector<Slot> group_by;  // one for each field of the document's `group-by`
  std::vector<Slot> value;     // of `field`
};

// One alternative of a boolean condition: inputs, by position, ascending.
struct Alternative {
  std::vector<std::uint16_t> must, must_not;
};

enum class Decision : std::uint8_t {
  rising,    // as soon as the hits are there
  averages,  // for each hit, when the watermark has passed it
  frames,    // tiles, buckets, sessions: when the watermark has passed their end
  absence,   // for each closing hit, when nothing can come that forbids it
  novelty,   // new_value
  silence,   // silent_source
};

struct CompiledCorrelation {
  const sigma::Correlation* source = nullptr;  // in the RuleSet that the Correlations hold
  std::shared_ptr<const alert::RuleFacts> facts;
  Key key{};  // of its id and its meaning: of itself and of all its inputs, their lists too
  Decision decision = Decision::rising;
  // A rule that is listed again is no further input, but of the temporal types.
  std::vector<Input> inputs;
  std::uint16_t positions = 0;            // how many inputs the document lists
  Time timespan = 0;                      // T
  std::vector<Alternative> alternatives;  // of a boolean condition
  bool silent = false;                    // a parent without `generate: true` speaks for it
  bool has_parents = false;               // its firings are hits of others
  Time retention = 0;  // a hit at t is of no use when the watermark has passed t + retention
  // new_value
  Time learning = 0, forget = 0, forget_step = 0;
  std::uint64_t min_known = 0;
  std::vector<ValueForm> forms;  // of each of the document's fields
};

// A rule whose matches are hits.
struct CorrelatedRule {
  program::RuleIndex rule = 0;
  const sigma::Rule* source = nullptr;
  Key key{};                // of the rule's id and meaning; no two rules have the same
  std::vector<Slot> slots;  // what to read of its events, ascending
  // Who takes its hits: a correlation, and which of its inputs.
  struct Use {
    CorrelationIndex correlation = 0;
    std::uint32_t input = 0;
  };
  std::vector<Use> uses;
};

class Correlations {
 public:
  // Nothing in it.
  Correlations() = default;
  // A correlation that cannot be run is left out with a diagnostic, and those that refer to it.
  // Precondition: `program` was compiled from this very `rules`, which the result holds.
  static Correlations compile(std::shared_ptr<const sigma::RuleSet> rules,
                              const program::Program& program, Diagnostics& diagnostics);

  bool empty() const { return all_.empty(); }
  // Children before their parents.
  const std::vector<CompiledCorrelation>& all() const { return all_; }
  const CompiledCorrelation& operator[](CorrelationIndex index) const { return all_[index]; }
  // Who takes the firings of a correlation.
  const std::vector<CorrelatedRule::Use>& parents(CorrelationIndex index) const {
    return parents_[index];
  }
  const std::vector<CorrelatedRule>& rules() const { return rules_; }
  // Index into rules(), by RuleIndex; kNotCorrelated for most.
  std::uint32_t of_rule(program::RuleIndex rule) const {
    return rule < by_rule_.size() ? by_rule_[rule] : kNotCorrelated;
  }
  static constexpr std::uint32_t kNotCorrelated = UINT32_MAX;
  // Hit::rule of a hit that is a firing of a correlation, for its parents, and of one that stands
  // for all that was heard of a group in one submission (watching_all()).
  std::uint32_t firing_of(CorrelationIndex index) const {
    return static_cast<std::uint32_t>(rules_.size()) + index;
  }
  std::uint32_t heard_by(CorrelationIndex index) const {
    return static_cast<std::uint32_t>(rules_.size() + all_.size()) + index;
  }
  // Whoever finds hits (Hit::rule), as it is known after the rules have changed.
  struct Finder {
    Key key{};
    const sigma::Meta* meta = nullptr;
  };
  const std::vector<Finder>& finders() const { return finders_; }
  // Hit::rule of the finder with that key; nullopt when there is none any more.
  std::optional<std::uint32_t> finder(const Key& key) const;
  // The fields that slots stand for, dotted paths. kSourceField is the source's name.
  const std::vector<std::string>& fields() const { return fields_; }
  // nullopt when no correlation reads the field.
  std::optional<Slot> slot_of(const std::string& field) const;
  // silent_source correlations that every event counts for (those without `rules`).
  const std::vector<CorrelationIndex>& watching_all() const { return watching_all_; }
  // By id, name or title; nullopt when there is none.
  std::optional<CorrelationIndex> find(std::string_view reference) const;

 private:
  friend class Compiler;
  std::shared_ptr<const sigma::RuleSet> sources_;
  std::vector<CompiledCorrelation> all_;
  std::vector<std::vector<CorrelatedRule::Use>> parents_;
  std::vector<CorrelatedRule> rules_;
  std::vector<std::uint32_t> by_rule_;
  std::vector<Finder> finders_;
  std::unordered_map<Key, std::uint32_t, KeyHasher> by_key_;
  std::vector<std::string> fields_;
  std::unordered_map<std::string, Slot> slots_;
  std::vector<CorrelationIndex> watching_all_;
};

}  // namespace tocsin::correlate
