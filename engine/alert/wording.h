// Wording: the parts of an alert as people read them. All text is printable (text::printable) and
// cut, whoever wrote it; what markup it needs is the business of whoever shows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"

namespace tocsin::alert {

// `text`, printable, at most `code_points` long; a cut is shown by "…". The work is bounded by
// `code_points`, whatever the length of `text`.
std::string shown(std::string_view text, std::size_t code_points);
// The first `bytes` bytes of UTF-8, without half a code point; a cut is shown by "…", which counts.
std::string cut_bytes(std::string text, std::size_t bytes);

// "assumed role", "IAM user", …; never empty.
std::string_view identity_words(std::string_view identity_kind);
// "public address", "AWS service", …; "" when there is nothing to say.
std::string_view address_words(std::string_view source_ip_kind);
// The shortest name by which people know who acted: "alice@example.com", "Admin/ci-run", "bob",
// "root of 111122223333"; "" when the event names nobody.
std::string actor_words(const EventFacts<std::string>& facts);
// "compute environment web, image ami-1"; "" when there are none.
std::string resource_words(const std::vector<Resource>& resources, std::size_t code_points);
// "batch:CreateComputeEnvironment"; "" when the event names no call.
std::string call(const Alert& alert);
std::string call(std::string_view event_source, std::string_view event_name);
// "45 s", "3 min", "2 h 5 min", "4 d 1 h"; of a negative span, "0 s".
std::string span_words(std::int64_t milliseconds);

}  // namespace tocsin::alert
