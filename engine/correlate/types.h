// What all of correlate/ speaks of. The semantics are in README.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string_view>

#include "base/time.h"

namespace tocsin::correlate {

// Event time: nanoseconds since 1970, UTC.
using Time = std::int64_t;
inline constexpr Time kNoTime = INT64_MIN;
// Times that can be correlated; anything else is a damaged or forged record.
inline constexpr Time kEarliest = 0;
inline constexpr Time kLatest = 7'258'118'400 * kSecond;  // 2200-01-01

// 128 bits of a hash: of a correlation's meaning, of a group, of an event.
using Key = std::array<std::uint8_t, 16>;
inline std::string_view as_text(const Key& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}
// The key of what these texts are, in this order.
Key key_of(std::initializer_list<std::string_view> texts);
// For tables: differs from process to process, so that no sender can fill one bucket.
struct KeyHasher {
  std::size_t operator()(const Key& key) const;
};

// Index of a correlation in a Correlations.
using CorrelationIndex = std::uint32_t;
// A field that correlations read, by number.
using Slot = std::uint16_t;
// Where a hit is kept by whoever runs a Correlator; evidence is found by it.
using HitRef = std::uint64_t;

}  // namespace tocsin::correlate
