// Handing over bytes that must not be lost, by a source that can wait.
#pragma once

#include <stop_token>
#include <string>

#include "source/source.h"

namespace tocsin::source {

// Submits until it succeeds or `stop`; false: stopped, and nothing is promised. A failure that is
// not Code::busy is logged, and tried again after a pause that grows to half a minute.
bool submit_surely(Intake& intake, const Submission& submission, const std::stop_token& stop);

// Waits; false: stopped.
bool pause(std::int64_t milliseconds, const std::stop_token& stop);

}  // namespace tocsin::source
