// What an alert about many events says to people: as in wording.h, printable and cut, without
// markup.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/correlation.h"

namespace tocsin::alert {

// "principal", "region", …; of a field without a name for people, its path.
std::string field_words(std::string_view field);
// "principal = arn:…, region = us-east-1"; "" of a correlation without groups.
std::string pairs_words(const std::vector<std::pair<std::string, std::string>>& pairs,
                        std::size_t code_points);
// "20", "0.5".
std::string number_words(double number);
// "20 events", "7 different values of region", "nothing for 1 h", …
std::string measure_words(const CorrelationFacts& facts);
// Who acted: the person, if the event says so, otherwise the principal.
std::string actor_or_principal(const CorrelatedEvent& event);
// "arn:…", when all of the events are by the same; otherwise "".
std::string only_principal(const CorrelationFacts& facts);

// "s3:GetObject (AccessDenied)".
std::string call_words(const CorrelatedEvent& event);
// The same with who and from where; not when.
std::string event_words(const CorrelatedEvent& event);
// Of the events to show, at most `first` from the beginning and `last` from the end; between them
// one that is null when some are left out.
std::vector<const CorrelatedEvent*> shown_events(const CorrelationFacts& facts, std::size_t first,
                                                 std::size_t last);

// One sentence; as alert::summary().
std::string correlation_summary(const CorrelationFacts& facts, std::size_t bytes);

}  // namespace tocsin::alert
