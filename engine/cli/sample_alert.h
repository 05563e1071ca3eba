// An alert to try receivers with. It says of itself that it is a test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "alert/alert.h"
#include "program/program.h"

namespace tocsin::cli {

// About AWS's documented CreateComputeEnvironment record, as if it happened at `now_ms`. Its rule
// is `rule` of `program`, whether the record fulfils it or not, or else one that is made up.
alert::Alert sample_alert(std::int64_t now_ms);
alert::Alert sample_alert(std::int64_t now_ms, const program::Program& program,
                          program::RuleIndex rule);

}  // namespace tocsin::cli
