// Which parts of a rule set are Tocsin's own and not Sigma's.
#pragma once

#include "base/diagnostic.h"
#include "sigma/ast.h"

namespace tocsin::cli {

// Adds a note for each use of an extension: facts (`tocsin.*`), `cidr` together with `expand`,
// correlation types and windows of our own, parts of the 2.2 draft.
void report_extensions(const sigma::RuleSet& rules, Diagnostics& diagnostics);

}  // namespace tocsin::cli
