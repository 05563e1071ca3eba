#include "source/submit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace tocsin::source {
namespace {

constexpr std::int64_t kFirstPauseMs = 100;
constexpr std::int64_t kLongestPauseMs = 30'000;

}  // namespace

Status submit_surely(Intake& intake, Submission submission, const std::stop_token& stop) {
  for (std::int64_t wait = kFirstPauseMs;; wait = std::min(2 * wait, kLongestPauseMs)) {
    Receipt receipt = intake.submit_and_wait(std::move(submission), stop);
    if (receipt.status) return {};
    const Error& error = receipt.status.error();
    if (stop.stop_requested()) return fail(Code::busy, "stopped");
    if (!receipt.returned) {
      return fail(Code::io,
                  fmt::format("a submission was lost in the pipeline: {}", error.message));
    }
    submission = *std::move(receipt.returned);
    if (error.code != Code::busy) {
      log::error("events of a source could not be taken; trying again",
                 {{"source", submission.source}, {"error", error.message}, {"after_ms", wait}});
    }
    if (!pause(wait, stop)) return fail(Code::busy, "stopped");
  }
}

bool pause(std::int64_t milliseconds, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, std::chrono::milliseconds(milliseconds), [] { return false; });
  return !stop.stop_requested();
}

}  // namespace tocsin::source
