// The quick look at one line that decides whether it needs the framer's careful reading.
#pragma once

#include <string_view>

namespace tocsin::event {

// `line` is one object whose brackets balance exactly at its last byte, and none of its members
// is an array under a container's key (is_container_key) or under one with an escape, which may be
// such a key. The grammar is not checked.
// Precondition: no line break inside.
bool is_plain_object(std::string_view line);

// Records, records, logEvents. `key` is unescaped.
bool is_container_key(std::string_view key);

// The key of the member whose value begins at text[at], without quotes and as it is spelled; ""
// when none stands before it.
std::string_view key_before(std::string_view text, std::size_t at);

}  // namespace tocsin::event
