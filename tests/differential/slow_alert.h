// Alerts made the slow and obvious way, for comparison: evidence out of the tree of explain(), keys
// and JSON byte by byte, every text a copy.
#pragma once

#include <cstdint>
#include <string>

#include "event/batch.h"
#include "program/evidence.h"
#include "program/explain.h"

namespace tocsin::differential {

// Precondition: the rule matches the event.
program::MatchDetails slow_match_details(const program::Program& program, program::RuleIndex rule,
                                         event::Event& event);

// The JSON of the alert; `event` was read with the program's fields.
std::string slow_alert_json(const program::Program& program, program::RuleIndex rule,
                            event::Event& event, const event::Origin& origin,
                            std::int64_t detected_at);

}  // namespace tocsin::differential
