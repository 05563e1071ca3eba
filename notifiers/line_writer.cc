#include "line_writer.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace tocsin::notifiers {
namespace {

constexpr int kPollMs = 50;  // how late `stop` may be seen

}  // namespace

Status LineWriter::write_all(std::string_view text, const std::atomic<bool>& stop, int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!text.empty()) {
    pollfd wait{descriptor_, POLLOUT, 0};
    const int ready = ::poll(&wait, 1, kPollMs);
    if (stop) return fail(Code::busy, "stopped before all was written");
    if (ready < 0 && errno != EINTR) return fail(Code::io, std::strerror(errno));
    if (ready <= 0) {
      if (Clock::now() < deadline) continue;
      return fail(Code::io, "nobody reads the standard output");
    }
    // A pipe that is ready takes so much without blocking.
    const ssize_t written =
        ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return fail(Code::io, std::strerror(errno));
    }
    broken_line_ = text[static_cast<std::size_t>(written) - 1] != '\n';
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status LineWriter::write(std::string_view lines, const std::atomic<bool>& stop, int timeout_ms) {
  if (broken_line_) {
    if (Status status = write_all("\n", stop, timeout_ms); !status) return status;
  }
  return write_all(lines, stop, timeout_ms);
}

}  // namespace tocsin::notifiers
