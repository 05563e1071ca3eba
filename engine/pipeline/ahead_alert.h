// The alert that Tocsin raises about events that are dated ahead of their receipt: the clock of
// whoever made them is wrong, or this machine's, or somebody tries to make others' events late.
#pragma once

#include "pipeline/findings.h"

namespace tocsin::pipeline {

// Adds it to the findings of `submission` when there are such events: one firing for a submission,
// all of a source in one group.
void add_ahead_alert(const source::Submission& submission, Findings& findings);

}  // namespace tocsin::pipeline
