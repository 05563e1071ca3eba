// Timelines: tests of rules over time. Events arrive, the clock goes on, and what has been raised
// in the end is compared with what was to be.
#pragma once

#include <string>

#include "cli/command.h"
#include "sigma/rule_test.h"

namespace tocsin::cli {

// "" when the test passes, otherwise why it does not.
std::string run_timeline(const Ruleset& ruleset, const sigma::RuleTestFile& file,
                         const sigma::RuleTestCase& test);

}  // namespace tocsin::cli
