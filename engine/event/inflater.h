// Inflater: the text of gzip members, from any slices of them to any slices of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace tocsin::event {

class Inflater {
 public:
  enum class State : std::uint8_t { inside, ended };

  virtual ~Inflater() = default;

  // The next byte is the first of a member.
  virtual void start() = 0;

  // Inflates from `in` to `out`, which both lose what was used at their front. `ended`: the
  // member's text is complete and its checksum right. An error comes after the text that stands
  // before the damage, and is final for the member.
  virtual Result<State> inflate(std::string_view& in, std::span<char>& out) = 0;

  // inflate() has text to give without more input.
  virtual bool pending() const { return false; }
};

std::unique_ptr<Inflater> zlib_inflater();

// The same text and the same verdicts as zlib's, more than twice as fast where ISA-L is at hand.
// Where the data is damaged it may say so some bytes earlier or later, and in other words; where
// it is cut off, the last two bytes before the cut may be missing.
std::unique_ptr<Inflater> fast_inflater();

}  // namespace tocsin::event
