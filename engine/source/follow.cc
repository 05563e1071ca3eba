// Source `file`: a file that grows, a folder of log files, or a glob (follower.h).
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/log.h"
#include "config/settings.h"
#include "source/follower.h"
#include "source/source.h"
#include "source/submit.h"

namespace tocsin::source {
namespace {

// Looking at many files may take so large a part of the time: one in so many.
constexpr std::int64_t kRestShare = 10;
constexpr std::int64_t kRestorePauseMs = 1000;
constexpr std::int64_t kLeastPollMs = 10, kLongestPollMs = 3'600'000;

class Follow final : public Source {
 public:
  explicit Follow(FollowOptions options) : options_(std::move(options)) {}

  Status run(Host& host, std::stop_token stop) override {
    Follower follower(options_, host.intake, host.clock);
    for (;;) {
      const Status restored = follower.restore();
      if (restored) break;
      log::error("the position of a source cannot be read; trying again",
                 {{"source", options_.name}, {"error", restored.error().message}});
      if (!pause(kRestorePauseMs, stop)) return {};
    }
    while (!stop.stop_requested()) {
      const std::int64_t begin = host.clock.steady_ms();
      const Result<bool> more = follower.pass(stop);
      if (!more) return tl::unexpected(more.error());
      if (*more) continue;
      const std::int64_t spent = host.clock.steady_ms() - begin;
      pause(std::max(options_.poll_ms, kRestShare * std::min<std::int64_t>(spent, 1000)), stop);
    }
    return {};
  }

 private:
  const FollowOptions options_;
};

std::unique_ptr<Source> make(const std::string& name, config::Settings& settings) {
  FollowOptions options;
  options.name = name;
  options.path = settings.path("path");
  if (!settings.has("path")) {
    settings.report(
        Severity::error, "C904", settings.at("path"),
        fmt::format("{} is missing its `path`: a file, a folder or a glob", settings.what()));
  }
  options.from_end = settings.choice("from", {"start", "end"}, "start") == "end";
  options.poll_ms = settings.duration_ms("poll", options.poll_ms, kLeastPollMs, kLongestPollMs);
  if (options.path.empty()) return nullptr;
  return std::make_unique<Follow>(std::move(options));
}

}  // namespace

SourceEntry entry_follow() {
  return {"file", "a file that grows, a folder of log files, or a glob", false, make};
}

}  // namespace tocsin::source
