// Explain: the condition tree of one rule over one event, with every leaf's answer. Slow on
// purpose: nothing is short-circuited.
#pragma once

#include <string>
#include <vector>

#include "event/event.h"
#include "program/program.h"

namespace tocsin::program {

struct Explained {
  Node::Kind kind = Node::Kind::any;
  bool holds = false;
  std::string selection;  // kind selection
  std::vector<Explained> children;

  // kind predicate
  std::string field;                  // "" = any scalar of the event
  std::string operation;              // "equals", "contains", "re|i", …
  std::vector<std::string> patterns;  // as the rule writes them
  bool present = false;
  std::vector<std::string> values;  // what the event has, at most kShownValues of them
  std::size_t more_values = 0;      // how many are not shown
  std::string met_value;            // the value that made it true, "" when it has none
  std::string met_pattern;
};

inline constexpr std::size_t kShownValues = 8;

// Precondition: `event` was read with program.fields().
Explained explain(const Program& program, RuleIndex rule, event::Event& event);

// One sentence that says why the rule fires or does not.
std::string closing_sentence(const Explained& root);

}  // namespace tocsin::program
