#include "aws/event_history.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "aws/retry.h"

namespace tocsin::aws {

EventHistory::EventHistory(Session& session, std::string region, std::int64_t from, std::int64_t to,
                           const std::atomic<bool>& stop)
    : session_(session), region_(std::move(region)), from_(from), to_(to), stop_(stop) {}

Result<std::size_t> EventHistory::read(char* out, std::size_t size) {
  while (at_ == lines_.size()) {
    if (has_begun_ && token_.empty()) return std::size_t{0};
    if (has_begun_ && !wait_ms(kPauseMs, stop_)) return fail(Code::busy, "stopped");
    Outcome<EventPage> page = lookup_events(session_, region_, from_, to_, token_, stop_);
    if (!page) return tl::unexpected(to_error(page.error()));
    has_begun_ = true;
    token_ = std::move(page->next_token);
    lines_.clear();
    at_ = 0;
    for (const std::string& event : page->events) lines_.append(event).append("\n");
  }
  const std::size_t taken = std::min(size, lines_.size() - at_);
  std::memcpy(out, lines_.data() + at_, taken);
  at_ += taken;
  consumed_ += taken;
  return taken;
}

}  // namespace tocsin::aws
