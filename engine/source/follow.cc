#include <algorithm>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "source/follower.h"
#include "source/source.h"
#include "source/submit.h"

namespace tocsin::source {
namespace {

// Looking at many files may take so large a part of the time: one in so many.
constexpr std::int64_t kRestShare = 10;
constexpr std::int64_t kRestorePauseMs = 1000;

class Follow final : public Source {
 public:
  explicit Follow(FollowOptions options) : options_(std::move(options)) {}

  Status run(Intake& intake, std::stop_token stop) override {
    const Clock& clock = system_clock();
    Follower follower(options_, intake, clock);
    for (;;) {
      const Status restored = follower.restore();
      if (restored) break;
      log::error("the position of a source cannot be read; trying again",
                 {{"source", options_.name}, {"error", restored.error().message}});
      if (!pause(kRestorePauseMs, stop)) return {};
    }
    while (!stop.stop_requested()) {
      const std::int64_t begin = clock.steady_ms();
      if (follower.pass(stop)) continue;
      const std::int64_t spent = clock.steady_ms() - begin;
      pause(std::max(options_.poll_ms, kRestShare * std::min<std::int64_t>(spent, 1000)), stop);
    }
    return {};
  }

 private:
  const FollowOptions options_;
};

}  // namespace

std::unique_ptr<Source> make_follow(FollowOptions options) {
  return std::make_unique<Follow>(std::move(options));
}

}  // namespace tocsin::source
