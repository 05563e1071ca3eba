// The alert that Tocsin raises about a rule that was not evaluated for an event, because that would
// have taken too long (program/work.h): whoever sent the event may hide in it from that rule.
#pragma once

#include "pipeline/findings.h"

namespace tocsin::pipeline {

// Adds one firing for a submission and rule; all of a source and rule are one group.
void add_unevaluated_alerts(const source::Submission& submission, Findings& findings);

}  // namespace tocsin::pipeline
