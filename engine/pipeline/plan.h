// Plan: which rules the events of a run are for, and what is read of the events. Made once when the
// rules are loaded, then shared read-only by all threads.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/field_set.h"
#include "program/gate.h"
#include "program/program.h"

namespace tocsin::pipeline {

// Which rules an event is given to.
enum class LogsourcePolicy : std::uint8_t {
  by_shape,  // CloudTrail records: rules for aws/cloudtrail; anything else: every rule
  ignore,    // every rule
  declared,  // rules that accept Source::declared
};

struct Source {
  LogsourcePolicy policy = LogsourcePolicy::by_shape;
  program::LogsourceDeclaration declared;
};

// "auto" (by shape), "any" (every rule), or what is declared, like
// "product=aws,service=cloudtrail". nullopt for a spelling that is none of them.
std::optional<Source> parse_source(std::string_view text);

class Plan {
 public:
  // The Program must outlive it. `reads_time`: program::kTimeField is read of every event.
  Plan(const program::Program& program, const Source& source, bool reads_time = false);

  // Of program::kTimeField, when it is read of every event; otherwise kNoField.
  event::FieldRef time() const { return time_; }
  // By program::Reading.
  const std::vector<event::FieldSet>& phases() const { return phases_; }
  // The event is not for the rules of gates(), but for those of other_gates().
  bool is_other(const event::Event& event) const { return by_shape_ && !event.is_cloudtrail(); }
  const program::Gates& gates() const { return gates_; }
  // Made when they are first asked for, by whatever thread: a stream of CloudTrail never does.
  const program::Gates& other_gates() const;

 private:
  const program::Program& program_;
  bool by_shape_;
  event::FieldRef time_;
  program::Gates gates_;
  std::vector<event::FieldSet> phases_;
  mutable std::once_flag other_made_;
  mutable program::Gates other_;
};

}  // namespace tocsin::pipeline
