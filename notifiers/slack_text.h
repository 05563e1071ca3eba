// Texts for Slack. What comes from events or rules can neither mention, link nor format: `&`, `<`
// and `>` are escaped, control and bidirectional characters are shown as escapes, and in mrkdwn a
// value stands in a code span, in which backticks are replaced.
//
// Lengths are counted in UTF-16 units, the longest of the ways in which Slack may count; of a text
// that is escaped, entities included. Texts are cut by code points and whole entities.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::notifiers::slack {

std::size_t length(std::string_view text);

// `&`, `<` and `>` as entities.
std::string escape(std::string_view text);
// An escaped text of at most `limit` units; a cut is shown by "…".
std::string fit(std::string escaped, std::size_t limit);

// For plain_text objects. "" for an empty text, which no text object may have.
std::string plain(std::string_view text, std::size_t limit);
// A code span for mrkdwn, its two backticks counted; of an empty text, "—".
std::string code(std::string_view text, std::size_t limit);
// A link to `url`, which stands in a rule; "" when it is not http or https or cannot be a link.
std::string link(std::string_view url, std::string_view label);
// A link with the place of the page as its label.
std::string link(std::string_view url);
// A time in the reader's zone; the time itself as a code span when it cannot be read.
std::string date(std::string_view rfc3339);

}  // namespace tocsin::notifiers::slack
