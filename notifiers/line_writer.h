// LineWriter: whole lines to a file descriptor that may block, such as a pipe that nobody reads.
#pragma once

#include <atomic>
#include <string_view>

#include "base/result.h"

namespace tocsin::notifiers {

class LineWriter {
 public:
  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}

  // Writes `lines`, which ends with a line break. Gives up after `timeout_ms` or soon after `stop`;
  // what was begun is then ended by a line break before anything else is written. Not thread-safe.
  Status write(std::string_view lines, const std::atomic<bool>& stop, int timeout_ms);

 private:
  Status write_all(std::string_view text, const std::atomic<bool>& stop, int timeout_ms);

  const int descriptor_;
  bool broken_line_ = false;
};

}  // namespace tocsin::notifiers
