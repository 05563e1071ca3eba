#include "source/submit.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/log.h"

namespace tocsin::source {
namespace {

constexpr std::int64_t kFirstPauseMs = 100;
constexpr std::int64_t kLongestPauseMs = 30'000;

}  // namespace

bool submit_surely(Intake& intake, const Submission& submission, const std::stop_token& stop) {
  for (std::int64_t wait = kFirstPauseMs;; wait = std::min(2 * wait, kLongestPauseMs)) {
    const Receipt receipt = intake.submit_and_wait(submission, stop);
    if (receipt.status) return true;
    if (stop.stop_requested()) return false;
    if (receipt.status.error().code != Code::busy) {
      log::error("events of a source could not be taken; trying again",
                 {{"source", submission.source},
                  {"error", receipt.status.error().message},
                  {"after_ms", wait}});
    }
    if (!pause(wait, stop)) return false;
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
