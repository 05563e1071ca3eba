#include "base/clock.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#ifdef TOCSIN_SABOTAGE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#endif

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

#ifdef TOCSIN_SABOTAGE

// The tests' build only: a clock that a test moves while the process runs, so that a week takes
// minutes. The environment variable TOCSIN_CLOCK names a file of two signed 64-bit numbers: how
// many milliseconds the wall clock and the steady clock are ahead of the machine's. Whoever writes
// the file never lets the second number fall.
class MovedClock final : public Clock {
 public:
  explicit MovedClock(const char* path) : ahead_(map(path)) {}

  std::int64_t wall_ms() const override { return machine_.wall_ms() + ahead_[0].load(); }
  std::int64_t steady_ms() const override { return machine_.steady_ms() + ahead_[1].load(); }

 private:
  using Milliseconds = std::atomic<std::int64_t>;

  // A test that asked for a clock must not run without it.
  static const Milliseconds* map(const char* path) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) std::abort();
    void* const mapped = ::mmap(nullptr, 2 * sizeof(Milliseconds), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    if (mapped == MAP_FAILED) std::abort();
    return static_cast<const Milliseconds*>(mapped);
  }

  const SystemClock machine_;
  const Milliseconds* const ahead_;
};

// Null: the environment names no file.
const Clock* moved_clock() {
  static const char* const path = std::getenv("TOCSIN_CLOCK");
  if (path == nullptr) return nullptr;
  static const MovedClock clock(path);
  return &clock;
}

#endif

}  // namespace

const Clock& system_clock() {
#ifdef TOCSIN_SABOTAGE
  if (const Clock* const moved = moved_clock()) return *moved;
#endif
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
