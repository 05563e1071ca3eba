// An alert about many events, in Slack. Texts are escaped and within bounds of their own.
#pragma once

#include <string>
#include <vector>

#include "alert/correlation.h"

namespace tocsin::notifiers::slack {

// What was measured, of which group, when: fields of a card.
std::vector<std::string> correlation_fields(const alert::CorrelationFacts& facts);
// The first and the last of the events, one a line.
std::string correlation_events(const alert::CorrelationFacts& facts);
// "20 events of `principal = …`", at most `limit` units; for a list of alerts.
std::string correlation_entry(const alert::CorrelationFacts& facts, std::size_t limit);

}  // namespace tocsin::notifiers::slack
