// The engine and the reference over the same rules and events.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "alert/alert_maker.h"
#include "differential/reference/event.h"
#include "differential/reference/matcher.h"
#include "event/event_reader.h"
#include "program/match.h"
#include "program/program.h"
#include "sigma/lists.h"

namespace tocsin::differential {

struct Difference {
  program::RuleIndex rule;
  bool reference;
  std::string engine;  // which of the engine's answers differs, and how
};

class Comparison {
 public:
  // Both must outlive the comparison.
  Comparison(const sigma::RuleSet& rules, const sigma::Lists& lists);

  const program::Program& program() const { return engine_.program; }

  // Evaluates every compiled rule over the event, on all ways that the engine has to do so.
  // Empty when the verdicts agree; `matched` counts the rules that match.
  std::vector<Difference> compare(std::string_view json, std::size_t& matched);

  // The same event with everything left out that the difference does not need.
  std::string shrink(const std::string& json, program::RuleIndex rule);

 private:
  // One build of the rules, with what it takes to run it.
  struct Engine {
    Engine(const sigma::RuleSet& rules, const sigma::Lists& lists,
           const program::CompileOptions& options);

    Diagnostics diagnostics;
    program::Program program;
    program::Gates gates = program.gates_of(program.all_rules());
    event::EventReader reader;
    program::Matching matching;
    event::Event event;
  };

  bool differs(const reference::Json& json, program::RuleIndex rule);
  void check_order(std::vector<Difference>& out) const;
  void check(program::RuleIndex rule, bool wanted, std::vector<Difference>& out);
  void check_alert(program::RuleIndex rule, std::vector<Difference>& out);

  const sigma::RuleSet& rules_;
  const sigma::Lists& lists_;
  Engine engine_;
  Engine plain_;  // without Hyperscan
  reference::Matcher reference_;
  std::vector<program::RuleIndex> every_rule_;
  std::vector<program::RuleIndex> gated_, plain_gated_,
      fired_;  // what the engine said of the last event
  alert::AlertMaker alerts_;
  TextBuffer line_;
};

}  // namespace tocsin::differential
