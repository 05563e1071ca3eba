// What a correlation makes of events: the episodes that it found, and the windows that are open at
// the end.
#pragma once

#include <string>

#include "cli/command.h"

namespace tocsin::cli {

// Reads all events of `input` (a file, a folder, - or inline JSON) and prints. Returns an exit
// code: kOk when the correlation raised something, kFinding when not.
int explain_correlation(const Ruleset& ruleset, correlate::CorrelationIndex index,
                        const std::string& input, bool as_json);

}  // namespace tocsin::cli
