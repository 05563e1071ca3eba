// Clock: the seam through which threads learn the time, so that tests can set it.
#pragma once

#include <cstdint>

namespace tocsin {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970-01-01T00:00:00Z. May jump in either direction.
  virtual std::int64_t wall_ms() const = 0;
  // Milliseconds since some moment; never goes back.
  virtual std::int64_t steady_ms() const = 0;
};

// The machine's clocks.
const Clock& system_clock();

// Processor time of the calling thread in nanoseconds, never 0. A system call.
std::uint64_t thread_cpu_ns();

}  // namespace tocsin
