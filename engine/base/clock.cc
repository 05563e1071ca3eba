#include "base/clock.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace tocsin {
namespace {

class SystemClock final : public Clock {
 public:
  std::int64_t wall_ms() const override {
    return milliseconds(std::chrono::system_clock::now().time_since_epoch());
  }
  std::int64_t steady_ms() const override {
    return milliseconds(std::chrono::steady_clock::now().time_since_epoch());
  }

 private:
  template <class Duration>
  static std::int64_t milliseconds(Duration since) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::uint64_t thread_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  const auto ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
                  static_cast<std::uint64_t>(now.tv_nsec);
  return std::max<std::uint64_t>(ns, 1);
}

}  // namespace tocsin
