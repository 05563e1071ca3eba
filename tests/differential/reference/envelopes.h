// Which events a text holds, found the obvious way: every JSON value becomes a tree, and what is in
// an envelope is read again as a text of its own. For text without damage; shares no code with
// event/framer.h and event/envelope.h, whose promises it states.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::reference {

struct Holdings {
  std::vector<std::string> events;  // compact JSON, in order
  std::size_t rejected = 0;         // elements and payloads that are no events
  std::size_t control = 0;          // messages of transports about themselves
};

// Objects and arrays one after the other, commas and blanks between them.
Holdings holdings(std::string_view text);

}  // namespace tocsin::reference
