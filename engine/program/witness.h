// Witness: what every event that fulfils a rule must show, so that all others can be passed over
// without trying the rule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "program/program.h"

namespace tocsin::program {

// One thing that an event may show.
struct Sign {
  enum class Kind : std::uint8_t {
    text,      // a value of the field is `text` (folded)
    literal,   // the folded text of a value contains `text`
    network,   // a value is an address in `network`
    presence,  // the field is there
    keyword,   // `text` stands somewhere in the record, in a value of any field
  };
  Kind kind;
  event::FieldRef field;
  std::string text;
  IpPrefix network;
  PredicateId proves = kNoPredicate;  // holds when the sign is shown
};

// At least one of the signs is shown; `frequency` estimates how many of 10,000 records do
// (selectivity.h). No signs: no event ever fulfils the rule.
struct Witness {
  std::vector<Sign> signs;
  double frequency = 0;
};

// The rarest witness of a condition; nullopt when it has none: a negation, an absent field or a
// keyword without a usable literal can be fulfilled by any event.
std::optional<Witness> find_witness(const Program& program, NodeId condition);

}  // namespace tocsin::program
