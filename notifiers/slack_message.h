// What Slack is told: one alert as a card, several as a list. Within every limit of Block Kit
// (wire formats, B3), whatever the alerts hold.
#pragma once

#include <cstddef>
#include <string>

#include "deliver/notifier.h"

namespace tocsin::notifiers::slack {

// Limits of Slack; the last one is undocumented (messages of about 13,200 were refused).
inline constexpr std::size_t kHeader = 150;
inline constexpr std::size_t kSectionText = 3000;
inline constexpr std::size_t kFields = 10;
inline constexpr std::size_t kFieldText = 2000;
inline constexpr std::size_t kContextElements = 10;
inline constexpr std::size_t kBlocks = 50;
inline constexpr std::size_t kTotal = 12'000;

// Alerts that one message can tell with all that matters of each.
inline constexpr std::size_t kDigest = 20;

// The members of the message that say something: text, blocks, attachments, and the switches that
// keep texts from being formatted and links from being unfolded. JSON, without the braces around
// it. The same for every attempt. Precondition: there is an item.
std::string message_members(const deliver::Notification& notification);

}  // namespace tocsin::notifiers::slack
