// Correlation documents as the reference correlator reads them: references resolved by looking
// through all documents, aliases and boolean conditions written out. It shares the parser with the
// engine and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sigma/ast.h"

namespace tocsin::reference {

using Time = std::int64_t;  // nanoseconds since 1970

// A rule or a correlation of a rule set.
struct Target {
  enum class Kind { none, rule, correlation };
  Kind kind = Kind::none;
  std::size_t index = 0;
  auto operator<=>(const Target&) const = default;
};

struct Description {
  std::size_t document = 0;     // index into RuleSet::correlations
  std::vector<Target> targets;  // by position in `rules`
  // What a field is called in the events of a target, where it is called otherwise.
  std::map<std::pair<Target, std::string>, std::string> aliases;

  using Type = sigma::Correlation::Type;
  using Window = sigma::Correlation::Window;
  Type type = Type::event_count;
  Window window = Window::sliding;
  std::vector<std::string> group_by, fields;
  Time timespan = 0;
  std::vector<sigma::Correlation::Bound> bounds;
  double percentile = 50;

  // Of a boolean condition: positions that must and must not have a hit.
  struct Alternative {
    std::set<std::size_t> must, must_not;
  };
  bool is_boolean = false;
  std::vector<Alternative> alternatives;

  Time learning = 0, forget = 0;
  std::uint64_t min_known = 0;
  std::set<std::string> ignore_versions;
  std::map<std::string, sigma::Correlation::Network> networks;  // by field

  // More hits can only make it true.
  bool is_rising() const;
  bool is_average() const;
};

// All correlations, children before their parents. Precondition: the set is linked.
std::vector<Description> describe(const sigma::RuleSet& rules);

// What a reference means: by id, then by name, then by title; the first document of several.
Target resolve(const sigma::RuleSet& rules, const std::string& reference);

}  // namespace tocsin::reference
