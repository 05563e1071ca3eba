// Cost: what a rule is likely to take on every record, for the people who write rules. Estimates
// only (selectivity.h): the order of magnitude, and what to change.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "program/program.h"

namespace tocsin::program {

struct RuleCost {
  enum class Class : std::uint8_t {
    low,     // tried on one record in a hundred or less
    medium,  // on one in ten or less
    high,    // on more
    always,  // on every record: nothing tells beforehand that it cannot be fulfilled
  };
  RuleIndex rule = 0;
  Class cost = Class::low;
  double tried = 0;              // on this share of the records, 0 to 1
  std::string waits_for;         // e.g. "eventName is `deletetrail`"; "" for always
  std::size_t alternatives = 0;  // how many such signs; one of them must show
  std::size_t predicates = 0;
  std::size_t shared = 0;           // of them, asked by other rules too
  std::vector<std::string> advice;  // sentences
};

std::string_view to_string(RuleCost::Class cost);

// Every compiled rule, the dearest first.
std::vector<RuleCost> estimate_costs(const Program& program);

}  // namespace tocsin::program
