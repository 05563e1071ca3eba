// Handing over bytes that must not be lost, by a source that can wait.
#pragma once

#include <stop_token>
#include <string>

#include "source/source.h"

namespace tocsin::source {

// Submits until it succeeds or `stop`. A refusal is tried again after a pause that grows to half a
// minute, and logged unless it is Code::busy. Code::busy: stopped. Any other error: the pipeline
// did not give the submission back, so that the source has to resume() from its last position.
Status submit_surely(Intake& intake, Submission submission, const std::stop_token& stop);

// Waits; false: stopped.
bool pause(std::int64_t milliseconds, const std::stop_token& stop);

}  // namespace tocsin::source
