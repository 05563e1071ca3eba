#include "base/clock.h"

#include <chrono>

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

}  // namespace tocsin
